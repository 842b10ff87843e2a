/**
 * Finds audit events. What an index leads to is read at once; for any other question the log is looked through a stretch at
 * a time, and in between the event loop turns: it may have millions of events.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Violation, violationError } from '../../domain/errors.js';
import { OUTCOMES } from '../../domain/schema/audit-event.js';
import type { EventQuery, Reader, Store } from '../../store/store.js';
import type { AuditFilter } from '../control.js';

/** Some 20 ms of looking. */
const STRETCH = 8_000;

type Search = Omit<EventQuery, 'limit' | 'through'>;
type Find<T> = (reader: Reader, query: EventQuery) => readonly T[];

interface Wanted {
  readonly query: Search & { readonly after: number };
  /** The newest or oldest id that concerns the caller. */
  readonly last: number;
  readonly limit: number;
}

export interface Found<T> {
  readonly found: readonly T[];
  /** The id to go on after; undefined: this was all. */
  readonly next: number | undefined;
}

/** The next events of the query: fewer than the limit, or none, may still not be all. */
export function findSome<T extends { readonly id: number }>(
  store: Pick<Store, 'read'>,
  { query, last, limit }: Wanted,
  find: Find<T>,
): Found<T> {
  const ascending = query.order === 'ascending';
  const edge = ascending ? Math.min(query.after + STRETCH, last) : Math.max(query.after - STRETCH, last);
  const isIndexed = hasIndex(query);
  const through = isIndexed ? {} : { through: edge };
  const all = store.read((reader) => find(reader, { ...query, limit, ...through }));
  const found = all.filter(({ id }) => (ascending ? id <= last : id >= last));
  if (found.length === limit) return { found, next: found.at(-1)?.id };
  return { found, next: isIndexed || edge === last ? undefined : edge };
}

/** The first events of the query. */
export async function findFirst<T extends { readonly id: number }>(
  store: Pick<Store, 'read'>,
  { query, last, limit }: Wanted,
  find: Find<T>,
): Promise<T[]> {
  const all: T[] = [];
  let after: number | undefined = query.after;
  while (after !== undefined && all.length < limit) {
    if (after !== query.after) await nextTurn();
    const some: Found<T> = findSome(
      store,
      { query: { ...query, after }, last, limit: limit - all.length },
      find,
    );
    all.push(...some.found);
    after = some.next;
  }
  return all;
}

/** Whether the store goes to what is asked for, and not through everything. */
function hasIndex({ requestId, resource = '', kinds }: Search): boolean {
  const isNarrow = resource.split('/').length >= NARROW_SEGMENTS;
  return requestId !== undefined || isNarrow || (kinds?.every((kind) => RARE_KINDS.includes(kind)) ?? false);
}

/** A virtual service, or a part of one. */
const NARROW_SEGMENTS = 6;

const RARE_KINDS: readonly string[] = [...OUTCOMES.refused, ...OUTCOMES.denied];

/** What the store is asked for. `projects` is who asks: see `audience.ts`. */
export function eventQuery(
  filter: AuditFilter,
  projects: readonly string[] | undefined,
): Omit<Search, 'order' | 'after'> {
  const { resource, actor, kind, outcome, action, requestId, transport, sourceAddress, since, until } =
    filter;
  const kinds = outcome ? OUTCOMES[outcome].filter((one) => !kind?.length || kind.includes(one)) : kind;
  return {
    ...(projects && { projects }),
    ...(resource && { resource }),
    ...(actor && { principal: actor }),
    ...(kinds && (kinds.length > 0 || outcome) && { kinds }),
    ...(action && { action }),
    ...(requestId && { requestId }),
    ...(transport && { transport }),
    ...(sourceAddress && { sourceAddress }),
    ...time('since', since),
    ...time('until', until),
  };
}

/** In the spelling that events are stored with, so that texts compare as times do. */
function time(name: 'since' | 'until', text: string | undefined): { since?: string; until?: string } {
  if (text === undefined || text === '') return {};
  const date = new Date(text);
  if (/^\d{4}-\d{2}-\d{2}T/.test(text) && !Number.isNaN(date.getTime()))
    return { [name]: date.toISOString() };
  const detail = `${name} must be a time such as 2026-01-01T00:00:00Z.`;
  const violation: Violation = { reason: 'FIELD_INVALID', pointer: `/${name}`, detail };
  throw violationError([violation]);
}
