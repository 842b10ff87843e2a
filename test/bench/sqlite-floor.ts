/** What SQLite itself takes for the rows of lvsd's writes: no rules, no hashes, no JSON, no index but the key. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { databaseFile, openDatabase } from '../../src/store/sqlite/database.js';
import { range } from './definition.js';
import { timed } from './sample.js';

/** Rows as lvsd wrote them. */
interface WrittenTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** Null: rows are only added. */
  readonly key: string | null;
  readonly rows: readonly (readonly unknown[])[];
}

/** What writes leave behind, and the column that counts revisions. */
const TABLES = [
  { name: 'resources', key: 'path', revision: 'revision' },
  { name: 'entries', key: 'key', revision: 'revision' },
  { name: 'audit_events', key: null, revision: 'id' },
] as const;

export function newestRevision(dataDir: string): number {
  return reading(dataDir, (db) => db.prepare('SELECT max(id) FROM audit_events').pluck().get() as number);
}

/** What writes after that revision left in a database of lvsd's. */
export function writtenAfter(dataDir: string, revision: number): WrittenTable[] {
  return reading(dataDir, (db) =>
    TABLES.map(({ name, key, revision: counter }) => {
      const all = db.pragma(`table_info(${name})`) as { name: string }[];
      const columns = all.map((column) => column.name).filter((column) => column !== 'id');
      const select = `SELECT ${columns.join(', ')} FROM ${name} WHERE ${counter} > ?`;
      return { name, key, columns, rows: db.prepare(select).raw().all(revision) as unknown[][] };
    }),
  );
}

function reading<T>(dataDir: string, read: (db: Database.Database) => T): T {
  const db = new Database(databaseFile(dataDir), { readonly: true });
  try {
    return read(db);
  } finally {
    db.close();
  }
}

/** Runs work on a new database with lvsd's settings (WAL, FULL) and those tables, empty. */
export async function withRawDatabase<T>(
  tables: readonly WrittenTable[],
  work: (db: Database.Database) => Promise<T> | T,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'lvsd-bench-'));
  const db = openDatabase(join(directory, 'raw.db'), 'FULL');
  try {
    for (const { name, columns, key } of tables) {
      const keyed = key === null ? '' : `, PRIMARY KEY (${key})) WITHOUT ROWID`;
      db.exec(`CREATE TABLE ${name} (${columns.join(', ')}${keyed || ')'}`);
    }
    return await work(db);
  } finally {
    db.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Milliseconds of all rows in one transaction. */
export function insertAll(db: Database.Database, tables: readonly WrittenTable[]): Promise<number> {
  const insertions = tables.map((table) => ({ insert: insertion(db, table), rows: table.rows }));
  return timed(() =>
    db.transaction(() => {
      for (const { insert, rows } of insertions) for (const row of rows) insert.run(row);
    })(),
  );
}

/** Changes for each second: the rows are those of `changes` changes, and come again and again, `group` changes a transaction. */
export async function groupCommitRate(
  db: Database.Database,
  { tables, changes, group, seconds }: GroupCommits,
): Promise<number> {
  const insertions = tables.map((table) => ({
    insert: insertion(db, table),
    rows: table.rows,
    rowsPerChange: table.rows.length / changes,
  }));
  let done = 0;
  const change = () => {
    for (const { insert, rows, rowsPerChange } of insertions) {
      const first = (done % changes) * rowsPerChange;
      for (let row = first; row < first + rowsPerChange; row += 1) insert.run(rows[row]);
    }
    done += 1;
  };
  const commit = db.transaction(() => range(group).forEach(change));
  const until = performance.now() + seconds * 1000;
  const elapsed = await timed(() => {
    while (performance.now() < until) commit();
  });
  return done / (elapsed / 1000);
}

interface GroupCommits {
  readonly tables: readonly WrittenTable[];
  readonly changes: number;
  readonly group: number;
  readonly seconds: number;
}

function insertion(db: Database.Database, { name, columns }: WrittenTable): Database.Statement {
  return db.prepare(`INSERT OR REPLACE INTO ${name} VALUES (${columns.map(() => '?').join(', ')})`);
}
