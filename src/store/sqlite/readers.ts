/**
 * What reads see: the writer's connection, whose pages are at hand, or, while a transaction is paused there, a connection of
 * their own, which WAL gives the last committed state.
 */
import Database from 'better-sqlite3';
import { createConsistentRead, createReader, type SqliteReader } from './reader.js';
import type { ResourceCache } from './resource-cache.js';

export interface Readers {
  /** Runs `read` on one consistent state. */
  read<T>(read: (reader: SqliteReader) => T): T;
  /** For one question; ask anew after a turn of the event loop. */
  committed(): SqliteReader;
  close(): void;
}

interface Connection {
  readonly db: Database.Database;
  readonly reader: SqliteReader;
  readonly consistently: <T>(read: () => T) => T;
}

export function createReaders(writer: {
  readonly file: string;
  readonly db: Database.Database;
  readonly reader: SqliteReader;
  readonly isPaused: () => boolean;
  readonly cache: ResourceCache;
  /** Must be called in every new transaction: another process may have committed since the last one. */
  readonly noteForeignCommits: () => void;
}): Readers {
  const { file, isPaused, cache, noteForeignCommits } = writer;
  const main = connectionOf(writer.db, writer.reader, noteForeignCommits);
  let beside: Connection | undefined;

  function current(): Connection {
    if (!isPaused()) return main;
    beside ??= openBeside(file, cache);
    return beside;
  }

  return {
    read(read) {
      const { consistently, reader } = current();
      return consistently(() => read(reader));
    },
    committed: () => current().reader,
    close: () => beside?.db.close(),
  };
}

/** While the writer's transaction is open nobody else commits. */
function openBeside(file: string, cache: ResourceCache): Connection {
  const db = new Database(file, { readonly: true });
  return connectionOf(db, createReader(db, cache));
}

function connectionOf(db: Database.Database, reader: SqliteReader, onBegin?: () => void): Connection {
  return { db, reader, consistently: createConsistentRead(db, onBegin) };
}
