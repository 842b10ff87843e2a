/** The writes to a resource and to what is below it, out of the change events that they left. */
import { fieldChanges, fieldChangeText } from '../../domain/field-changes.js';
import type { AuditEvent } from '../../domain/schema/audit-event.js';
import type { ResourceRevision } from '../../domain/schema/history.js';
import type { Reader, Store } from '../../store/store.js';

/** The change events of one write, newest first, counted; the texts of the oldest few are kept. */
export interface Write {
  readonly newest: AuditEvent;
  oldest: AuditEvent;
  readonly counts: { created: number; updated: number; deleted: number };
}

const EVENTS_PER_READ = 500;

/** A page ends early after so many events: writes of whole definitions have many. */
const EVENTS_PER_PAGE = 20_000;

/**
 * Up to `limit` writes, newest first, each whole; `before`: only those older than this event. Fewer than there are when
 * they have very many events, but at least two.
 */
export async function readWrites(
  store: Store,
  { path, before, limit }: { path: string; before: number | undefined; limit: number },
): Promise<{ writes: Write[]; more: boolean }> {
  const writes: Write[] = [];
  let after = before;
  for (let seen = 0; ; ) {
    const query = { path, limit: EVENTS_PER_READ, ...(after !== undefined && { before: after }) };
    const events = store.read((reader) => reader.changesOf(query));
    for (const event of events) {
      addTo(writes, event);
      if (writes.length > limit) return { writes: writes.slice(0, limit), more: true };
    }
    if (events.length < EVENTS_PER_READ) return { writes, more: false };
    seen += events.length;
    if (seen >= EVENTS_PER_PAGE && writes.length > 1) return { writes: writes.slice(0, -1), more: true };
    after = events.at(-1)?.id;
    await new Promise(setImmediate);
  }
}

function addTo(writes: Write[], event: AuditEvent): void {
  let write = writes.at(-1);
  if (write === undefined || !isSameWrite(write.newest, event)) {
    write = { newest: event, oldest: event, counts: { created: 0, updated: 0, deleted: 0 } };
    writes.push(write);
  }
  write.oldest = event;
  write.counts[typeOf(event)] += 1;
}

/** Of two neighbours in the history of a resource. */
function isSameWrite(a: AuditEvent, b: AuditEvent): boolean {
  return a.time === b.time && a.requestId === b.requestId && a.action === b.action;
}

type ChangeType = keyof Write['counts'];

function typeOf({ before, after }: AuditEvent): ChangeType {
  if (before === null) return 'created';
  return after === null ? 'deleted' : 'updated';
}

export function presentWrite(
  write: Write,
  { path, reader }: { path: string; reader: Reader },
): ResourceRevision {
  const { newest, oldest, counts } = write;
  const { id, time, actor, action, reason, requestId } = newest;
  const revision = { revision: id, time, actor, action, reason, requestId, ...counts };
  return { ...revision, summary: summaryOf(write, path), undoneBy: undoneBy(oldest, reader) };
}

const FIELDS_SHOWN = 3;

function summaryOf({ newest, oldest, counts }: Write, path: string): string {
  const type = typeOf(newest);
  const fields = type === 'updated' ? fieldChanges(newest.before, newest.after) : [];
  if (newest.id !== oldest.id) {
    const parts = (['created', 'updated', 'deleted'] as const).filter((one) => counts[one] > 0);
    return parts.map((one) => `${counts[one]} ${one}`).join(', ');
  }
  const shown = fields.slice(0, FIELDS_SHOWN).map(fieldChangeText);
  const rest = fields.length > shown.length ? [`${fields.length - shown.length} more fields`] : [];
  const what = newest.resource === path ? type : `${type} ${newest.resource.slice(path.length + 1)}`;
  return [what, [...shown, ...rest].join(', ')].filter((part) => part !== '').join(': ');
}

/** A refused write is taken back before anything else is done to its resources. */
function undoneBy({ resource, id, requestId }: AuditEvent, reader: Reader): number | null {
  const next = reader.nextChange(resource, id);
  return next?.action === 'undo' && next.requestId === requestId ? reader.endOfWrite(next.id) : null;
}
