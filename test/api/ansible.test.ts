/** Runs what docs/ansible.md shows, with the ansible of Debian. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { frontendKey } from '../../src/domain/keys.js';
import type { RealServer } from '../../src/domain/schema/resource.js';
import { CLUSTERS } from '../support/doors.js';
import { filesOfPage } from '../support/page-files.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';

const execute = promisify(execFile);

const server = await startTestServer();
const rest = createRestClient(server);
const directory = mkdtempSync(join(tmpdir(), 'lvsd-ansible-'));
const tokenFile = join(directory, 'token');
for (const [name, content] of Object.entries(filesOfPage('ansible.md'))) {
  writeFileSync(join(directory, name), content);
}
writeFileSync(tokenFile, await server.createToken('editor', 'default'));
after(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

const WEB1 = `${CLUSTERS}/shop/virtual-services/http/real-servers/web1`;
const HTTP = frontendKey({ protocol: 'tcp', address: '192.168.10.88', port: 80 });

/** How many tasks changed something; fails the test when one failed. */
async function playbook(...args: string[]): Promise<{ changed: number; output: string }> {
  const { stdout: output } = await execute('ansible-playbook', ['lvsd.yml', ...args], {
    cwd: directory,
    timeout: 60_000,
    env: {
      PATH: process.env.PATH,
      LANG: 'C.UTF-8',
      HOME: directory,
      LVSD_SERVER: server.url,
      LVSD_TOKEN_FILE: tokenFile,
      LVSD_REASON: 'ticket 4711',
    },
  });
  const [, changed] = /^localhost\s.*\bchanged=(\d+) .*\bfailed=0 /m.exec(output) ?? [];
  assert.ok(changed, output);
  return { changed: Number(changed), output };
}

test('check mode tells what would change, and changes nothing', async () => {
  const revision = () => server.running.store.read((reader) => reader.revision());
  const before = revision();
  const { changed, output } = await playbook('--check');
  assert.equal(changed, 1);
  assert.match(
    output,
    /create projects\/default\/clusters\/shop\/virtual-services\/http\/real-servers\/web1/,
  );
  assert.equal(revision(), before);
});

test('the first run changes, the second does not', async () => {
  assert.equal((await playbook()).changed, 1);
  assert.ok((await server.kernel.open().read()).has(HTTP), 'it waited for the kernel');
  const [event] = server.running.store.read((reader) =>
    reader.events({ order: 'ascending', limit: 1, kinds: ['change'], action: 'replaceDefinition' }),
  );
  assert.equal(event?.reason, 'ansible: ticket 4711');
  const revision = () => server.running.store.read((reader) => reader.revision());
  const before = revision();
  const { changed, output } = await playbook();
  assert.equal(changed, 0, output);
  assert.equal(revision(), before);
});

test('what somebody else changed in the definition is set back', async () => {
  await rest('PATCH', WEB1, { body: { spec: { weight: 9 } } });
  const { changed, output } = await playbook();
  assert.equal(changed, 1);
  assert.match(
    output,
    /update projects\/default\/clusters\/shop\/virtual-services\/http\/real-servers\/web1/,
  );
  assert.equal((await rest<RealServer>('GET', WEB1)).body.spec.weight, 3);
});
