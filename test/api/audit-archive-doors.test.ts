// Archives through both doors and the command, beside a running server.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { AuditArchive, AuditArchiving } from '../../src/domain/schema/audit-archive.js';
import type { Integrity } from '../../src/domain/schema/audit-event.js';
import { runCommand, startCommand } from '../support/command.js';
import { startGrpcSession } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';
import { putShop, removeShop, SHOP } from '../support/shop.js';
import { temporaryDirectory } from '../support/sqlite-source.js';

const { server, call, stop } = await startGrpcSession();
const rest = createRestClient(server);
const { dataDir } = server;
const directory = join(dataDir, 'audit-archive');
after(stop);

const ARCHIVES = '/v1/audit-archives';
const onData = (...args: string[]) => runCommand([...args, '--data-dir', dataDir]);
const files = () => readdirSync(directory).map((file) => join(directory, file));
const integrity = async () => (await rest<Integrity>('GET', '/v1/audit-events/integrity')).body;

test('both doors and the command archive, and files and log verify as one chain', async () => {
  await putShop(rest);
  const preview = await rest<AuditArchiving>('POST', `${ARCHIVES}?validateOnly=true`, {
    body: { keepDays: 0 },
  });
  assert.deepEqual([preview.status, preview.body.archives, preview.body.remaining > 0], [200, [], true]);
  const mark = (await onData('audit', 'verify')).stdout.trim();
  const { status, body } = await rest<AuditArchiving>('POST', ARCHIVES, {
    body: { keepDays: 0, gzip: true },
    headers: { 'x-audit-reason': 'quarter' },
  });
  assert.deepEqual([status, body.archives.length], [201, 1]);

  await removeShop(rest);
  const { archiving } = await call('AuditService/CreateAuditArchive', { keepDays: 0, reason: 'half' });
  assert.equal((archiving as { archives: unknown[] }).archives.length, 1);
  await putShop(rest);
  const byCommand = await onData('audit', 'archive', '--keep-days', '0', '--reason', 'year');
  assert.equal(byCommand.code, 0, byCommand.stderr);
  assert.match(byCommand.stderr, /^\d+ audit events are in files now/);

  const list = await rest<{ items: AuditArchive[] }>('GET', ARCHIVES);
  const { items } = await call('AuditService/ListAuditArchives', {});
  assert.deepEqual(
    list.body.items.map(({ file, sha256 }) => [file, sha256]),
    (items as unknown as AuditArchive[]).map(({ file, sha256 }) => [file, sha256]),
  );
  assert.equal(list.body.items.length, 3);
  assert.equal(byCommand.stdout.trim(), join(directory, list.body.items[2]?.file ?? ''));

  const { intact, archivedThrough } = await integrity();
  assert.deepEqual([intact, archivedThrough], [true, list.body.items[2]?.lastId]);
  const gone = await rest('GET', '/v1/audit-events/1');
  assert.deepEqual([gone.status, gone.body.reason], [410, 'REVISION_ARCHIVED']);
  assert.equal((await rest('GET', `${SHOP}/definition?revision=1`)).status, 410);
  const reasons = await rest<{ items: { reason: string }[] }>(
    'GET',
    '/v1/audit-events?action=createAuditArchive',
  );
  assert.deepEqual(
    reasons.body.items.map(({ reason }) => reason),
    ['year'],
    'what says of the other archives is in files itself',
  );

  const log = await onData('audit', 'verify');
  assert.match(log.stderr, /from event \d+ on; those before are archived/);
  const chain = await onData('audit', 'verify', '--since', mark, '--archive', ...files());
  assert.equal(chain.code, 0, chain.stderr);
  assert.match(chain.stderr, /The archives are whole: events 1 to/);
  assert.equal(chain.stdout, log.stdout);
  const alone = await runCommand([
    'audit',
    'verify',
    '--no-database',
    '--since',
    mark,
    '--archive',
    ...files(),
  ]);
  assert.deepEqual([alone.code, alone.stdout.split(':')[0]], [0, String(archivedThrough)]);
});

test('what is missing or was changed is named', async (t) => {
  const [first = '', , last = ''] = files().sort();
  const copy = join(temporaryDirectory(t), 'copy.ndjson');
  writeFileSync(copy, readFileSync(last, 'utf8').replace('"principal":"test', '"principal":"mest'));
  const mark = `1:${'0'.repeat(64)}`;
  const faults: readonly [args: readonly string[], wanted: RegExp][] = [
    [['--archive', first], /name the files between them too/],
    [['--archive', first, last], /they do not follow one another/],
    [['--archive', copy], /copy\.ndjson: Event \d+ was edited/],
    [['--archive', join(directory, 'none')], /cannot be read/],
    [['--archive', ...files(), '--since', mark], /Event 1 is not what it was/],
    [['--since', mark], /which is in an archive file: name the files/],
    [['--no-database'], /nothing to check/],
  ];
  for (const [args, wanted] of faults) {
    const { code, stdout, stderr } = await onData('audit', 'verify', ...args);
    assert.deepEqual([code, stdout], [1, ''], args.join(' '));
    assert.match(stderr, wanted);
  }
  const both = await onData('audit', 'archive', '--keep-days', '1', '--before', '2026-01-01T00:00:00Z');
  assert.match(both.stderr, /not both/);
  assert.equal((await onData('audit', 'archive', '--before', '2999-01-01T00:00:00Z')).code, 2);
});

test('kill -9 of the command at any moment loses no event, and the next run ends what it began', async () => {
  for (let round = 0; round < 8; round += 1) {
    await putShop(rest);
    await removeShop(rest);
    const { child, outcome } = startCommand(['audit', 'archive', '--keep-days', '0', '--data-dir', dataDir]);
    const watcher = watch(directory, () => setTimeout(() => child.kill('SIGKILL'), round * 2));
    await outcome;
    watcher.close();
    assert.equal((await integrity()).intact, true, `round ${round}`);
  }
  assert.equal((await onData('audit', 'archive', '--keep-days', '0')).code, 0);
  const recorded = files().filter((file) => !file.includes('.partial'));
  const chain = await onData('audit', 'verify', '--archive', ...recorded);
  assert.equal(chain.code, 0, chain.stderr);
});
