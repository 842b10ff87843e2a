import { frontendKeyOf } from '../domain/keys.js';
import type { Connections, DestinationEntry } from '../domain/table.js';
import type { DirectorDriver } from '../driver/director-driver.js';

/**
 * The destinations with these keys, with their connections now; those that the kernel does not have are left out. Rejects
 * with KernelUnavailableError.
 */
export async function readDestinations(
  { driver }: { readonly driver: DirectorDriver },
  keys: readonly string[],
): Promise<Map<string, DestinationEntry>> {
  if (keys.length === 0) return new Map();
  const table = await driver.readServices(new Set(keys.map(frontendKeyOf)), { stats: true });
  return new Map(
    keys.flatMap((key) => {
      const entry = table.get(key);
      return entry?.kind === 'destination' ? [[key, entry]] : [];
    }),
  );
}

/** How many connections hold up the end of a drain. Persistence templates count: their clients come back. */
export function connectionsLeft(connections: Connections | undefined): number {
  return connections ? connections.active + connections.inactive + connections.persistent : 0;
}

/** Whether a drain is over: nothing is left, or its time is up. */
export function isDrained(connections: Connections | undefined, deadline: string, time: string): boolean {
  return connectionsLeft(connections) === 0 || deadline <= time;
}
