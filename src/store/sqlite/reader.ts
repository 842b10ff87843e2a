import type { Database } from 'better-sqlite3';
import { CHAIN_START, type ChainTip, type SealedEvent, sealedJson, unseal } from '../../audit/chain.js';
import type { DefinitionKind } from '../../domain/names.js';
import type { AnswerKey, KeptAnswer, Reader } from '../store.js';
import { synchronous } from './database.js';
import { createEntryConfigs } from './entry-configs.js';
import { createEventQuery } from './event-query.js';
import { createHistoryReader } from './history-reader.js';
import { below, destinationsOf, servicesAt } from './path-range.js';
import type { ResourceCache } from './resource-cache.js';
import { type EntryRow, entryFromRow, type ResourceRow, resourceFromRow } from './rows.js';

const RESOURCE = 'path, kind, parent, name, labels, spec, revision, create_time, update_time';
const ENTRY = 'key, path, state, config, revision, drain_seconds, drain_deadline, origin';

export interface SqliteReader extends Reader {
  tip(): ChainTip;
  /** Events in order, from the one after `id`. */
  sealedEvents(id: number, limit: number): SealedEvent[];
}

export function createReader(db: Database, cache: ResourceCache): SqliteReader {
  const statements = prepare(db);
  const findEvents = createEventQuery(db);
  const configs = createEntryConfigs();
  const entryOf = (row: EntryRow) => entryFromRow(row, configs);
  const tip = () => statements.tip.get() ?? CHAIN_START;

  return {
    ...createHistoryReader(db),
    tip,
    sealedEvents: (id, limit) => findEvents({ order: 'ascending', after: id, limit }),

    revision: () => tip().id,

    resource: (path) =>
      cache.resource(path, () => {
        const row = statements.resource.get(path);
        return row && resourceFromRow(row);
      }),

    hasChild: (parent, kind) => statements.hasChild.get(parent, kind) !== undefined,

    resources({ kind, parent, after = '', limit, where = () => true }) {
      const found = [];
      if (limit <= 0) return [];
      for (const row of statements.children.iterate(parent || null, kind, after)) {
        const resource = resourceFromRow(row);
        if (where(resource) && found.push(resource) === limit) break;
      }
      return found;
    },

    subtree({ path, after, limit }) {
      const { from, to } = below(path);
      const row = after < path ? statements.resource.get(path) : undefined;
      const own = row ? [row] : [];
      const isBelow = after > from;
      const page = { after: isBelow ? after : from, to, limit: limit - own.length };
      return [...own, ...statements.descendantsAfter.all(page)].map(resourceFromRow);
    },
    descendants: (path) => statements.descendants.all(below(path)).map(resourceFromRow),
    realServersAt: (path, address) =>
      statements.realServersAt.all({ address, ...below(path) }).map(resourceFromRow),

    virtualServiceAt(address, test) {
      for (const row of statements.virtualServicesAt.iterate(address)) {
        const service = resourceFromRow(row);
        if (test(service)) return service;
      }
      return undefined;
    },

    usage(project) {
      const counts = { cluster: 0, virtualService: 0, realServer: 0 };
      for (const { kind, count } of statements.usage.all(project)) counts[kind] = count;
      return counts;
    },

    entry(key) {
      const row = statements.entry.get(key);
      return row && entryOf(row);
    },
    entriesOf: (path) => statements.entriesOf.all({ path, ...below(path) }).map(entryOf),
    entriesOfFrontend: (key) =>
      statements.entriesOfFrontend.all({ key, ...destinationsOf(key) }).map(entryOf),
    isServed: (address) => servicesAt(address).some((range) => statements.isServed.get(range) !== undefined),
    entries: ({ after, limit }) => statements.entries.all(after, limit).map(entryOf),
    entryCount: () => statements.entryCount.get()?.count ?? 0,
    drainingEntries: () => statements.drainingEntries.all().map(entryOf),
    drains: ({ after, limit }) => statements.drains.all(after, limit).map(entryOf),

    owed: () => statements.owed.pluck().all() as string[],

    event(id) {
      const row = statements.event.get(id);
      return row && unseal(row);
    },
    events: (query) => findEvents(query).map(unseal),
    eventTexts: (query) => findEvents(query).map((event) => ({ id: event.id, json: sealedJson(event) })),

    credentialOwner: (hash) =>
      cache.owner(hash, () => {
        const row = statements.credentialOwner.get(hash);
        return row && resourceFromRow(row);
      }),

    answer: ({ principal, key }, since) => statements.answer.get({ principal, key, since }),
  };
}

