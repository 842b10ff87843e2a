/** Connections of a kernel, for tests: how to read them all, and how to have some. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DirectorOperation, SyncDaemon } from '../../src/domain/director-operation.js';
import type { IpvsDriver, ListedConnection } from '../../src/driver/driver.js';
import { GROUP, PORT, type SyncedConnection, sendConnections } from './sync-messages.js';

/** All that a reading brings. */
export async function listed(
  pieces: AsyncIterable<readonly ListedConnection[]>,
): Promise<ListedConnection[]> {
  const found: ListedConnection[] = [];
  for await (const piece of pieces) found.push(...piece);
  return found;
}

interface SyncInterface {
  readonly driver: IpvsDriver;
  /** A network interface that multicast comes back on, and its address. */
  readonly name: string;
  readonly address: string;
}

const LIMIT_MS = 60_000;

/** Makes the kernel take the connections from a synchronisation master that is not there; waits until it has them. */
export async function connectBySync(
  { driver, name, address }: SyncInterface,
  connections: readonly SyncedConnection[],
): Promise<void> {
  const config: SyncDaemon = {
    interface: name,
    syncId: 0,
    group: GROUP,
    port: PORT,
    ttl: 1,
    maxLength: null,
  };
  const wanted = new Set(connections.map(keyOf));
  await done(driver, { command: 'NEW_DAEMON', key: 'sync-daemons/backup', state: 'backup', config });
  const limit = performance.now() + LIMIT_MS;
  for (let missing = connections; missing.length > 0; ) {
    if (performance.now() > limit) throw new Error(`${missing.length} connections did not arrive`);
    await sendConnections(address, missing);
    await sleep(100);
    for (const { connection } of await listed(driver.connections(0))) wanted.delete(keyOf(connection));
    missing = missing.filter((connection) => wanted.has(keyOf(connection)));
  }
  await done(driver, { command: 'DEL_DAEMON', key: 'sync-daemons/backup', state: 'backup' });
}

async function done(driver: IpvsDriver, operation: DirectorOperation): Promise<void> {
  const [error] = await driver.applyDirector([operation]);
  if (error) throw error;
}

function keyOf({ client, virtual }: Pick<SyncedConnection, 'client' | 'virtual'>): string {
  return `${client.address} ${client.port} ${virtual.address} ${virtual.port}`;
}
