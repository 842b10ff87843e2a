/** The portal page: its commands are run as they stand, and do what it says. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { besideServer, freePort } from '../support/first-calls.js';

const page = readFileSync(fileURLToPath(new URL('../../../docs/portal.md', import.meta.url)), 'utf8');

test('the page of the portal does what it says', async () => {
  const http = `127.0.0.1:${await freePort()}`;
  const variables = { LVSD_HTTP: http, LVSD_GRPC: '127.0.0.1:0', LVSD_DRIVER: 'memory' };
  const script = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block).join('\n');
  await besideServer({ http, variables }, async (folder) => {
    const { stdout, stderr } = await promisify(execFile)(
      'sh',
      ['-c', script.replaceAll('127.0.0.1:8080', http)],
      { cwd: folder, timeout: 60_000 },
    );
    assert.equal(stderr, '');
    const answers = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    const [project, , refused, mine, hidden, audit, tightened, reweighed, full, gone] = answers;
    assert.equal(answers.length, 10);
    assert.equal(project.spec.limits.ports[0].to, 80);
    assert.deepEqual([refused.status, refused.reason], [422, 'VIP_NOT_ALLOWED']);
    assert.equal(refused.errors[0].pointer, '/spec/address');
    assert.match(refused.detail, /192\.0\.2\.16\/28/);
    assert.equal(mine.items.length, 1);
    assert.deepEqual(mine.items[0].status.usage, { clusters: 1, virtualServices: 1, realServers: 2 });
    assert.deepEqual([hidden.status, hidden.reason], [404, 'PROJECT_NOT_FOUND']);
    assert.equal(audit.items[0].actor.credentialId, 'projects/blog/tokens/ci');
    assert.deepEqual(
      tightened.status.violations.map(({ resource, reason }: { resource: string; reason: string }) => [
        resource.split('/').at(-1),
        reason,
      ]),
      [['web2', 'RIP_NOT_ALLOWED']],
    );
    assert.equal(reweighed.spec.weight, 5);
    assert.deepEqual([full.status, full.reason], [409, 'QUOTA_EXCEEDED']);
    assert.deepEqual([gone.status, gone.reason], [401, 'UNAUTHENTICATED']);
    const events = readFileSync(join(folder, 'blog-events'), 'utf8');
    assert.match(events, /"command":"NEW_DEST"/);
  });
});
