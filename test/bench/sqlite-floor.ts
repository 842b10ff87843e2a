/** What SQLite itself takes for the rows of lvsd's writes: no rules, no hashes, no JSON. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { range } from './definition.js';
import { timed } from './sample.js';

/** As long as lvsd's rows of a real server, of its entry, and of an audit event. */
const RESOURCE = 'r'.repeat(330);
const ENTRY = 'e'.repeat(160);
const EVENT = 'a'.repeat(800);

/** Runs work on a new database with lvsd's settings (WAL, FULL) and no more than the tables that it writes. */
export async function withRawDatabase<T>(work: (db: Database) => Promise<T> | T): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'lvsd-bench-'));
  const db = openDatabase(join(directory, 'raw.db'), 'FULL');
  db.exec('CREATE TABLE resources (path TEXT PRIMARY KEY, row TEXT) STRICT, WITHOUT ROWID');
  db.exec('CREATE TABLE entries (key TEXT PRIMARY KEY, row TEXT) STRICT, WITHOUT ROWID');
  db.exec('CREATE TABLE audit_events (id INTEGER PRIMARY KEY, body TEXT) STRICT');
  try {
    return await work(db);
  } finally {
    db.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Milliseconds of so many resources with an entry and an event each, in one transaction. */
export function insertResources(db: Database, count: number): Promise<number> {
  const write = writer(db);
  return timed(() => db.transaction(() => range(count).forEach(write))());
}

/**
 * Changes for each second: each of a resource and its entry with two events (the change, and what the kernel did), in
 * transactions of `group` changes.
 */
export async function groupCommitRate(db: Database, group: number, seconds: number): Promise<number> {
  const write = writer(db);
  const event = db.prepare('INSERT INTO audit_events (body) VALUES (?)');
  const change = (index: number) => {
    write(index);
    event.run(EVENT);
  };
  const commit = db.transaction(() => range(group).forEach(change));
  const until = performance.now() + seconds * 1000;
  let changes = 0;
  const elapsed = await timed(() => {
    while (performance.now() < until) {
      commit();
      changes += group;
    }
  });
  return changes / (elapsed / 1000);
}

function writer(db: Database): (index: number) => void {
  const resource = db.prepare('INSERT OR REPLACE INTO resources VALUES (?, ?)');
  const entry = db.prepare('INSERT OR REPLACE INTO entries VALUES (?, ?)');
  const event = db.prepare('INSERT INTO audit_events (body) VALUES (?)');
  return (index) => {
    resource.run(`projects/default/clusters/bench/virtual-services/s1/real-servers/r${index}`, RESOURCE);
    entry.run(`tcp/10.1.0.1:80->10.16.0.1:${index}`, ENTRY);
    event.run(EVENT);
  };
}
