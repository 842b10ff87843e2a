// keepalived itself, started on a configuration, and lvsd's import of the same leave the same table.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNetlinkDriver } from '../../src/driver/netlink/client.js';
import { writeIpvsadmSave } from '../../src/formats/ipvsadm/write.js';
import { writeKeepalived } from '../../src/formats/keepalived/write.js';
import { normaliseDocument } from '../../src/formats/normalise.js';
import { FIXTURES, fixtures, fixtureText, readFixture } from '../support/import-fixtures.js';
import { operationsOf } from '../support/imported-table.js';
import { ipvsadm, savedLines, thresholds } from '../support/ipvsadm.js';

interface Witness {
  readonly saved: readonly string[];
  readonly thresholds: readonly string[];
}

/** Those with health checks are down until they answer; malformed ones keepalived does not start on. */
const WITHOUT_CHECKERS = fixtures('keepalived').filter((name) => !/checkers|malformed/.test(name));
const STARTED = 'Startup complete';
const LIMIT_MS = 20_000;

const driver = createNetlinkDriver();
after(() => driver.close());

async function table(): Promise<Witness> {
  return { saved: await savedLines(), thresholds: await thresholds() };
}

/** What keepalived puts into the table, read while it runs: it empties the table when it ends. */
async function keepalivedTable(file: string): Promise<Witness> {
  await ipvsadm('-C');
  const args = [
    '--check',
    '--dont-fork',
    '--log-console',
    '--log-detail',
    '--no-syslog',
    '--config-id',
    'director-a',
  ];
  const keepalived = spawn('keepalived', [...args, '--use-file', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    await started(keepalived);
    return await settledTable();
  } finally {
    if (keepalived.exitCode === null) {
      keepalived.kill('SIGTERM');
      await once(keepalived, 'exit', { signal: AbortSignal.timeout(LIMIT_MS) });
    }
  }
}

async function started({ stdout, stderr, pid }: ChildProcess): Promise<void> {
  assert.ok(pid !== undefined, 'keepalived could not be started');
  let log = '';
  const deadline = Date.now() + LIMIT_MS;
  for (const stream of [stdout, stderr]) stream?.on('data', (bytes) => (log += bytes));
  while (!log.includes(STARTED)) {
    assert.ok(Date.now() < deadline, `keepalived did not start:\n${log}`);
    await sleep(50);
  }
}

/** The table once two readings agree. */
async function settledTable(): Promise<Witness> {
  let last = await table();
  for (;;) {
    await sleep(200);
    const next = await table();
    if (JSON.stringify(next) === JSON.stringify(last)) return next;
    last = next;
  }
}

async function importedTable(name: string): Promise<Witness> {
  await ipvsadm('-C');
  const [definition] = Object.values(readFixture('keepalived', name).clusters);
  assert.ok(definition, `${name}: nothing was imported`);
  const refusals = await driver.apply(operationsOf(normaliseDocument(definition)));
  assert.deepEqual(
    refusals.filter((error) => error !== null),
    [],
  );
  return table();
}

for (const name of WITHOUT_CHECKERS) {
  test(`${name}: keepalived and the import leave the same table`, async () => {
    const theirs = await keepalivedTable(join(FIXTURES, 'keepalived', name));
    assert.ok(theirs.saved.length >= 2, 'keepalived left an empty table');
    assert.deepEqual(await importedTable(name), theirs);
  });
}

test('all of them, written for keepalived and for ipvsadm -R, lead to the same table again', async () => {
  const documents = WITHOUT_CHECKERS.flatMap((name) =>
    Object.values(readFixture('keepalived', name).clusters),
  );
  const definitions = documents
    .map(normaliseDocument)
    .filter((definition) => writeKeepalived(definition).omissions.length === 0);
  assert.equal(definitions.length, documents.length - 1, 'only NAT to port 0 cannot be written');
  await ipvsadm('-C');
  await driver.apply(definitions.flatMap(operationsOf));
  const imported = await table();
  assert.ok(imported.saved.length > 100, `only ${imported.saved.length} lines`);

  const file = join(await mkdtemp(join(tmpdir(), 'lvsd-import-')), 'keepalived.conf');
  const text = definitions.map((definition) => writeKeepalived(definition).text).join('\n');
  await writeFile(file, text, { mode: 0o644 });
  assert.deepEqual(await keepalivedTable(file), imported, 'written for keepalived');

  await ipvsadm('-C');
  restore(definitions.map((definition) => writeIpvsadmSave(definition).text).join(''));
  assert.deepEqual(await table(), imported, 'written for ipvsadm');
  await ipvsadm('-C');
});

function restore(text: string): void {
  const { status, stderr } = spawnSync('ipvsadm', ['-R'], { input: text, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

for (const name of ['dump.rules', 'by-hand.rules']) {
  test(`${name}: ipvsadm -R and the import leave the same table`, async () => {
    await ipvsadm('-C');
    // ipvsadm has no comments.
    restore(fixtureText('ipvsadm', name).replaceAll(/^#.*\n/gm, ''));
    const theirs = await table();
    await ipvsadm('-C');
    const [definition] = Object.values(readFixture('ipvsadm', name).clusters);
    assert.ok(definition);
    await driver.apply(operationsOf(normaliseDocument(definition)));
    assert.deepEqual(await table(), theirs);
    await ipvsadm('-C');
  });
}
