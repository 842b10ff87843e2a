/**
 * Brings a database to the schema of this lvsd: runs the files of `migrations/` that it has not had yet, each in a
 * transaction of its own, and remembers their checksums. A file that was once run must never change.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Database } from 'better-sqlite3';
import { DomainError } from '../../domain/errors.js';
import { packageRoot } from '../../package-root.js';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

type Applied = Pick<Migration, 'version' | 'name' | 'sha256'>;

/** `migrations/` beside `dist/`, at the root of the package. */
const MIGRATIONS = fileURLToPath(new URL('migrations/', packageRoot));

/** Reads NNNN_name.sql files; they must be numbered 1, 2, 3 … without a gap. */
export function readMigrations(directory: string = MIGRATIONS): Migration[] {
  const files = readdirSync(directory)
    .filter((file) => file.endsWith('.sql'))
    .sort();
  return files.map((file, index) => {
    const [, digits, name] = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file) ?? [];
    const version = Number(digits);
    if (name === undefined || version !== index + 1) {
      const wanted = `${labelOf({ version: index + 1, name: 'name' })}.sql`;
      throw refusal(`${join(directory, file)} is out of order: the next migration must be ${wanted}.`);
    }
    const sql = readFileSync(join(directory, file), 'utf8');
    return { version, name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
  });
}

/** Returns those it ran; refuses, without a change, a database that does not fit the files. */
export function migrate(db: Database, migrations: readonly Migration[]): Migration[] {
  createHistory(db);
  const insert = db.prepare<[number, string, string, string]>(
    'INSERT INTO schema_migrations (version, name, sha256, applied_at) VALUES (?, ?, ?, ?)',
  );
  const runNext = db.transaction(() => {
    const [next] = pendingOf(db, migrations); // read again: another process may have been faster
    if (next === undefined) return undefined;
    db.exec(next.sql);
    insert.run(next.version, next.name, next.sha256, new Date().toISOString());
    return next;
  });

  const done: Migration[] = [];
  while (pendingOf(db, migrations).length > 0) {
    const migration = runNext.immediate();
    if (migration !== undefined) done.push(migration);
  }
  return done;
}

/** Refuses, besides a database that does not fit the files, one that has not had them all. */
export function requireMigrated(db: Database, migrations: readonly Migration[]): void {
  const [next] = pendingOf(db, migrations);
  if (next === undefined) return;
  throw refusal(
    `The database has not had migration ${labelOf(next)}: run "lvsd migrate", or start this lvsd.`,
  );
}

/** `0001_store`. */
export function labelOf({ version, name }: Pick<Migration, 'version' | 'name'>): string {
  return `${String(version).padStart(4, '0')}_${name}`;
}

function createHistory(db: Database): void {
  db.exec(
    `CREATE TABLE IF NOT EXISTS schema_migrations (
       version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL
     ) STRICT`,
  );
}

function pendingOf(db: Database, migrations: readonly Migration[]): readonly Migration[] {
  const applied = appliedTo(db);
  for (const [index, { version, name, sha256 }] of applied.entries()) {
    const label = labelOf({ version, name });
    if (version !== index + 1) {
      throw refusal(`The database has had migration ${label} but not number ${index + 1}; restore a backup.`);
    }
    const known = migrations[index];
    if (known === undefined) {
      throw refusal(`The database was made by a newer lvsd (migration ${label}); run that version.`);
    }
    if (known.name !== name || known.sha256 !== sha256) {
      throw refusal(`Migration ${label} was changed after this database had it; install the original file.`);
    }
  }
  return migrations.slice(applied.length);
}

function appliedTo(db: Database): Applied[] {
  const history = db.prepare("SELECT name FROM sqlite_schema WHERE name = 'schema_migrations'");
  if (history.get() === undefined) return [];
  return db
    .prepare<[], Applied>('SELECT version, name, sha256 FROM schema_migrations ORDER BY version')
    .all();
}

function refusal(message: string): DomainError {
  return new DomainError('STORE_UNAVAILABLE', message);
}
