import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { migrate, readMigrations } from '../../src/store/sqlite/migrate.js';
import { temporaryDirectory } from '../support/sqlite-source.js';

test('migrations run once, in order, each remembered with its checksum', (t) => {
  const { directory, db } = fresh(t, ['CREATE TABLE a (x)', 'CREATE TABLE b (x); INSERT INTO b VALUES (1)']);
  assert.deepEqual(names(migrate(db, readMigrations(directory))), ['1 step', '2 step']);
  assert.deepEqual(migrate(db, readMigrations(directory)), []);
  write(directory, 3, 'INSERT INTO b VALUES (2)');
  assert.deepEqual(names(migrate(db, readMigrations(directory))), ['3 step']);
  assert.deepEqual(db.prepare('SELECT x FROM b').pluck().all(), [1, 2]);
});

test('a migration that fails is undone as a whole, and those before it stay', (t) => {
  const { directory, db } = fresh(t, ['CREATE TABLE a (x)', 'CREATE TABLE b (x); CREATE TABLE a (x)']);
  assert.throws(() => migrate(db, readMigrations(directory)), /table a already exists/);
  assert.deepEqual(tables(db), ['a', 'schema_migrations']);
  write(directory, 2, 'CREATE TABLE b (x)');
  assert.deepEqual(names(migrate(db, readMigrations(directory))), ['2 step']);
});

test('a file that was changed after it ran is refused', (t) => {
  const { directory, db } = fresh(t, ['CREATE TABLE a (x)']);
  migrate(db, readMigrations(directory));
  write(directory, 1, 'CREATE TABLE a (x, y)');
  write(directory, 2, 'CREATE TABLE b (x)');
  assert.throws(() => migrate(db, readMigrations(directory)), {
    reason: 'STORE_UNAVAILABLE',
    message: /0001_step was changed after this database had it/,
  });
  assert.deepEqual(tables(db), ['a', 'schema_migrations']);
});

test('a database of a newer lvsd is refused', (t) => {
  const { directory, db } = fresh(t, ['CREATE TABLE a (x)', 'CREATE TABLE b (x)']);
  const migrations = readMigrations(directory);
  migrate(db, migrations);
  assert.throws(() => migrate(db, migrations.slice(0, 1)), {
    reason: 'STORE_UNAVAILABLE',
    message: /made by a newer lvsd \(migration 0002_step\)/,
  });
});

test('a database that lost a migration is refused', (t) => {
  const { directory, db } = fresh(t, ['CREATE TABLE a (x)', 'CREATE TABLE b (x)']);
  migrate(db, readMigrations(directory));
  db.exec('DELETE FROM schema_migrations WHERE version = 1');
  assert.throws(() => migrate(db, readMigrations(directory)), /migration 0002_step but not number 1/);
});

test('files that leave a number out, or are not named as they must be, are refused', (t) => {
  const { directory } = fresh(t, ['CREATE TABLE a (x)', 'CREATE TABLE b (x)']);
  renameSync(join(directory, '0002_step.sql'), join(directory, '0003_step.sql'));
  assert.throws(() => readMigrations(directory), /0003_step\.sql is out of order.*0002_name\.sql/);
  renameSync(join(directory, '0003_step.sql'), join(directory, '2-step.sql'));
  assert.throws(() => readMigrations(directory), /2-step\.sql is out of order/);
});

test('the migrations of this package make a database of strict tables', (t) => {
  const { db } = fresh(t, []);
  migrate(db, readMigrations());
  const loose = db.prepare(
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0",
  );
  assert.deepEqual(
    loose
      .pluck()
      .all()
      .filter((name) => !String(name).startsWith('sqlite_')),
    [],
  );
});

test('entries that were owned before their origin was known are taken for made by lvsd', (t) => {
  const { db } = fresh(t, []);
  const migrations = readMigrations();
  migrate(db, migrations.slice(0, 1));
  db.exec(
    `INSERT INTO entries (key, path, state, config, revision, drain_seconds) VALUES ('k', 'p', 'living', '{}', 1, 0)`,
  );
  migrate(db, migrations);
  assert.deepEqual(db.prepare('SELECT key, origin FROM entries').all(), [{ key: 'k', origin: 'made' }]);
});

