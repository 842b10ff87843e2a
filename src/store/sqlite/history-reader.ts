import type { Database } from 'better-sqlite3';
import { CHAIN_START, type ChainTip, type SealedEvent, unseal } from '../../audit/chain.js';
import type { AuditArchive } from '../../domain/schema/audit-archive.js';
import type { HistoryReader } from '../store.js';
import { below } from './path-range.js';

/** Left to itself, SQLite takes an index as long as the log. */
const CHANGES = "audit_events INDEXED BY audit_events_by_resource WHERE kind = 'change'";

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
    archivedThrough: () => statements.archivedThrough.get() ?? CHAIN_START,
    archiveOf(id) {
      const [archive] = statements.archives.all(id - 1, 1);
      return archive !== undefined && archive.firstId <= id ? archive : undefined;
    },
    archives: ({ after, limit }) => statements.archives.all(after, limit),
    firstEventSince: (time) => statements.firstEventSince.get(time)?.id ?? undefined,
  };
}

const ARCHIVE = `first_id AS firstId, last_id AS lastId, previous_hash AS previousHash, last_hash AS lastHash, file, bytes,
  sha256, time, revision`;

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
    archivedThrough: db.prepare<[], ChainTip>(
      'SELECT last_id AS id, last_hash AS hash FROM audit_archives ORDER BY last_id DESC LIMIT 1',
    ),
    archives: db.prepare<[number, number], AuditArchive>(
      `SELECT ${ARCHIVE} FROM audit_archives WHERE last_id > ? ORDER BY last_id LIMIT ?`,
    ),
    // Clocks can go back: not every later event has a later time.
    firstEventSince: db.prepare<[string], { id: number | null }>(
      'SELECT min(id) AS id FROM audit_events INDEXED BY audit_events_by_time WHERE time >= ?',
    ),
    startOfWrite: db.prepare<{ revision: number }, { id: number }>(siblings('ASC')),
  };
}

/** The changes of one write follow one another, and share what their call and its time say of them. */
function siblings(order: 'ASC' | 'DESC'): string {
  return `SELECT other.id FROM audit_events AS one JOIN audit_events AS other INDEXED BY audit_events_by_time
     ON other.time = one.time AND other.request_id = one.request_id AND other.action = one.action
   WHERE one.id = :revision AND other.kind = 'change' ORDER BY other.id ${order} LIMIT 1`;
}
