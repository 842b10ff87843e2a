import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ApiClient, createApiClient } from '../../src/cli/api-client.js';
import { applyImport } from '../../src/cli/import-request.js';
import type { Definition } from '../../src/domain/schema/definition.js';
import { normaliseDocument } from '../../src/formats/normalise.js';
import { type Outcome, runCommand } from '../support/command.js';
import { FIXTURES } from '../support/import-fixtures.js';
import { newService } from '../support/operations.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { CLUSTERS } from '../support/shop.js';
import { temporaryDirectory } from '../support/sqlite-source.js';

const server = await startTestServer();
const rest = createRestClient(server);
after(() => server.stop());

/** Tests remove the clusters that they make, so that none takes the frontends of another. */
const WEB = [
  '-A -t 198.51.100.1:80 -s wrr',
  '-a -t 198.51.100.1:80 -r 10.1.0.1:8080 -m -w 3',
  '-a -t 198.51.100.1:80 -r 10.1.0.2:8080 -m -w 1',
];

/** The command against the test server, as its administrator. */
function lvsd(args: readonly string[], input?: string): Promise<Outcome> {
  return runCommand(args, { LVSD_SERVER: server.url, LVSD_TOKEN: server.adminToken }, input);
}

function importRules(lines: readonly string[], ...args: string[]): Promise<Outcome> {
  return lvsd(['import', '-', ...args], `${lines.join('\n')}\n`);
}

/** The API as the command calls it, without the command. */
function client(url: string, timeLimitMs?: number): ApiClient {
  const { adminToken: token } = server;
  const config = { server: url, isServerChosen: true, token, tokenFile: '', isTokenFileChosen: false };
  return createApiClient(config, timeLimitMs);
}

const revision = () => server.running.store.read((reader) => reader.revision());
const fixture = (name: string) => join(FIXTURES, name);

for (const [format, name, directory] of [
  ['keepalived', '13-checkers.conf', 'keepalived'],
  ['keepalived', '10-include.conf', 'keepalived'],
  ['ldirectord', 'simple.cf', 'ldirectord'],
  ['ipvsadm', 'dump.rules', 'ipvsadm'],
] as const) {
  test(`offline, ${name} is known as ${format} and becomes the definition written down for it`, async () => {
    const file = fixture(`${directory}/${name}`);
    const expected = JSON.parse(readFileSync(`${file}.expected.json`, 'utf8'));
    const { code, stdout, stderr } = await runCommand(['import', file, '--offline']);
    assert.deepEqual(JSON.parse(stdout), expected.clusters.imported);
    const [guess, ...said] = stderr.trimEnd().split('\n');
    assert.match(guess ?? '', new RegExp(`^Reading .*${name} as ${format} `));
    assert.equal(said.length, expected.findings.length + 1);
    const severities = new Set(expected.findings.map((one: string) => one.split(' ')[0]));
    assert.equal(code, severities.has('error') ? 1 : severities.has('unsupported') ? 3 : 0);
    const { read, takenOver, named } = expected.directives;
    const others = named > 0 ? `, ${named} named above` : '';
    assert.equal(said.at(-1), `${read} directives: ${takenOver} taken over${others}.`);
  });
}

