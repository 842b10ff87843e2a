// What docs/audit.md says is done, block by block, against a live server.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { putShop, SHOP, WEB_1 } from '../support/shop.js';
import { temporaryDirectory } from '../support/sqlite-source.js';

const text = readFileSync(new URL('../../../docs/audit.md', import.meta.url), 'utf8');
const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** What each block must print, in their order. */
const EXPECTED: readonly RegExp[] = [
  /"action":"updateRealServer".*"reason":"ticket 4711"/,
  / {2}updated: spec\.weight 3 -> 9 {2}\("ticket 4711"\)/,
  /spec\.weight 3 -> 9.*~ virtual-services\/http\/real-servers\/web-1.*"nextPageToken"/s,
  /^$/,
  /^\d+:[0-9a-f]{64}\n$/,
  /\.ndjson\.gz\n\d+:[0-9a-f]{64}\n\d+:[0-9a-f]{64}\n$/,
];

test('the commands of the page for auditors do what it says', async (t) => {
  const server = await startTestServer();
  t.after(() => server.stop());
  const rest = createRestClient(server);
  await putShop(rest);
  const patched = await rest('PATCH', WEB_1, {
    body: { spec: { weight: 9 } },
    headers: { 'x-audit-reason': 'ticket 4711' },
  });
  assert.equal(patched.status, 200);
  const folder = temporaryDirectory(t);
  writeFileSync(join(folder, 'lvsd'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
  chmodSync(join(folder, 'lvsd'), 0o755);
  const env = {
    PATH: `${folder}:${process.env.PATH}`,
    LVSD_SERVER: server.url,
    LVSD_TOKEN: server.adminToken,
    LVSD_DATA_DIR: server.dataDir,
  };
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, script = '']) => script);
  assert.equal(blocks.length, EXPECTED.length);
  for (const [index, script] of blocks.entries()) {
    const { stdout } = await promisify(execFile)('bash', ['-euc', script], { cwd: folder, env });
    assert.match(stdout, EXPECTED[index] as RegExp, script);
  }
});

test('history, difference and rollback from the command line', async (t) => {
  const server = await startTestServer();
  t.after(() => server.stop());
  const rest = createRestClient(server);
  await putShop(rest);
  const then = String(server.running.store.read((reader) => reader.revision()));
  await rest('PATCH', WEB_1, { body: { spec: { weight: 9 } } });
  const env = { LVSD_SERVER: server.url, LVSD_TOKEN: server.adminToken };
  const run = async (...args: string[]) => {
    const command = promisify(execFile)(process.execPath, [main, ...args], { env });
    return command.then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        code,
        stdout,
        stderr,
      }),
    );
  };
  const latest = await run('history', 'shop', '--limit', '1', '--json');
  assert.equal((JSON.parse(latest.stdout) as { summary: string }[]).length, 1);
  const patch = await run('diff', 'shop', '--from', then, '--json');
  assert.equal((JSON.parse(patch.stdout) as { patch: { value: number }[] }).patch[0]?.value, 9);
  const preview = await run('rollback', 'shop', '--to', then, '--validate-only');
  assert.match(preview.stdout, /^update {2}projects\/.*web-1\n1 changes, 1 kernel operations\n$/);
  const done = await run('rollback', 'shop', '--to', then, '--reason', 'ticket 4712');
  assert.match(done.stdout, new RegExp(`^As it was after revision ${then}; this is revision \\d+\\.\n$`));
  assert.match((await run('rollback', 'shop', '--to', then)).stdout, /nothing changed/);
  assert.match((await run('history', 'shop', '--limit', '1')).stdout, /weight 9 -> 3 {2}\("ticket 4712"\)/);
  await rest('DELETE', `${SHOP}?cascade=true`);
  const held = await run('rollback', 'shop', '--to', '999999');
  assert.deepEqual([held.code, /There is no revision 999999 yet/.test(held.stderr)], [1, true]);
  assert.equal((await run('rollback', 'shop', '--to', then, '--max-deletions', '0')).code, 0);
  assert.equal((await run('history', 'shop', '--real-server', 'web-1')).code, 1);
  assert.equal((await run('diff', 'shop', '--from', 'x')).code, 2);
});
