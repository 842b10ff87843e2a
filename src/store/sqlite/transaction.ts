import { isDeepStrictEqual } from 'node:util';
import type { Database } from 'better-sqlite3';
import { type ChainTip, type SealedEvent, seal, type UnchainedEvent } from '../../audit/chain.js';
import type { AuditArchive } from '../../domain/schema/audit-archive.js';
import { type Slices, slicesOf } from '../../domain/slices.js';
import type {
  EntryChange,
  EventDraft,
  KeptAnswer,
  OwnedEntry,
  Reader,
  ResourceChange,
  StoredResource,
  Transaction,
  WriteContext,
} from '../store.js';
import { createChangeLog, entryChanges, resourceChanges, sameContent } from './changes.js';
import { synchronous } from './database.js';
import type { ResourceCache } from './resource-cache.js';
import { addressOf, type EntryRow, type ResourceRowToWrite, rowFromEntry, rowFromResource } from './rows.js';

/** What one write runs on, and who it is for. */
export interface TransactionStart {
  readonly context: WriteContext;
  readonly tip: ChainTip;
  /** RFC 3339, UTC: of everything that the write changes. */
  readonly time: string;
}

export interface TransactionResult<T> {
  readonly value: T;
  readonly tip: ChainTip;
  readonly changes: ResourceChange[];
  readonly entryChanges: EntryChange[];
}

export type RunTransaction = <T>(
  start: TransactionStart,
  change: (tx: Transaction) => T | Slices<T>,
) => Slices<TransactionResult<T>>;

/** Runs callbacks of `Store.write`; the caller has begun a transaction of the database, and ends it. */
export function createRunTransaction(
  db: Database,
  { reader, cache }: { reader: Reader; cache: ResourceCache },
): RunTransaction {
  const statements = prepare(db);

  return function* ({ context, tip: start, time }, change) {
    let tip = start;
    let ended = false;
    const resources = createChangeLog<StoredResource>();
    const entries = createChangeLog<OwnedEntry>();
    const checks = new Map<string, () => void>();

    /** Also when SQLite has undone everything by itself: what followed would be outside of any transaction. */
    function assertOpen(): void {
      if (ended || !db.inTransaction) throw new TypeError('the transaction has ended');
    }

    function append(draft: EventDraft): SealedEvent {
      assertOpen();
      const event = seal(eventOf(draft, context, time), tip);
      statements.insertEvent.run(event);
      tip = event;
      return event;
    }

    function appendChange(resource: string, before: Content | undefined, after: Content | undefined): number {
      return append({ kind: 'change', resource, before: snapshot(before), after: snapshot(after) }).id;
    }

    function writeResource(before: StoredResource | undefined, after: StoredResource): void {
      const isElsewhere = before && addressOf(before) !== addressOf(after);
      const statement = !before ? 'insertResource' : isElsewhere ? 'moveResource' : 'updateResource';
      statements[statement].run(rowFromResource(after));
    }

    function writeEntry(before: OwnedEntry | undefined, after: OwnedEntry): void {
      const isSomebodyElses = before && before.path !== after.path;
      const statement = !before ? 'insertEntry' : isSomebodyElses ? 'passEntryOn' : 'updateEntry';
      statements[statement].run(rowFromEntry(after));
    }

    const transaction: Transaction = {
      ...reader,

      record(draft) {
        append(draft);
      },

      put({ kind, path, labels, spec }) {
        const before = reader.resource(path);
        if (before !== undefined && sameContent(before, { labels, spec })) return before;
        const revision = appendChange(path, before, { labels, spec });
        const createTime = before?.createTime ?? time;
        const after = { kind, path, labels, spec, revision, createTime, updateTime: time };
        cache.touch(path);
        writeResource(before, after);
        resources.add(path, before, after);
        return after;
      },

      archive(archive) {
        const after = { ...archive };
        const { id: revision } = append({
          kind: 'change',
          resource: `audit-archives/${archive.file}`,
          after,
        });
        const recorded = { ...archive, time, revision };
        statements.putArchive.run(recorded);
        return recorded;
      },

      removeArchived(limit) {
        assertOpen();
        return statements.removeArchived.run(limit).changes;
      },

      remove(path) {
        const before = reader.resource(path);
        if (before === undefined) throw new TypeError(`there is no ${path} to remove`);
        appendChange(path, before, undefined);
        cache.touch(path);
        statements.removeResource.run(path);
        resources.add(path, before, null);
      },

      putEntry(entry) {
        assertOpen();
        const before = reader.entry(entry.key);
        if (isDeepStrictEqual(before, entry)) return;
        writeEntry(before, entry);
        entries.add(entry.key, before, entry);
      },

      removeEntry(key) {
        assertOpen();
        const before = reader.entry(key);
        if (before === undefined) return;
        statements.removeEntry.run(key);
        entries.add(key, before, null);
      },

      settleOrigin(key, origin) {
        assertOpen();
        statements.settleOrigin.run(origin, key);
      },

      putOwed(key) {
        assertOpen();
        statements.putOwed.run(key);
      },

      removeOwed(key) {
        assertOpen();
        statements.removeOwed.run(key);
      },

      putCredential(hash, path) {
        assertOpen();
        statements.putCredential.run(hash, path);
      },

      putAnswer(answer) {
        assertOpen();
        statements.putAnswer.run({ ...answer, time });
      },

      removeAnswer({ principal, key }) {
        assertOpen();
        statements.removeAnswer.run(principal, key);
      },

      pruneAnswers(before, limit) {
        assertOpen();
        statements.pruneAnswers.run(before, limit);
      },

      before(path) {
        const before = resources.before(path);
        return before === undefined ? reader.resource(path) : (before ?? undefined);
      },

      changes: () => resourceChanges(resources),

      atEnd(key, check) {
        if (!checks.has(key)) checks.set(key, check);
      },
    };

    try {
      const value = synchronous(yield* slicesOf(change(transaction)));
      for (const check of checks.values()) check();
      return { value, tip, changes: resourceChanges(resources), entryChanges: entryChanges(entries) };
    } finally {
      ended = true;
    }
  };
}

