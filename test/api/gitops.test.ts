/** `lvsd plan` and `lvsd apply` against a server, and the page that explains them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Definition } from '../../src/domain/schema/definition.js';
import { writeYaml } from '../../src/formats/yaml.js';
import { type Outcome, runCommand } from '../support/command.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { CLUSTERS } from '../support/shop.js';
import { temporaryDirectory } from '../support/sqlite-source.js';

const server = await startTestServer({ kernel: { localBroadcasts: ['10.0.0.255'] } });
const rest = createRestClient(server);
after(() => server.stop());

const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const environment = { LVSD_SERVER: server.url, LVSD_TOKEN: server.adminToken };
const lvsd = (args: readonly string[], input?: string): Promise<Outcome> =>
  runCommand(args, environment, input);
const revision = () => server.running.store.read((reader) => reader.revision());

const http = { protocol: 'tcp', address: '198.51.100.1', port: 80 };
const shop = (realServers: object) => ({
  spec: { forwarding: { method: 'nat' } },
  virtualServices: { http: { spec: http, realServers } },
});

function write(folder: string, name: string, document: object): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, name.endsWith('.json') ? JSON.stringify(document) : writeYaml(document));
  return file;
}

async function clear(...names: readonly string[]): Promise<void> {
  for (const name of names) await rest('DELETE', `${CLUSTERS}/${name}?cascade=true&drain=false`);
}

test('a plan tells what would change with fields and kernel operations; apply does it once', async (t) => {
  const folder = temporaryDirectory(t);
  write(folder, 'sub/shop.yaml', shop({ web1: { spec: { address: '10.0.0.1', weight: 3 } } }));
  write(folder, 'blog.json', { labels: { team: 'blog' } });
  writeFileSync(join(folder, 'README.md'), 'not a definition');
  const before = revision();
  const plan = await lvsd(['plan', '-f', folder, '-v']);
  assert.deepEqual([plan.code, plan.stderr], [3, '']);
  assert.match(plan.stdout, /^projects\/default\/clusters\/blog\n {2}\+ the cluster itself\n/);
  assert.match(
    plan.stdout,
    / {2}\+ virtual-services\/http\/real-servers\/web1\n {6}address: "10\.0\.0\.1"\n/,
  );
  assert.match(plan.stdout, / {2}NEW_DEST tcp\/198\.51\.100\.1:80->10\.0\.0\.1:80\n/);
  assert.match(plan.stdout, /^Plan: 4 to create, 0 to change, 0 to delete; 2 kernel operations/m);
  assert.equal(revision(), before);

  const done = await lvsd(['apply', '-f', folder, '--reason', 'ticket 7']);
  assert.deepEqual([done.code, done.stderr], [0, '']);
  assert.match(done.stdout, /Done: applied\.\n$/);
  const [event] = server.running.store.read((reader) =>
    reader.events({ order: 'descending', limit: 1, kinds: ['change'] }),
  );
  assert.deepEqual([event?.action, event?.reason], ['createChangeSet', 'ticket 7']);
  const after = revision();
  for (const verb of ['plan', 'apply']) {
    const { code, stdout } = await lvsd([verb, '-f', folder]);
    assert.deepEqual([code, stdout], [0, 'Nothing to change: the server is as the files say.\n']);
  }
  assert.equal(revision(), after);

  write(folder, 'sub/shop.yaml', shop({ web2: { spec: { address: '10.0.0.1', weight: 5 } } }));
  const changed = await lvsd(['plan', '-f', folder, '--json']);
  assert.equal(changed.code, 3);
  const { summary, operations } = JSON.parse(changed.stdout);
  assert.deepEqual(summary, { create: 1, update: 0, delete: 1 });
  assert.deepEqual(
    operations.map(({ command }: { command: string }) => command),
    ['SET_DEST'],
  );
  const tooMany = await lvsd(['apply', '-f', folder, '--max-deletions', '0']);
  assert.equal(tooMany.code, 1);
  assert.match(tooMany.stderr, /web1/);
  assert.equal(revision(), after);
  write(folder, 'sub/shop.yaml', shop({ web1: { spec: { address: '10.0.0.1', weight: 5 } } }));
  const edit = await lvsd(['plan', '-f', folder]);
  assert.match(edit.stdout, / {2}~ virtual-services\/http\/real-servers\/web1\n {6}weight: 3 → 5\n/);
  await clear('shop', 'blog');
});

test('a plan that was kept is applied only to what it was made of', async (t) => {
  const folder = temporaryDirectory(t);
  const file = write(folder, 'shop.yaml', shop({ web1: { spec: { address: '10.0.0.1' } } }));
  const kept = join(folder, 'kept');
  const planned = () => lvsd(['plan', '-f', file, '--out', kept]);
  const apply = () => lvsd(['apply', '-f', file, '--if-unchanged', kept]);
  assert.equal((await planned()).code, 3);
  await rest('PUT', `${CLUSTERS}/shop`, { body: {} });
  const before = revision();
  const meanwhile = await apply();
  assert.deepEqual([meanwhile.code, meanwhile.stdout], [1, '']);
  assert.match(meanwhile.stderr, /somebody has changed projects\/default\/clusters\/shop\. Plan again/);
  assert.equal((await planned()).code, 3);
  write(folder, 'shop.yaml', shop({ web1: { spec: { address: '10.0.0.1', weight: 2 } } }));
  const other = await apply();
  assert.equal(other.code, 1);
  assert.match(other.stderr, /is the plan of other definitions/);
  assert.equal(revision(), before);
  assert.equal((await planned()).code, 3);
  assert.equal((await apply()).code, 0);
  writeFileSync(kept, '{}');
  assert.match((await apply()).stderr, /is no plan .*make one with "lvsd plan --out/);
  await clear('shop');
});

test('what is wrong is told with file and line, and nothing is sent', async (t) => {
  const folder = temporaryDirectory(t);
  const before = revision();
  const file = join(folder, 'many.yaml');
  writeFileSync(
    file,
    'cluster: a\nvirtualServices:\n  x:\n    spec:\n      colour: red\n      protocol: tcp\n---\nspec: {}\n---\ncluster: a\n',
  );
  const faulty = await lvsd(['plan', '-f', file]);
  assert.equal(faulty.code, 1);
  assert.match(faulty.stderr, /many\.yaml:5: virtualServices\.x\.spec\.colour is not allowed here/);
  assert.match(faulty.stderr, /many\.yaml: neither the file's name nor the document says which cluster/);
  const twins = await lvsd(['apply', '-f', '-'], 'cluster: a\n---\ncluster: a\n');
  assert.match(twins.stderr, /clusters\/a is defined in - too/);

  const rules =
    'cluster: a\nvirtualServices:\n  x:\n    spec:\n      protocol: tcp\n      address: 224.0.0.1\n      port: 80\n';
  const refused = await lvsd(['plan', '-f', '-'], rules);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^-:6: 224\.0\.0\.1 does not stand for one host/m);

  const broadcast = write(folder, 'shop.yaml', shop({ bad: { spec: { address: '10.0.0.255' } } }));
  const { code, stderr } = await lvsd(['apply', '-f', broadcast]);
  assert.equal(code, 1);
  assert.match(stderr, /KERNEL_REFUSED.*\n.*shop\.yaml:\d+: .*EINVAL/);
  assert.equal((await rest('GET', `${CLUSTERS}/shop`)).status, 404);

  for (const args of [['plan'], ['apply', '-f', file, '--max-deletions', 'x'], ['plan', '--colour']])
    assert.equal((await lvsd(args)).code, 2);
  assert.equal((await lvsd(['plan', '-f', join(folder, 'nothing')])).code, 1);
  assert.equal((await lvsd(['plan', '-f', '-'], '')).code, 1);
  assert.ok(revision() >= before);
});

test('while the kernel is away, apply stores and says so with a status of its own', async (t) => {
  const file = write(temporaryDirectory(t), 'shop.yaml', shop({}));
  server.kernel.setAvailable(false);
  t.after(() => server.kernel.setAvailable(true));
  const { code, stderr } = await lvsd(['apply', '-f', file]);
  assert.deepEqual(
    [code, stderr],
    [4, 'Stored, but the kernel cannot be reached: the server keeps trying.\n'],
  );
  server.kernel.setAvailable(true);
  await clear('shop');
});

const page = readFileSync(join(checkout, 'docs/gitops.md'), 'utf8');
const blocks = [...page.matchAll(/<!-- (file|run|pipeline): (\S+) -->\n```\w+\n(.*?)^```$/gms)].map(
  ([, kind = '', argument = '', content = '']) => ({ kind, argument, content }),
);

/** Runs a script as a pipeline does: in the checkout of the repository, where `lvsd` is in the path. */
function shell(folder: string, script: string, variables: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { ...environment, ...variables, PATH: `${folder}/bin:${process.env.PATH}` };
    execFile('sh', ['-ec', script], { cwd: folder, env, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

test('the page on GitOps says what is: its files, commands, exit statuses and pipelines', async (t) => {
  const folder = temporaryDirectory(t);
  const command = join(folder, 'bin/lvsd');
  mkdirSync(dirname(command));
  writeFileSync(
    command,
    `#!/bin/sh\nexec "${process.execPath}" "${join(checkout, 'dist/src/cli/main.js')}" "$@"\n`,
  );
  chmodSync(command, 0o755);
  for (const { kind, argument, content } of blocks) {
    if (kind !== 'file') continue;
    mkdirSync(dirname(join(folder, argument)), { recursive: true });
    writeFileSync(join(folder, argument), content);
  }
  await rest('PUT', `${CLUSTERS}/retired`, { body: {} });
  const runs = blocks.filter(({ kind }) => kind === 'run');
  assert.equal(runs.length, 3);
  for (const { argument, content } of runs) {
    const { code, stdout, stderr } = await shell(folder, content);
    assert.equal(code, Number(argument), `${content}\n${stdout}\n${stderr}`);
  }
  assert.equal((await rest('GET', `${CLUSTERS}/retired`)).status, 404);
  const { body } = await rest<Definition>('GET', `${CLUSTERS}/shop/definition`);
  assert.deepEqual(Object.keys(body.virtualServices.http?.realServers ?? {}), ['web1', 'web2']);

  const { parse } = await import('yaml');
  const [github, gitlab] = blocks
    .filter(({ kind }) => kind === 'pipeline')
    .map(({ content }) => parse(content));
  const scripts = [
    ...['plan', 'apply'].map((job) => github.jobs[job].steps.at(-1).run),
    ...['plan', 'apply'].map((job) => gitlab[job].script.join('\n')),
  ];
  const variables = { GITHUB_REPOSITORY: 'web/clusters', GITHUB_SHA: '4f2a9c1', GITHUB_ACTOR: 'eve' };
  for (const weight of [7, 8]) {
    const file = join(folder, 'clusters/shop.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/weight: \d/, `weight: ${weight}`));
    const [plan = '', apply = ''] = weight === 7 ? scripts.slice(0, 2) : scripts.slice(2);
    const planned = await shell(folder, plan, variables);
    assert.equal(planned.code, weight === 7 ? 0 : gitlab.plan.allow_failure.exit_codes, planned.stderr);
    assert.match(planned.stdout, new RegExp(`weight: \\d → ${weight}`));
    const applied = await shell(folder, apply, variables);
    assert.deepEqual([applied.code, applied.stderr], [0, '']);
    const web1 = await rest<{ spec: { weight: number } }>(
      'GET',
      `${CLUSTERS}/shop/virtual-services/http/real-servers/web1`,
    );
    assert.equal(web1.body.spec.weight, weight);
  }
  await clear('shop', 'dns');
});
