import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DomainError } from '../../domain/errors.js';

/** The database of a data directory. */
export function databaseFile(dataDir: string): string {
  return join(dataDir, 'lvsd.db');
}

export type Synchronous = 'FULL' | 'NORMAL';

/**
 * Opens the file, creating it when absent. FULL: what was committed survives a loss of power; NORMAL: the last commits may
 * be lost with the power, never with the process.
 */
export function openDatabase(file: string, synchronous: Synchronous): Database.Database {
  const db = new Database(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    db.pragma('journal_mode = WAL');
    db.pragma(`synchronous = ${synchronous}`);
    db.pragma('foreign_keys = ON');
    db.pragma(`cache_size = -${CACHE_KIB}`);
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    db.pragma('temp_store = MEMORY'); // what a savepoint may have to put back
    return db;
  } catch (error) {
    db.close();
    throw storeError(error);
  }
}

/** The indexes of the audit log are written to all over: with SQLite's 2 MiB their pages are read again and again. */
const CACHE_KIB = 16_384;

/** 16 MiB of log. A page that many writes share goes into the database once for all of them. */
export const CHECKPOINT_PAGES = 4096;

/** How long to wait for another process (the command beside a running server) to finish its write. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * What to tell a caller about an error: failures of the disk, the file or its locks become STORE_UNAVAILABLE; anything else
 * (a broken constraint is a defect of ours) stays what it is.
 */
export function storeError(error: unknown): unknown {
  if (!(error instanceof Database.SqliteError) || DEFECTS.test(error.code)) return error;
  return new DomainError(
    'STORE_UNAVAILABLE',
    `The database failed (${error.code}: ${error.message}), and nothing was stored. Check the disk and the file, then try again.`,
    { metadata: { sqliteCode: error.code }, cause: error },
  );
}

const DEFECTS = /^SQLITE_(ERROR|CONSTRAINT|MISMATCH|MISUSE|RANGE|TOOBIG)/;

/** Transactions live within one turn of the event loop: a callback that goes on after its return is a defect. */
export function synchronous<T>(value: T): T {
  if (value instanceof Promise) throw new TypeError('the callback of a transaction must not be async');
  return value;
}