export interface ReadTransaction {
  /** Runs `read` in the transaction of this turn of the event loop. */
  run<T>(read: () => T): T;
  /** Must be called before a write begins, and before the database is closed. */
  end(): void;
}

/** One serves all reads of a turn of the event loop: to begin and to end one costs more than a read. */
export function createReadTransaction(db: Database, onBegin?: () => void): ReadTransaction {
  const begin = db.prepare('BEGIN');
  const commit = db.prepare('COMMIT');
  let isOpen = false;

  function end(): void {
    if (!isOpen) return;
    isOpen = false;
    if (db.inTransaction) commit.run();
  }

  return {
    run(read) {
      if (!isOpen) {
        begin.run();
        isOpen = true;
        setImmediate(end);
        onBegin?.();
      }
      return synchronous(read());
    },
    end,
  };
}

function prepare(db: Database) {
  return {
    tip: db.prepare<[], ChainTip>('SELECT id, hash FROM audit_events ORDER BY id DESC LIMIT 1'),
    resource: db.prepare<[string], ResourceRow>(`SELECT ${RESOURCE} FROM resources WHERE path = ?`),
    children: db.prepare<[string | null, string, string], ResourceRow>(
      `SELECT ${RESOURCE} FROM resources WHERE parent IS ? AND kind = ? AND name > ? ORDER BY name`,
    ),
    hasChild: db.prepare<[string, string], unknown>(
      'SELECT 1 FROM resources WHERE parent = ? AND kind = ? LIMIT 1',
    ),
    descendants: db.prepare<{ from: string; to: string }, ResourceRow>(
      `SELECT ${RESOURCE} FROM resources WHERE path > :from AND path < :to ORDER BY path`,
    ),
    descendantsAfter: db.prepare<{ after: string; to: string; limit: number }, ResourceRow>(
      `SELECT ${RESOURCE} FROM resources WHERE path > :after AND path < :to ORDER BY path LIMIT :limit`,
    ),
    realServersAt: db.prepare<{ address: string; from: string; to: string }, ResourceRow>(
      `SELECT ${RESOURCE} FROM resources
       WHERE kind = 'realServer' AND address = :address AND path > :from AND path < :to ORDER BY path`,
    ),
    virtualServicesAt: db.prepare<[string], ResourceRow>(
      `SELECT ${RESOURCE} FROM resources WHERE kind = 'virtualService' AND address = ? ORDER BY path`,
    ),
    usage: db.prepare<[string], { kind: DefinitionKind; count: number }>(
      'SELECT kind, count FROM project_usage WHERE project = ?',
    ),
    isServed: db.prepare<{ from: string; to: string }, unknown>(
      "SELECT 1 FROM entries WHERE key > :from AND key < :to AND state <> 'removing' LIMIT 1",
    ),
    entry: db.prepare<[string], EntryRow>(`SELECT ${ENTRY} FROM entries WHERE key = ?`),
    entriesOf: db.prepare<{ path: string; from: string; to: string }, EntryRow>(
      `SELECT ${ENTRY} FROM entries WHERE path = :path OR (path > :from AND path < :to) ORDER BY key`,
    ),
    entriesOfFrontend: db.prepare<{ key: string; from: string; to: string }, EntryRow>(
      `SELECT ${ENTRY} FROM entries WHERE key = :key OR (key > :from AND key < :to) ORDER BY key`,
    ),
    entries: db.prepare<[string, number], EntryRow>(
      `SELECT ${ENTRY} FROM entries WHERE key > ? ORDER BY key LIMIT ?`,
    ),
    entryCount: db.prepare<[], { count: number }>('SELECT count(*) AS count FROM entries'),
    drainingEntries: db.prepare<[], EntryRow>(
      `SELECT ${ENTRY} FROM entries WHERE state = 'draining' ORDER BY key`,
    ),
    drains: db.prepare<[string, number], EntryRow>(
      `SELECT ${ENTRY} FROM entries WHERE (state = 'draining' OR drain_deadline IS NOT NULL) AND key > ?
       ORDER BY key LIMIT ?`,
    ),
    owed: db.prepare<[]>('SELECT key FROM owed ORDER BY key'),
    event: db.prepare<[number], SealedEvent>('SELECT id, body, hash FROM audit_events WHERE id = ?'),
    credentialOwner: db.prepare<[Buffer], ResourceRow>(
      `SELECT ${RESOURCE} FROM resources JOIN credentials USING (path) WHERE hash = ?`,
    ),
    answer: db.prepare<AnswerKey & { since: string }, KeptAnswer>(
      `SELECT principal, key, fingerprint, needs, answer FROM answers
       WHERE principal = :principal AND key = :key AND time >= :since`,
    ),
  };
}