type Content = Pick<StoredResource, 'labels' | 'spec'>;

function snapshot(content: Content | undefined): Record<string, unknown> | null {
  return content ? { labels: content.labels, spec: content.spec } : null;
}

function eventOf(draft: EventDraft, context: WriteContext, time: string): UnchainedEvent {
  return {
    time,
    kind: draft.kind,
    actor: context.actor,
    transport: context.transport,
    sourceAddress: context.sourceAddress,
    requestId: context.requestId,
    reason: context.reason,
    action: context.action,
    resource: draft.resource,
    director: draft.director ?? null,
    before: draft.before ?? null,
    after: draft.after ?? null,
    operations: draft.operations ?? [],
    durationMicros: draft.durationMicros ?? null,
    detail: draft.detail ?? null,
  };
}

const UPDATED = 'labels = :labels, spec = :spec, revision = :revision, update_time = :update_time';
const UPDATED_ENTRY =
  'state = :state, config = :config, revision = :revision, drain_seconds = :drain_seconds, ' +
  'drain_deadline = :drain_deadline, origin = :origin';

function prepare(db: Database) {
  return {
    insertEvent: db.prepare<{ id: number; body: string; hash: string }>(
      'INSERT INTO audit_events (id, body, hash) VALUES (:id, :body, :hash)',
    ),
    insertResource: db.prepare<ResourceRowToWrite>(
      `INSERT INTO resources (path, kind, parent, name, labels, spec, revision, create_time, update_time, address)
       VALUES (:path, :kind, :parent, :name, :labels, :spec, :revision, :create_time, :update_time, :address)`,
    ),
    // A column that is set writes to its indexes, whether or not it changes.
    updateResource: db.prepare<ResourceRowToWrite>(`UPDATE resources SET ${UPDATED} WHERE path = :path`),
    moveResource: db.prepare<ResourceRowToWrite>(
      `UPDATE resources SET ${UPDATED}, address = :address WHERE path = :path`,
    ),
    removeResource: db.prepare<[string]>('DELETE FROM resources WHERE path = ?'),
    insertEntry: db.prepare<EntryRow>(
      `INSERT INTO entries (key, path, state, config, revision, drain_seconds, drain_deadline, origin)
       VALUES (:key, :path, :state, :config, :revision, :drain_seconds, :drain_deadline, :origin)`,
    ),
    updateEntry: db.prepare<EntryRow>(`UPDATE entries SET ${UPDATED_ENTRY} WHERE key = :key`),
    passEntryOn: db.prepare<EntryRow>(`UPDATE entries SET ${UPDATED_ENTRY}, path = :path WHERE key = :key`),
    removeEntry: db.prepare<[string]>('DELETE FROM entries WHERE key = ?'),
    settleOrigin: db.prepare<[string, string]>(
      "UPDATE entries SET origin = ? WHERE key = ? AND origin = 'fresh'",
    ),
    putArchive: db.prepare<AuditArchive>(
      `INSERT INTO audit_archives
         (first_id, last_id, previous_hash, last_hash, file, bytes, sha256, time, revision)
       VALUES (:firstId, :lastId, :previousHash, :lastHash, :file, :bytes, :sha256, :time, :revision)`,
    ),
    removeArchived: db.prepare<[number]>(
      `DELETE FROM audit_events WHERE id IN (
         SELECT id FROM audit_events WHERE id <= (SELECT max(last_id) FROM audit_archives) ORDER BY id LIMIT ?)`,
    ),
    putOwed: db.prepare<[string]>('INSERT INTO owed (key) VALUES (?) ON CONFLICT DO NOTHING'),
    removeOwed: db.prepare<[string]>('DELETE FROM owed WHERE key = ?'),
    putAnswer: db.prepare<KeptAnswer & { time: string }>(
      `INSERT OR REPLACE INTO answers (principal, key, fingerprint, needs, answer, time)
       VALUES (:principal, :key, :fingerprint, :needs, :answer, :time)`,
    ),
    removeAnswer: db.prepare<[string, string]>('DELETE FROM answers WHERE principal = ? AND key = ?'),
    pruneAnswers: db.prepare<[string, number]>(
      'DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers WHERE time < ? ORDER BY time LIMIT ?)',
    ),
    putCredential: db.prepare<[Buffer, string]>('INSERT INTO credentials (hash, path) VALUES (?, ?)'),
  };
}