test('a finding is told with file, line, severity, directive and reason, and harmless to terminals', async () => {
  const { code, stderr } = await importRules([...WEB, '--set 1 2 3', '-A -t \u001b[31m:80'], '--offline');
  assert.equal(code, 1);
  assert.match(stderr, /^stdin:4: unsupported: \[--set 1 2 3\] Timeouts belong to the director/m);
  assert.match(stderr, /^stdin:5: error: \[-A -t \ufffd\[31m:80\] .+\.$/m);
});

test('as YAML, a definition says what it says as JSON', async () => {
  const { parse } = await import('yaml');
  const [json, yaml] = await Promise.all(
    ['json', 'yaml'].map((output) => importRules(WEB, '--offline', '--output', output)),
  );
  assert.deepEqual(parse(yaml?.stdout ?? ''), JSON.parse(json?.stdout ?? ''));
});

test('what a file is can be said, and must be when it does not show', async () => {
  const vague = await lvsd(['import', '-', '--offline'], 'hello\n');
  assert.deepEqual([vague.code, vague.stdout], [1, '']);
  assert.match(vague.stderr, /^lvsd: Neither the name nor the content of stdin .* --format\.\n$/);
  const said = await lvsd(['import', '-', '--offline', '--format', 'keepalived'], WEB.join('\n'));
  assert.deepEqual([said.code, said.stdout], [1, '']);
  assert.match(said.stderr, /lvsd: stdin has no virtual service that could be taken over\.\n$/);
});

test('a file that cannot be read is told in one sentence', async (t) => {
  const directory = temporaryDirectory(t);
  for (const [file, code] of [
    [join(directory, 'none.conf'), 'ENOENT'],
    [directory, 'EISDIR'],
  ]) {
    const outcome = await runCommand(['import', file ?? '']);
    assert.deepEqual(outcome, {
      code: 1,
      stdout: '',
      stderr: `lvsd: ${file} cannot be read (${code}): check the path.\n`,
    });
  }
});

test('the plan names what would be created and the kernel operations, and writes nothing', async () => {
  const before = revision();
  const { code, stdout, stderr } = await importRules(WEB, '--cluster', 'plan');
  assert.equal(code, 0);
  const cluster = 'projects/default/clusters/plan';
  const service = `${cluster}/virtual-services/tcp-198-51-100-1-80`;
  assert.equal(
    stdout,
    [
      'Cluster plan: 4 to create, 0 to change, 0 to delete; 3 kernel operations (1 NEW_SERVICE, 2 NEW_DEST).',
      ...[cluster, service].map((path) => `  + ${path}`),
      ...['10-1-0-1-8080', '10-1-0-2-8080'].map((name) => `  + ${service}/real-servers/${name}`),
      '',
    ].join('\n'),
  );
  assert.match(stderr, /\nNothing was written: this is the plan\. --apply does it\.\n$/);
  assert.equal(revision(), before);
});

test('apply writes what was planned, with its reason; a second run changes nothing', async () => {
  const args = ['--cluster', 'apply', '--apply', '--reason', 'Umzug: Köln'];
  const first = await importRules(WEB, ...args);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /\nCluster apply: applied\.\n$/);
  const table = await rest<string>('GET', '/v1/directors/local/table', {
    headers: { accept: 'text/x-ipvsadm-save' },
  });
  for (const line of WEB) assert.ok(table.body.includes(`${line}\n`), table.body);
  const [event] = server.running.store.read((reader) =>
    reader.events({ order: 'ascending', limit: 1, resource: 'projects/default/clusters/apply' }),
  );
  assert.deepEqual([event?.action, event?.reason], ['createImport', 'Umzug: Köln']);

  const before = revision();
  const second = await importRules(WEB, ...args);
  assert.equal(second.code, 0);
  assert.equal(
    second.stdout,
    'Cluster apply: nothing to change; no kernel operations.\nCluster apply: unchanged.\n',
  );
  assert.equal(revision(), before);
  await rest('DELETE', `${CLUSTERS}/apply?cascade=true`);
});

test('every format can be applied; what is not supported is named and ends with exit code 3', async () => {
  for (const file of ['keepalived/12-quoted.conf', 'ldirectord/simple.cf', 'ipvsadm/dump.rules']) {
    const path = fixture(file);
    const expected = JSON.parse(readFileSync(`${path}.expected.json`, 'utf8'));
    const cluster = file.replaceAll(/[^a-z0-9]/g, '-');
    const { code, stderr } = await lvsd(['import', path, '--cluster', cluster, '--apply']);
    assert.equal(
      code,
      expected.findings.some((one: string) => one.startsWith('unsupported')) ? 3 : 0,
      stderr,
    );
    const { body } = await rest<Definition>('GET', `${CLUSTERS}/${cluster}/definition`);
    assert.deepEqual(body, JSON.parse(JSON.stringify(normaliseDocument(expected.clusters.imported))));
    await rest('DELETE', `${CLUSTERS}/${cluster}?cascade=true`);
  }
});

test('a file with errors is planned, and refused by apply', async () => {
  const lines = [...WEB, '-a -t 198.51.100.1:80 -r 224.0.0.1:80 -m'];
  const planned = await importRules(lines, '--cluster', 'errors');
  assert.equal(planned.code, 1);
  assert.match(planned.stdout, /^Cluster errors: 4 to create/);
  const applied = await importRules(lines, '--cluster', 'errors', '--apply');
  assert.equal(applied.code, 1);
  assert.match(applied.stderr, /^stdin:4: error: /m);
  assert.match(applied.stderr, /\nlvsd: Nothing was written: the file has errors.*\n$/);
  assert.equal((await rest('GET', `${CLUSTERS}/errors`)).status, 404);
});

