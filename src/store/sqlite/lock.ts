/**
 * One server for each data directory. The lock is an exclusive transaction on a file of its own: the operating system frees
 * it with the process, however that ends. Commands beside a running server do not take it; they write through SQLite's WAL.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DomainError } from '../../domain/errors.js';
import { storeError } from './database.js';

export interface DataLock {
  release(): void;
}

/** Held until it is released or the process ends. Throws STORE_UNAVAILABLE when another server has the directory, which must exist. */
export function lockDataDirectory(directory: string): DataLock {
  const db = new Database(join(directory, 'lock.db'), { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (!(error instanceof Database.SqliteError) || error.code !== 'SQLITE_BUSY') throw storeError(error);
    throw new DomainError(
      'STORE_UNAVAILABLE',
      `Another lvsd serves from the data directory ${directory}; stop it, or give this one another directory.`,
    );
  }
  held.add(db);
  return {
    release() {
      held.delete(db);
      db.close();
    },
  };
}

/** A database that nobody refers to is closed by the garbage collector, and its locks with it. */
const held = new Set<Database.Database>();
