import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.js';
import { runCommand } from '../support/command.js';
import { temporaryDirectory } from '../support/sqlite-source.js';

const migrations = fileURLToPath(new URL('../../../migrations', import.meta.url));

/** A data directory with a database, and the command on it. */
function setUp(t: TestContext) {
  const dataDir = temporaryDirectory(t);
  const file = join(dataDir, 'lvsd.db');
  createSqliteStore({ file }).close();
  const run = (...args: string[]) => runCommand([...args, '--data-dir', dataDir]);
  return { dataDir, file, run };
}

test('every command explains itself, with examples', async () => {
  const commands = [
    '',
    'serve',
    'migrate',
    'import',
    'export',
    'openapi',
    'audit verify',
    'audit archive',
    'history',
    'diff',
    'rollback',
    'token create',
    'token list',
    'token revoke',
  ];
  await Promise.all(
    commands.map(async (command) => {
      const { code, stdout } = await runCommand([...command.split(' ').filter(Boolean), '--help']);
      assert.equal(code, 0, command);
      assert.match(stdout, new RegExp(`^Usage: lvsd ${command}`), command);
      assert.match(stdout, /\nExamples:\n {2}# .+\n {2}\$ /, command);
    }),
  );
});

test('wrong usage is told on standard error, with exit code 2', async () => {
  const misuses: readonly [args: string[], wanted: RegExp][] = [
    [['nope'], /unknown command 'nope'/],
    [['token', 'create', 'x'], /required option '--role <role>'/],
    [['token', 'create', 'x', '--role', 'root'], /'root' is invalid.*Allowed choices are viewer/],
    [['token', 'create', 'x', '--role', 'viewer', '--expires', '3y'], /units are m \(minutes\)/],
    [['audit', 'verify', '--since', 'yesterday'], /must be ID:HASH/],
    [['serve', '--http', 'localhost'], /--http is "localhost": it must be HOST:PORT/],
    [['serve', '--http', '0.0.0.0:80'], /no TLS/],
    [[], /Usage: lvsd/],
  ];
  await Promise.all(
    misuses.map(async ([args, wanted]) => {
      const { code, stdout, stderr } = await runCommand(args);
      assert.equal(code, 2, args.join(' '));
      assert.equal(stdout, '');
      assert.match(stderr, wanted);
    }),
  );
});

test('the version is that of the package', async () => {
  const file = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  assert.deepEqual(await runCommand(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
});

test('openapi prints the committed document', async () => {
  const { code, stdout } = await runCommand(['openapi']);
  assert.equal(code, 0);
  assert.equal(stdout, readFileSync(new URL('../../../openapi/openapi.json', import.meta.url), 'utf8'));
});

test('a file that cannot be written is told in one sentence', async (t) => {
  const output = join(temporaryDirectory(t), 'no', 'such.json');
  const { code, stderr } = await runCommand(['openapi', '--output', output]);
  assert.equal(code, 1);
  assert.match(stderr, /^lvsd: ENOENT: .*such\.json'\. .+\n$/);
});

test('migrate makes a database, and then has nothing to do', async (t) => {
  const dataDir = join(temporaryDirectory(t), 'new');
  const first = await runCommand(['migrate'], { LVSD_DATA_DIR: dataDir });
  const names = readdirSync(migrations).sort();
  const stdout = names.map((name) => `Ran ${name.replace('.sql', '')}.\n`).join('');
  assert.deepEqual(first, { code: 0, stdout, stderr: '' });
  assert.equal(statSync(dataDir).mode & 0o777, 0o700);
  assert.equal(statSync(join(dataDir, 'lvsd.db')).mode & 0o777, 0o600);
  const second = await runCommand(['migrate', '--data-dir', dataDir]);
  assert.deepEqual(second, { code: 0, stdout: 'Nothing to do: the database is up to date.\n', stderr: '' });
});

test('a command that needs a database does not make one', async (t) => {
  const dataDir = join(temporaryDirectory(t), 'mistyped');
  const { code, stderr } = await runCommand(['token', 'list', '--data-dir', dataDir]);
  assert.equal(code, 1);
  assert.match(stderr, /^lvsd: There is no database in .*mistyped: .*--data-dir.*\n$/);
  assert.equal(existsSync(dataDir), false);
});

test('a command refuses a database that has not had every migration, and does not change it', async (t) => {
  const dataDir = temporaryDirectory(t);
  const db = new Database(join(dataDir, 'lvsd.db'));
  t.after(() => db.close());
  const { code, stderr } = await runCommand(['token', 'list', '--data-dir', dataDir]);
  assert.equal(code, 1);
  assert.match(stderr, /^lvsd: The database has not had migration 0001_store: run "lvsd migrate".*\n$/);
  assert.deepEqual(db.prepare('SELECT name FROM sqlite_schema').all(), []);
});

test('a file that is no database is told in one sentence', async (t) => {
  const { file, run } = setUp(t);
  writeFileSync(file, 'x'.repeat(10_000));
  const { code, stderr } = await run('token', 'list');
  assert.equal(code, 1);
  assert.match(stderr, /^lvsd: The database failed \(SQLITE_NOTADB: file is not a database\), .*\n$/);
});

test('tokens are made, listed and revoked; only the secret goes to standard output', async (t) => {
  const { run, file } = setUp(t);
  const made = await run(
    'token',
    'create',
    'ci',
    '--role',
    'editor',
    '--project',
    'default',
    '--expires',
    '90d',
  );
  assert.equal(made.code, 0);
  assert.match(made.stdout, /^lvsd_[\w-]{43}\n$/);
  assert.match(made.stderr, /^Token ci: editor of project default; it expires at .+ not shown again:\n$/);
  await run('token', 'create', 'admin', '--role', 'admin');

  const listed = await run('token', 'list');
  const [headings, admin, ci, ...rest] = listed.stdout.trimEnd().split('\n');
  assert.match(headings ?? '', /^NAME +ROLE +PROJECT +EXPIRES +CREATED$/);
  assert.match(admin ?? '', /^admin +admin +\* +never +20\d\d-/);
  const inNinetyDays = new Date(Date.now() + 90 * 86_400_000).toISOString().slice(0, 10);
  assert.match(ci ?? '', new RegExp(`^ci +editor +default +${inNinetyDays}T`));
  assert.deepEqual(rest, []);

  const again = await run('token', 'create', 'ci', '--role', 'viewer', '--project', 'default');
  assert.deepEqual([again.code, again.stdout], [1, '']);
  assert.match(again.stderr, /^lvsd: There is a token ci already.*\n$/);

  const revoke = ['token', 'revoke', 'ci', '--project', 'default'];
  assert.equal((await run(...revoke, '--reason', 'leaked')).stdout, 'Token ci is revoked.\n');
  assert.match((await run(...revoke)).stderr, /^lvsd: There is no token ci\.\n$/);

  const store = createSqliteStore({ file });
  t.after(() => store.close());
  const events = store.read((reader) =>
    reader.events({ order: 'ascending', limit: 9, resource: 'projects/default/tokens/ci' }),
  );
  assert.deepEqual(
    events.map(({ action, transport, reason }) => [action, transport, reason]),
    [
      ['createProjectToken', 'cli', null],
      ['deleteProjectToken', 'cli', 'leaked'],
    ],
  );
  assert.match(events[0]?.actor.principal ?? '', /^.+@cli$/);
});

test('audit verify prints a mark, accepts it later, and fails on a changed or cut-off log', async (t) => {
  const { run, file } = setUp(t);
  await run('token', 'create', 'a', '--role', 'viewer');
  const first = await run('audit', 'verify');
  assert.equal(first.code, 0);
  assert.match(first.stdout, /^2:[0-9a-f]{64}\n$/);
  assert.match(first.stderr, /^The audit log is whole: 2 events\./);
  const mark = first.stdout.trim();

  await run('token', 'create', 'b', '--role', 'viewer');
  assert.equal((await run('audit', 'verify', '--since', mark)).code, 0);

  const db = new Database(file);
  t.after(() => db.close());
  for (const name of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck().all()) {
    db.exec(`DROP TRIGGER ${String(name)}`);
  }
  db.exec('DELETE FROM audit_events WHERE id > 1');
  assert.equal((await run('audit', 'verify')).code, 0, 'the chain alone cannot show a cut-off end');
  const cut = await run('audit', 'verify', '--since', mark);
  assert.deepEqual([cut.code, cut.stdout], [1, '']);
  assert.match(cut.stderr, /^lvsd: The audit log was changed\. Event 2 is not what it was .*\n$/);

  db.exec("UPDATE audit_events SET body = replace(body, 'system', 'nobody')");
  const edited = await run('audit', 'verify');
  assert.deepEqual([edited.code, edited.stdout], [1, '']);
  assert.match(edited.stderr, /^lvsd: The audit log was changed\. Event 1 was edited/);
});
