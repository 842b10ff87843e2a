/** Configurations of other tools, imported over both doors. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import type { Definition } from '../../src/domain/schema/definition.js';
import type { Import } from '../../src/domain/schema/import.js';
import { writeYaml } from '../../src/formats/yaml.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { refusalOf } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { CLUSTERS } from '../support/shop.js';

const server = await startTestServer();
const rest = createRestClient(server);
const grpc = await connectByReflection(server.grpcAddress, { token: server.adminToken });
after(async () => {
  grpc.close();
  await server.stop();
});

const IMPORT = 'lvsd.v1.DefinitionService/CreateImport';
const KEEPALIVED = {
  path: '/etc/keepalived/keepalived.conf',
  content: 'include web.d/*.conf\nglobal_defs {\n  router_id lvs1\n}\n',
};
const WEB = {
  path: '/etc/keepalived/web.d/web.conf',
  content:
    'virtual_server 198.51.100.1 80 {\n  lb_algo wrr\n  lb_kind NAT\n  protocol TCP\n' +
    '  real_server 10.1.0.1 8080 {\n    weight 3\n    TCP_CHECK {\n    }\n  }\n}\n',
};
const files = [KEEPALIVED, WEB];
const revision = () => server.running.store.read((reader) => reader.revision());
const post = (body: object, query = '') => rest<Import>('POST', `/v1/imports${query}`, { body });

test('the plan says what a keepalived.conf with its includes becomes, and stores nothing, over both doors', async () => {
  const before = revision();
  const { status, body } = await post({ cluster: 'web', files });
  assert.equal(status, 200);
  assert.deepEqual(
    [body.state, body.format, body.project, body.cluster],
    ['planned', 'keepalived', 'default', 'web'],
  );
  assert.deepEqual(
    body.changes.map(({ type, resource }) => [type, resource.split('/').at(-1)]),
    [
      ['create', 'web'],
      ['create', 'tcp-198-51-100-1-80'],
      ['create', '10-1-0-1-8080'],
    ],
  );
  assert.deepEqual(
    body.operations.map(({ command, key }) => `${command} ${key}`),
    ['NEW_SERVICE tcp/198.51.100.1:80', 'NEW_DEST tcp/198.51.100.1:80->10.1.0.1:8080'],
  );
  const check = body.findings.find(({ directive }) => directive.startsWith('TCP_CHECK'));
  assert.deepEqual([check?.severity, check?.file, check?.line], ['unsupported', WEB.path, 7]);
  assert.equal(body.directives.takenOver + body.directives.named, body.directives.read);

  for (const apply of [false, true]) {
    const { answer } = await grpc.call(IMPORT, { cluster: 'web', files, apply, validateOnly: true });
    const plan = answer.import as JsonObject;
    assert.equal(plan.state, 'STATE_PLANNED');
    assert.equal((plan.changes as JsonObject[]).length, 3);
    assert.deepEqual(Object.keys((plan.definition as JsonObject).virtualServices as object), [
      'tcp-198-51-100-1-80',
    ]);
  }
  assert.equal(
    (await post({ cluster: 'web', files, apply: true }, '?validateOnly=true')).body.state,
    'planned',
  );
  assert.equal(revision(), before);
});

test('apply makes the cluster what the files say, once; labels and what files cannot say stay', async () => {
  const done = await post({ cluster: 'web', files, apply: true });
  assert.deepEqual([done.status, done.body.state], [201, 'applied']);
  assert.equal(done.headers.get('location'), '/v1/projects/default/clusters/web/definition');
  const save = await rest<string>('GET', '/v1/directors/local/table', {
    headers: { accept: 'text/x-ipvsadm-save' },
  });
  assert.equal(save.body, '-A -t 198.51.100.1:80 -s wrr\n-a -t 198.51.100.1:80 -r 10.1.0.1:8080 -m -w 3\n');
  await rest('PATCH', `${CLUSTERS}/web`, {
    body: { labels: { team: 'web' }, spec: { description: 'shop' } },
  });
  const before = revision();
  const again = await post({ cluster: 'web', files, apply: true });
  assert.deepEqual([again.status, again.body.state, again.body.changes], [200, 'unchanged', []]);
  assert.equal(revision(), before);

  const other = { ...WEB, content: WEB.content.replace('10.1.0.1', '10.1.0.2') };
  const refused = await rest('POST', '/v1/imports', {
    body: { cluster: 'web', files: [KEEPALIVED, other], apply: true },
  });
  assert.deepEqual([refused.status, refused.body.reason], [422, 'PRUNE_NEEDED']);
  assert.match(refused.body.detail, /would delete .*10-1-0-1-8080\. Allow that with prune/);
  assert.equal(revision(), before);
  const { answer } = await grpc.call(IMPORT, {
    ...{ cluster: 'web', files: [KEEPALIVED, other], apply: true },
    ...{ prune: true, drain: false, reason: 'ticket 12' },
  });
  assert.equal((answer.import as JsonObject).state, 'STATE_APPLIED');
  const { body } = await rest<Definition>('GET', `${CLUSTERS}/web/definition`);
  assert.deepEqual([body.labels, body.spec.description], [{ team: 'web' }, 'shop']);
  assert.deepEqual(Object.keys(body.virtualServices['tcp-198-51-100-1-80']?.realServers ?? {}), [
    '10-1-0-2-8080',
  ]);
  const [event] = server.running.store.read((reader) =>
    reader.events({ order: 'descending', limit: 1, kinds: ['change'] }),
  );
  assert.deepEqual([event?.action, event?.reason, event?.transport], ['createImport', 'ticket 12', 'grpc']);
  await rest('DELETE', `${CLUSTERS}/web?cascade=true&drain=false`);
});

test('files with faults are planned and never applied: every fault has its file and line, over both doors', async () => {
  const before = revision();
  const rules = {
    path: 'rules',
    content: '-A -t 198.51.100.1:80\n-A -t here:80\n-a -t 198.51.100.1:80 -r 224.0.0.1\n',
  };
  const planned = await post({ files: [rules], format: 'ipvsadm' });
  assert.equal(planned.status, 200);
  assert.deepEqual(
    planned.body.findings.map(({ severity, line }) => [severity, line]),
    [
      ['error', 2],
      ['error', 3],
    ],
  );
  const { status, body } = await rest('POST', '/v1/imports', { body: { files: [rules], apply: true } });
  assert.deepEqual([status, body.reason], [400, 'IMPORT_FAULTY']);
  assert.deepEqual(
    body.errors?.map(({ pointer, detail }) => [pointer, detail.split(' ')[0]]),
    [
      ['/files/0/content', 'rules:2:'],
      ['/files/0/content', 'rules:3:'],
    ],
  );
  const refused = grpc.call(IMPORT, { files: [rules], apply: true });
  const error = (await refused.then(
    () => assert.fail('it was applied'),
    (one) => one,
  )) as ServiceError;
  assert.equal(refusalOf(grpc, error).reason, 'IMPORT_FAULTY');
  assert.equal(revision(), before);
});

test('lvsd takes back its own definitions, as JSON and as YAML, and says in which line one is wrong', async () => {
  await post({ cluster: 'own', files, apply: true });
  await rest('PATCH', `${CLUSTERS}/own`, {
    body: { labels: { a: 'b' }, spec: { description: 'round trip' } },
  });
  const { body: definition } = await rest<Definition>('GET', `${CLUSTERS}/own/definition`);
  for (const content of [JSON.stringify(definition, null, 2), writeYaml(definition)]) {
    const own = await post({ cluster: 'own', files: [{ path: 'own', content }], apply: true });
    assert.deepEqual([own.status, own.body.format, own.body.state], [200, 'definition', 'unchanged']);
  }
  await rest('DELETE', `${CLUSTERS}/own?cascade=true&drain=false`);

  const wrong = `spec: {}
virtualServices:
  http:
    spec:
      protocol: tcp
      address: 198.51.100.1
      port: eighty
      colour: red
`;
  const faulty = await rest('POST', '/v1/imports', { body: { files: [{ path: 'a.yaml', content: wrong }] } });
  assert.equal(faulty.body.reason, 'IMPORT_FAULTY');
  assert.deepEqual(
    faulty.body.errors?.map(({ detail }) => detail.split(' ').slice(0, 2).join(' ')).toSorted(),
    ['a.yaml:7: [/virtualServices/http/spec/port]', 'a.yaml:8: [/virtualServices/http/spec/colour]'],
  );
  const broken = await rest('POST', '/v1/imports', {
    body: { format: 'definition', files: [{ path: 'b.json', content: '{\n  "spec": {\n' }] },
  });
  assert.match(broken.body.errors?.[0]?.detail ?? '', /^b\.json:\d+: /);
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
    .split('')
    .map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index]},`.repeat(9)}]`)
    .join('\n')}\n`;
  const exploded = await rest('POST', '/v1/imports', {
    body: { format: 'definition', files: [{ path: 'c.yaml', content: bomb }] },
  });
  assert.deepEqual([exploded.status, exploded.body.reason], [400, 'IMPORT_FAULTY']);
});

test('a request that cannot be an import is refused with the field', async () => {
  const text = [{ path: 'notes', content: 'hello\n' }];
  for (const [body, pointer, reason] of [
    [{}, '/files', 'FIELD_REQUIRED'],
    [{ files: [] }, '/files', 'FIELD_INVALID'],
    [{ files: text }, '/format', 'IMPORT_FORMAT_UNKNOWN'],
    [{ files: text, format: 'xml' }, '/format', 'FIELD_INVALID'],
    [{ files: text, cluster: 'No' }, '/cluster', 'FIELD_INVALID'],
    [{ files: [{ path: '', content: '' }] }, '/files/0/path', 'FIELD_INVALID'],
  ] as const) {
    const { status, body: problem } = await rest('POST', '/v1/imports', { body });
    assert.equal(status, 400);
    assert.deepEqual(
      problem.errors?.map((one) => [one.pointer, one.reason]),
      [[pointer, reason]],
      JSON.stringify(body),
    );
  }
});

test('a viewer may not import, and a token of a project only into its own', async () => {
  const viewer = await server.createToken('viewer');
  const tenant = await server.createToken('editor', 'default');
  const request = (token: string, project: string) =>
    rest('POST', '/v1/imports', { body: { project, files }, token });
  assert.equal((await request(viewer, 'default')).status, 403);
  assert.equal((await request(tenant, 'elsewhere')).status, 404);
  assert.equal((await request(tenant, 'default')).status, 200);
});
