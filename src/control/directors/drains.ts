import type { Drain } from '../../domain/schema/drain.js';
import type { Connections } from '../../domain/table.js';
import { readDestinations } from '../../reconcile/connections.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { OwnedEntry, Store } from '../../store/store.js';
import type { ListQuery, Page } from '../control.js';
import { decodePageToken, pageOf, pageSizeOf } from '../page.js';
import { drainState } from './observe.js';
import { reaching } from './reaching.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly now: () => Date;
}

/** What drains in a director's kernel, by key. Rejects with KERNEL_UNAVAILABLE. */
export async function listDrains(
  { store, reconciler, now }: Dependencies,
  { pageSize, pageToken }: ListQuery,
): Promise<Page<Drain>> {
  const size = pageSizeOf(pageSize);
  const query = ['drains', reconciler.director.name];
  const after = decodePageToken(query, pageToken) ?? '';
  const entries = store.read((reader) => reader.drains({ after, limit: size + 1 }));
  const keys = entries.slice(0, size).map(({ key }) => key);
  const present = await reaching(readDestinations(reconciler, keys));
  const time = now().toISOString();
  return pageOf(entries, {
    size,
    query,
    position: ({ key }) => key,
    present: (entry) => presentDrain(entry, present.get(entry.key)?.connections, time),
  });
}

function presentDrain(
  { key, path, state, drainDeadline }: OwnedEntry,
  connections: Connections | undefined,
  time: string,
): Drain {
  return {
    key,
    resource: path,
    state: drainDeadline === null ? 'draining' : drainState(connections, drainDeadline, time),
    leaving: state === 'draining',
    deadline: drainDeadline,
    connections: connections ? { ...connections } : null,
  };
}
