import type { Database } from 'better-sqlite3';
import { DomainError } from '../../domain/errors.js';
import { pathOf } from '../../domain/names.js';
import type { Slices } from '../../domain/slices.js';
import type { Committed, Store, Transaction, WriteContext } from '../store.js';
import { createCommitListeners } from './commit-listeners.js';
import { openDatabase, type Synchronous, storeError } from './database.js';
import { createGroupCommit } from './group-commit.js';
import { migrate, readMigrations, requireMigrated } from './migrate.js';
import { createReader } from './reader.js';
import { createReaders } from './readers.js';
import { createResourceCache } from './resource-cache.js';
import { createRunTransaction } from './transaction.js';
import { verifyChain } from './verify.js';
import { createWriteBack } from './write-back.js';

export interface SqliteStoreOptions {
  /** Path of the database file; its directory must exist. */
  readonly file: string;
  /** Milliseconds since 1970; the default is the system's clock. */
  readonly clock?: () => number;
  /** Default FULL. */
  readonly synchronous?: Synchronous;
  /** run (the default) brings the schema up to date; require refuses a database that is not. */
  readonly migrations?: 'run' | 'require';
}

/** Opens the store and makes the project `default` in a new one. */
export function createSqliteStore(options: SqliteStoreOptions): Store {
  const { file, clock = Date.now, synchronous = 'FULL', migrations = 'run' } = options;
  const db = openDatabase(file, synchronous);
  try {
    if (migrations === 'run') migrate(db, readMigrations());
    else requireMigrated(db, readMigrations());
    return createStore(db, { file, clock });
  } catch (error) {
    db.close();
    throw storeError(error);
  }
}

function createStore(db: Database, { file, clock }: { file: string; clock: () => number }): Store {
  const cache = createResourceCache();
  const noteForeignCommits = createForeignCommitCheck(db, cache.clear);
  const reader = createReader(db, cache);
  const runTransaction = createRunTransaction(db, { reader, cache });
  const group = createGroupCommit(db, createWriteBack(db, file), {
    readTip: reader.tip,
    beforeBegin: () => readers.endTurn(),
    onBegin: noteForeignCommits,
    onEnd: cache.settle,
    onCommit: ({ id }) => listeners.announce(id),
  });
  const readers = createReaders({
    file,
    db,
    reader,
    cache,
    noteForeignCommits,
    isWriting: group.isRunning,
    isPaused: group.isPaused,
  });
  const listeners = createCommitListeners(db, () => readers.committed().revision());

  const entryListeners: ((keys: readonly string[]) => void)[] = [];

  function addWrite<T>({ context, change, dryRun, resolve, reject }: PendingWrite<T>): void {
    group.add({
      *run(tip) {
        const time = new Date(clock()).toISOString();
        const { value, tip: newTip, ...changes } = yield* runTransaction({ context, tip, time }, change);
        const revision = dryRun ? tip.id : newTip.id;
        return {
          tip: dryRun ? undefined : newTip,
          succeed() {
            if (!dryRun) tellEntries(changes.entryChanges.map(({ key }) => key));
            resolve({ value, revision, ...changes });
          },
        };
      },
      fail: reject,
    });
  }

  function tellEntries(keys: readonly string[]): void {
    if (keys.length > 0) for (const listener of entryListeners) listener(keys);
  }

  if (reader.revision() === 0) {
    addWrite({ ...firstWrite, resolve: () => undefined, reject: rethrow });
    group.flush();
  }

  return {
    write: (context, change, { dryRun = false } = {}) =>
      new Promise((resolve, reject) => {
        assertOpen(db);
        addWrite({ context, change, dryRun, resolve, reject });
      }),
    read(read) {
      assertOpen(db);
      return readers.read(read);
    },
    onCommit: listeners.add,
    onEntryChanges(listener) {
      entryListeners.push(listener);
    },
    async verify() {
      assertOpen(db);
      return verifyChain(readers.committed);
    },
    close() {
      if (!db.open) return;
      group.close();
      listeners.stop();
      readers.close();
      db.close();
    },
  };
}

/** Calls back when another connection has committed since the last look. To be asked in a transaction. */
function createForeignCommitCheck(db: Database, onForeignCommit: () => void): () => void {
  const statement = db.prepare<[], number>('PRAGMA data_version').pluck();
  let seen = statement.get();
  return () => {
    const version = statement.get();
    if (version === seen) return;
    seen = version;
    onForeignCommit();
  };
}

interface PendingWrite<T> {
  readonly context: WriteContext;
  readonly change: (tx: Transaction) => T | Slices<T>;
  readonly dryRun: boolean;
  readonly resolve: (committed: Committed<T>) => void;
  readonly reject: (error: unknown) => void;
}

const DEFAULT_PROJECT = {
  kind: 'project',
  path: pathOf({ project: 'default' }),
  labels: {},
  spec: {},
} as const;

const firstWrite: Pick<PendingWrite<unknown>, 'context' | 'change' | 'dryRun'> = {
  context: {
    actor: { principal: 'system', credentialId: null, roles: [] },
    transport: 'system',
    sourceAddress: null,
    requestId: 'first-start',
    reason: 'A new database has one project.',
    action: 'createProject',
  },
  change: (tx) => tx.put(DEFAULT_PROJECT),
  dryRun: false,
};

function rethrow(error: unknown): never {
  throw error;
}

function assertOpen(db: Database): void {
  if (!db.open) throw new DomainError('SHUTTING_DOWN', 'The database is closed because lvsd is stopping.');
}
