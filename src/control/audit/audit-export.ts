import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventText, Store } from '../../store/store.js';
import type { AuditFilter } from '../control.js';
import { eventQuery, type Found, findSome } from './audit-search.js';

/** Some 500 KB of text. */
const PAGE = 500;

interface Export {
  readonly filter: AuditFilter;
  readonly projects: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/** Oldest first, up to the newest at the call; a page at a time, taken when the reader wants it. */
export async function* exportEvents(
  store: Pick<Store, 'read'>,
  { filter, projects, signal }: Export,
): AsyncGenerator<readonly EventText[]> {
  const query = { ...eventQuery(filter, projects), order: 'ascending' } as const;
  const { last, archived } = store.read((reader) => ({
    last: reader.revision(),
    archived: reader.archivedThrough().id,
  }));
  let after: number | undefined = archived;
  while (after !== undefined && !signal.aborted) {
    const { found, next }: Found<EventText> = findSome(
      store,
      { query: { ...query, after }, last, limit: PAGE },
      (reader, one) => reader.eventTexts(one),
    );
    if (found.length > 0) yield found;
    after = next;
    await nextTurn();
  }
}
