import type { Database } from 'better-sqlite3';
import { type SealedEvent, unseal } from '../../audit/chain.js';
import type { HistoryReader } from '../store.js';
import { below } from './path-range.js';

/** Left to itself, SQLite takes an index as long as the log. */
const CHANGES = "audit_events INDEXED BY audit_changes_by_resource WHERE kind = 'change'";

/** Two ranges of the index, of the path and of what is below it. With OR, SQLite would read all of it. */
function withinPath(select: string, condition: string, group = ''): string {
  const ranges = ['resource = :path', 'resource > :from AND resource < :to'];
  return ranges
    .map((range) => `SELECT ${select} AS id FROM ${CHANGES} AND ${range} AND ${condition} ${group}`)
    .join(' UNION ALL ');
}

export function createHistoryReader(db: Database): HistoryReader {
  const statements = prepare(db);
  return {
    changesOf: ({ path, before = Number.MAX_SAFE_INTEGER, limit }) =>
      statements.changes.all({ path, ...below(path), before, limit }).map(unseal),
    firstChangesAfter: (path, revision) =>
      statements.firstChangesAfter.all({ path, ...below(path), revision }).map(unseal),
    nextChange(resource, revision) {
      const row = statements.nextChange.get(resource, revision);
      return row && unseal(row);
    },
    endOfWrite(revision) {
      const last = statements.endOfWrite.get({ revision })?.id ?? revision;
      return Math.max(last, revision);
    },
    startOfWrite(revision) {
      const first = statements.startOfWrite.get({ revision })?.id ?? revision;
      return Math.min(first, revision);
    },
  };
}

function prepare(db: Database) {
  return {
    changes: db.prepare<
      { path: string; from: string; to: string; before: number; limit: number },
      SealedEvent
    >(
      `SELECT id, body, hash FROM audit_events WHERE id IN (
         ${withinPath('id', 'id < :before')} ORDER BY id DESC LIMIT :limit)
       ORDER BY id DESC`,
    ),
    firstChangesAfter: db.prepare<{ path: string; from: string; to: string; revision: number }, SealedEvent>(
      `SELECT id, body, hash FROM audit_events WHERE id IN (
         ${withinPath('min(id)', 'id > :revision', 'GROUP BY resource')})
       ORDER BY resource`,
    ),
    nextChange: db.prepare<[string, number], SealedEvent>(
      `SELECT id, body, hash FROM ${CHANGES} AND resource = ? AND id > ? ORDER BY id LIMIT 1`,
    ),
    endOfWrite: db.prepare<{ revision: number }, { id: number }>(siblings('DESC')),
    startOfWrite: db.prepare<{ revision: number }, { id: number }>(siblings('ASC')),
  };
}

/** The changes of one write follow one another, and share what their call and its time say of them. */
function siblings(order: 'ASC' | 'DESC'): string {
  return `SELECT other.id FROM audit_events AS one JOIN audit_events AS other INDEXED BY audit_events_by_time
     ON other.time = one.time AND other.request_id = one.request_id AND other.action = one.action
   WHERE one.id = :revision AND other.kind = 'change' ORDER BY other.id ${order} LIMIT 1`;
}