test('an edit shows its fields; what the file lacks is deleted only with --prune; labels stay', async () => {
  const args = ['--cluster', 'prune'];
  assert.equal((await importRules(WEB, ...args, '--apply')).code, 0);
  const service = `${CLUSTERS}/prune/virtual-services/tcp-198-51-100-1-80`;
  await rest('PATCH', service, { body: { labels: { team: 'web' } } });
  await rest('PATCH', `${CLUSTERS}/prune`, { body: { spec: { description: 'moved' } } });

  const fewer = [WEB[0]?.replace('wrr', 'rr') ?? '', WEB[1] ?? ''];
  const planned = await importRules(fewer, ...args);
  assert.match(planned.stdout, /: 0 to create, 1 to change, 1 to delete; 3 kernel operations /);
  assert.match(planned.stdout, /\n {2}~ .*\/tcp-198-51-100-1-80 \(scheduler\)\n/);
  assert.match(planned.stdout, /\n {2}- .*\/real-servers\/10-1-0-2-8080\n/);
  assert.match(planned.stderr, /--apply --prune does it\.\n$/);

  const before = revision();
  const refused = await importRules(fewer, ...args, '--apply');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /lvsd: Nothing was written: it would delete .*10-1-0-2-8080\. .*--prune.*\n$/);
  assert.equal(revision(), before);

  const pruned = await importRules(fewer, ...args, '--apply', '--prune', '--output', 'json');
  assert.equal(pruned.code, 0);
  const path = 'projects/default/clusters/prune/virtual-services/tcp-198-51-100-1-80';
  assert.deepEqual(JSON.parse(pruned.stdout), {
    ...{ cluster: 'prune', state: 'applied', created: [], changed: [path] },
    ...{ deleted: [`${path}/real-servers/10-1-0-2-8080`], kernelOperations: 3 },
    findings: [],
  });
  const { body } = await rest<Definition>('GET', `${CLUSTERS}/prune/definition`);
  assert.equal(body.spec.description, 'moved');
  const [left] = Object.values(body.virtualServices);
  assert.deepEqual([left?.labels, left?.spec.scheduler], [{ team: 'web' }, 'rr']);
  assert.deepEqual(Object.keys(left?.realServers ?? {}), ['10-1-0-1-8080']);
  await rest('DELETE', `${CLUSTERS}/prune?cascade=true`);
});

test("a frontend of another cluster is refused with the server's reason, and nothing is written", async () => {
  assert.equal((await importRules(WEB, '--cluster', 'owner', '--apply')).code, 0);
  const { code, stdout, stderr } = await importRules(WEB, '--cluster', 'rival', '--apply');
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /\nlvsd: .*198\.51\.100\.1:80.*owner.*\n$/);
  assert.equal((await rest('GET', `${CLUSTERS}/rival`)).status, 404);
  await rest('DELETE', `${CLUSTERS}/owner?cascade=true`);
});

test('what the kernel holds already, made by somebody else, is named by the plan already, and not written over', async () => {
  const foreign = newService({ protocol: 'tcp', address: '198.51.100.9', port: 80 });
  const byHand = server.kernel.open();
  await byHand.apply([foreign]);
  const lines = WEB.map((line) => line.replace('198.51.100.1:', '198.51.100.9:'));
  for (const args of [[], ['--apply']]) {
    const { code, stdout, stderr } = await importRules(lines, '--cluster', 'foreign', ...args);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /\nlvsd: The kernel already holds tcp\/198\.51\.100\.9:80, and lvsd did not make it.*\n$/,
    );
  }
  assert.equal((await rest('GET', `${CLUSTERS}/foreign`)).status, 404);
});

test('a token that is wrong, too weak, not there or not a token is told in one sentence', async (t) => {
  const directory = temporaryDirectory(t);
  const broken = join(directory, 'broken');
  writeFileSync(broken, 'two words\n');
  const cases: readonly [env: NodeJS.ProcessEnv, args: string[], wanted: RegExp][] = [
    [{ LVSD_TOKEN: 'lvsd_wrong' }, [], /--token-file or LVSD_TOKEN/],
    [{ LVSD_TOKEN_FILE: '' }, [], /--token-file or LVSD_TOKEN/],
    [{ LVSD_TOKEN: await server.createToken('viewer') }, [], /viewer/],
    [{}, ['--token-file', join(directory, 'none')], /cannot be read \(ENOENT\): name its file/],
    [{}, ['--token-file', broken], /is not a token/],
  ];
  for (const [env, args, wanted] of cases) {
    const command = ['import', '-', '--format', 'ipvsadm', '--server', server.url, ...args];
    const { code, stdout, stderr } = await runCommand(command, env, WEB.join('\n'));
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr.trimEnd().split('\n').at(-1) ?? '', wanted);
  }
});

