/**
 * What reads see: the writer's connection, whose pages are at hand, or, while a transaction is paused there, a connection of
 * their own, which WAL gives the last committed state.
 */
import Database from 'better-sqlite3';
import { synchronous } from './database.js';
import { createReader, createReadTransaction, type ReadTransaction, type SqliteReader } from './reader.js';
import type { ResourceCache } from './resource-cache.js';

export interface Readers {
  /** Runs `read` on one consistent state. */
  read<T>(read: (reader: SqliteReader) => T): T;
  /** For one question; ask anew after a turn of the event loop. */
  committed(): SqliteReader;
  /** Must be called before the writer begins a transaction. */
  endTurn(): void;
  close(): void;
}

interface Connection {
  readonly db: Database.Database;
  readonly reader: SqliteReader;
  readonly transaction: ReadTransaction;
}

export function createReaders(writer: {
  readonly file: string;
  readonly db: Database.Database;
  readonly reader: SqliteReader;
  /** Whether a write is being carried out just now: it reads what it has written. */
  readonly isWriting: () => boolean;
  readonly isPaused: () => boolean;
  readonly cache: ResourceCache;
  /** Must be called in every new transaction: another process may have committed since the last one. */
  readonly noteForeignCommits: () => void;
}): Readers {
  const { file, isWriting, isPaused, cache, noteForeignCommits } = writer;
  const main = connectionOf(writer.db, writer.reader, noteForeignCommits);
  let beside: Connection | undefined;

  function current(): Connection {
    if (!isPaused()) return main;
    beside ??= openBeside(file, cache);
    return beside;
  }

  /** Of both: what a connection has seen before a write must not get into the cache after it. */
  function endTurn(): void {
    main.transaction.end();
    beside?.transaction.end();
  }

  return {
    read(read) {
      if (isWriting()) return synchronous(read(main.reader));
      const { transaction, reader } = current();
      return transaction.run(() => read(reader));
    },
    committed: () => current().reader,
    endTurn,
    close() {
      endTurn();
      beside?.db.close();
    },
  };
}

/** While the writer's transaction is open nobody else commits. */
function openBeside(file: string, cache: ResourceCache): Connection {
  const db = new Database(file, { readonly: true });
  return connectionOf(db, createReader(db, cache));
}

function connectionOf(db: Database.Database, reader: SqliteReader, onBegin?: () => void): Connection {
  return { db, reader, transaction: createReadTransaction(db, onBegin) };
}