test('what definitions ask of the surroundings of a director is owned after the migration', (t) => {
  const { db } = fresh(t, []);
  const migrations = readMigrations();
  migrate(db, migrations.slice(0, 2));
  const put = db.prepare(
    `INSERT INTO resources (path, kind, parent, name, labels, spec, revision, create_time, update_time)
     VALUES (?, ?, ?, 'n', '{}', ?, 7, '', '')`,
  );
  const own = db.prepare(
    `INSERT INTO entries (key, path, state, config, revision, drain_seconds) VALUES (?, ?, 'living', '{}', 7, 0)`,
  );
  const pool = { addresses: ['198.51.100.2', '2001:db8::2', '198.51.100.1', '198.51.100.2'] };
  const clusters = {
    a: { vip: { interface: 'eth0' }, forwarding: { method: 'fullnat', snat: pool } },
    b: { vip: { interface: null }, forwarding: { method: 'dr' } },
  };
  const services = {
    a: {
      x: { address: '192.0.2.1' },
      y: { address: '192.0.2.1', forwarding: { method: 'nat' } },
      z: { address: '2001:db8::1' },
      m: { fwmark: 7, family: 'ipv4' },
    },
    b: { x: { address: '192.0.2.3', forwarding: { method: 'fullnat' } }, y: { address: '192.0.2.4' } },
  };
  for (const [cluster, spec] of Object.entries(clusters)) {
    put.run(cluster, 'cluster', null, JSON.stringify(spec));
    for (const [name, service] of Object.entries(services[cluster as 'a' | 'b'])) {
      put.run(`${cluster}/${name}`, 'virtualService', cluster, JSON.stringify(service));
      own.run(`key-${cluster}${name}`, `${cluster}/${name}`);
    }
  }
  migrate(db, migrations);
  const rows = db
    .prepare("SELECT key, path, config, origin, revision FROM entries WHERE key LIKE '%/%' ORDER BY key")
    .raw()
    .all() as [string, string, string, string, number][];
  assert.deepEqual(
    rows.map(([key, path, config, ...rest]) => [key, path, JSON.parse(config), ...rest]),
    [
      ['address/192.0.2.1', 'a/x', { interface: 'eth0', prefixLength: 32 }, 'fresh', 7],
      ['address/2001:db8::1', 'a/z', { interface: 'eth0', prefixLength: 128 }, 'fresh', 7],
      ['snat/key-am', 'a/m', { addresses: ['198.51.100.1', '198.51.100.2'] }, 'fresh', 7],
      ['snat/key-ax', 'a/x', { addresses: ['198.51.100.1', '198.51.100.2'] }, 'fresh', 7],
      ['snat/key-az', 'a/z', { addresses: ['2001:db8::2'] }, 'fresh', 7],
      ['snat/key-bx', 'b/x', { addresses: null }, 'fresh', 7],
    ],
  );
});

test('what projects have already is counted by the migration, and from then on with every change', (t) => {
  const { db } = fresh(t, []);
  const migrations = readMigrations();
  migrate(db, migrations.slice(0, 4));
  const put = db.prepare(
    `INSERT INTO resources (path, kind, parent, name, labels, spec, revision, create_time, update_time)
     VALUES (?, ?, NULL, 'n', '{}', '{}', 1, '', '')`,
  );
  put.run('projects/default', 'project');
  put.run('projects/a', 'project');
  put.run('tokens/ci', 'token');
  for (const path of [
    'projects/default/clusters/x',
    'projects/default/clusters/y',
    'projects/a/clusters/x',
  ]) {
    put.run(path, 'cluster');
    put.run(`${path}/virtual-services/http`, 'virtualService');
  }
  migrate(db, migrations);
  put.run('projects/a/clusters/y', 'cluster');
  db.exec("DELETE FROM resources WHERE path = 'projects/default/clusters/y/virtual-services/http'");
  assert.deepEqual(db.prepare('SELECT project, kind, count FROM project_usage ORDER BY 1, 2').raw().all(), [
    ['a', 'cluster', 2],
    ['a', 'virtualService', 1],
    ['default', 'cluster', 2],
    ['default', 'virtualService', 1],
  ]);
});

function fresh(t: TestContext, migrations: readonly string[]) {
  const directory = temporaryDirectory(t);
  for (const [index, sql] of migrations.entries()) write(directory, index + 1, sql);
  const db = new Database(':memory:');
  t.after(() => db.close());
  return { directory, db };
}

function write(directory: string, version: number, sql: string): void {
  writeFileSync(join(directory, `${String(version).padStart(4, '0')}_step.sql`), sql);
}

function names(migrations: ReturnType<typeof migrate>): string[] {
  return migrations.map(({ version, name }) => `${version} ${name}`);
}

function tables(db: Database.Database): unknown[] {
  return db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all();
}

test('a token that was good for one project lives in it after the migration, with its secret', (t) => {
  const { db } = fresh(t, []);
  const migrations = readMigrations();
  const added = migrations.findIndex(({ name }) => name.includes('project_tokens'));
  migrate(db, migrations.slice(0, added));
  const put = db.prepare(
    `INSERT INTO resources (path, kind, parent, name, labels, spec, revision, create_time, update_time)
     VALUES (?, ?, NULL, ?, '{}', ?, 7, '', '')`,
  );
  put.run('projects/shop', 'project', 'shop', '{}');
  put.run('tokens/ci', 'token', 'ci', JSON.stringify({ role: 'editor', project: 'shop', expireTime: null }));
  put.run(
    'tokens/admin',
    'token',
    'admin',
    JSON.stringify({ role: 'admin', project: null, expireTime: null }),
  );
  const bind = db.prepare('INSERT INTO credentials (hash, path) VALUES (?, ?)');
  bind.run(Buffer.alloc(32, 1), 'tokens/ci');
  bind.run(Buffer.alloc(32, 2), 'tokens/admin');
  migrate(db, migrations);
  const rows = db.prepare(
    `SELECT resources.path, parent, name, spec, hex(substr(hash, 1, 1)) AS hash
     FROM resources JOIN credentials ON credentials.path = resources.path ORDER BY resources.path`,
  );
  assert.deepEqual(rows.all(), [
    {
      ...{ path: 'projects/shop/tokens/ci', parent: 'projects/shop', name: 'ci', hash: '01' },
      spec: '{"role":"editor","expireTime":null}',
    },
    {
      ...{ path: 'tokens/admin', parent: null, name: 'admin', hash: '02' },
      spec: '{"role":"admin","expireTime":null}',
    },
  ]);
  assert.equal(db.prepare("SELECT count(*) FROM resources WHERE kind = 'token'").pluck().get(), 2);
});