test('a token file is read, and wins over the variable', async (t) => {
  const file = join(temporaryDirectory(t), 'token');
  writeFileSync(file, `${server.adminToken}\n`);
  const env = { LVSD_SERVER: server.url, LVSD_TOKEN: 'lvsd_wrong' };
  const { code } = await runCommand(['import', '-', '--token-file', file], env, WEB.join('\n'));
  assert.equal(code, 0);
});

test('a chosen server that is not there or not lvsd is an error', async () => {
  const other = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const run = (url: string) => runCommand(['import', '-'], { LVSD_SERVER: url }, WEB.join('\n'));
  const stranger = await run(otherUrl);
  await new Promise((resolve) => other.close(resolve));
  const gone = await run(otherUrl);
  for (const { code, stdout } of [stranger, gone]) assert.deepEqual([code, stdout], [1, '']);
  assert.match(stranger.stderr, /lvsd: .* does not answer as lvsd does \(status 200, no media type\)/);
  assert.match(gone.stderr, /lvsd: .* cannot be reached \(ECONNREFUSED\): start "lvsd serve"/);
});

test('a server that does not answer in time is given up, and what became of a write is said to be unknown', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const request = { cluster: 'late', files: [{ path: 'rules', content: '' }] };
  const applied = applyImport(client(url, 200), request, undefined);
  const failure: Error = await applied.then(
    () => assert.fail('it has no server'),
    (error) => error,
  );
  silent.closeAllConnections();
  silent.close();
  assert.equal(
    failure.message,
    `It is not known whether cluster late was changed: ${url} did not answer within 0.2 s. ` +
      'Run the import again: it changes only what is missing.',
  );
});

test('wrong usage is told with exit code 2', async () => {
  const misuses: readonly [args: string[], wanted: RegExp][] = [
    [['import'], /missing required argument 'file'/],
    [['import', '-', '--offline', '--apply'], /'--offline' cannot be used with option '--apply'/],
    [['import', '-', '--cluster', 'Web_1'], /must be 1 to 63 of a-z/],
    [['import', '-', '--format', 'haproxy'], /Allowed choices are keepalived, ipvsadm, ldirectord/],
    [['import', '-', '--reason', 'two\nlines'], /must be one line/],
    [['export', 'shop', '--server', 'localhost:8080'], /--server is "localhost:8080": it must be a URL/],
    [['export', 'shop', '--format', 'xml'], /Allowed choices are json, yaml, ipvsadm, keepalived/],
  ];
  for (const [args, wanted] of misuses) {
    const { code, stdout, stderr } = await runCommand(args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, wanted);
  }
});

test('export and import are a round trip that changes nothing', async () => {
  assert.equal((await importRules(WEB, '--cluster', 'round', '--apply')).code, 0);
  for (const format of ['ipvsadm', 'keepalived']) {
    const exported = await lvsd(['export', 'round', '--format', format]);
    assert.deepEqual([exported.code, exported.stderr], [0, '']);
    const back = await lvsd(['import', '-', '--cluster', 'round'], exported.stdout);
    assert.equal(back.code, 0, back.stderr);
    assert.equal(back.stdout, 'Cluster round: nothing to change; no kernel operations.\n', format);
    assert.match(back.stderr, /taken over\.\n$/, 'there is nothing to apply');
  }
  await rest('DELETE', `${CLUSTERS}/round?cascade=true`);
});

test('export prints what the server has; what a format has no word for is told with exit code 3', async () => {
  const { parse } = await import('yaml');
  const body = { labels: { team: 'web' }, virtualServices: {} };
  await rest('PUT', `${CLUSTERS}/told/definition`, { body });
  const { body: definition } = await rest<Definition>('GET', `${CLUSTERS}/told/definition`);
  const json = await lvsd(['export', 'told']);
  assert.deepEqual([json.code, JSON.parse(json.stdout), json.stderr], [0, definition, '']);
  const yaml = await lvsd(['export', 'told', '--format', 'yaml']);
  assert.deepEqual([yaml.code, parse(yaml.stdout)], [0, definition]);
  const ipvsadm = await lvsd(['export', 'told', '--format', 'ipvsadm']);
  assert.deepEqual(ipvsadm, { code: 3, stdout: '', stderr: 'omitted: /labels: Labels are left out.\n' });
  await rest('DELETE', `${CLUSTERS}/told`);
  const none = await lvsd(['export', 'told']);
  assert.deepEqual([none.code, none.stdout], [1, '']);
  assert.match(none.stderr, /^lvsd: .*told.*\n$/);
});
