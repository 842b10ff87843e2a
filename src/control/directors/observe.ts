/** What only the kernel knows of real servers: their connections, and how far their drains have come. */
import { pathOf } from '../../domain/names.js';
import type { RealServer } from '../../domain/schema/resource.js';
import type { Connections } from '../../domain/table.js';
import { isDrained, readDestinations } from '../../reconcile/connections.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { Store } from '../../store/store.js';
import { reaching } from './reaching.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Pick<Reconciler, 'driver'>;
  readonly now: () => Date;
}

export type Observe<R> = (resources: readonly R[]) => Promise<R[]>;

/** Adds to each real server what the kernel counts now. Rejects with KERNEL_UNAVAILABLE. */
export function realServerObserver({ store, reconciler, now }: Dependencies): Observe<RealServer> {
  /** The key of a disabled real server may be another's by now. */
  function ownsKey(server: RealServer): boolean {
    const { project, cluster, virtualService, name, status } = server;
    const path = pathOf({ project, cluster, virtualService, realServer: name });
    return store.read((reader) => reader.entry(status.key))?.path === path;
  }

  return async (servers) => {
    const keys = servers.filter(ownsKey).map(({ status }) => status.key);
    const present = await reaching(readDestinations(reconciler, keys));
    const time = now().toISOString();
    return servers.map((server) => observed(server, present.get(server.status.key)?.connections, time));
  };
}

function observed(server: RealServer, connections: Connections | undefined, time: string): RealServer {
  const { drain } = server.status;
  const status = {
    ...server.status,
    drain: drain && { ...drain, state: drainState(connections, drain.deadline, time) },
    ...(connections && { connections: { ...connections } }),
  };
  return { ...server, status };
}

export function drainState(
  connections: Connections | undefined,
  deadline: string,
  time: string,
): 'draining' | 'drained' {
  return isDrained(connections, deadline, time) ? 'drained' : 'draining';
}
