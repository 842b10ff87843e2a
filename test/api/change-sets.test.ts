/** Change-sets over both doors: all or nothing, in any order, with errors that name the change. */
import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import type { Problem } from '../../src/api-rest/problem.js';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import type { ChangeSet } from '../../src/domain/schema/change-set.js';
import type { Definition } from '../../src/domain/schema/definition.js';
import type { Preview } from '../../src/domain/schema/preview.js';
import { startGrpcSession } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';
import { CLUSTERS } from '../support/shop.js';

const session = await startGrpcSession();
const { server } = session;
const rest = createRestClient(server);
after(() => session.stop());

const PREFIX = 'projects/default/clusters';
const CREATE = 'DefinitionService/CreateChangeSet';
const cluster = (name: string) => `${PREFIX}/${name}`;
const service = (name: string, of = 'http') => `${cluster(name)}/virtual-services/${of}`;
const realServer = (name: string, of: string) => `${service(name)}/real-servers/${of}`;
const http = (address: string) => ({ protocol: 'tcp', address, port: 80 });

const put = (resource: string, spec: object = {}) => ({ put: { resource, spec } });
const remove = (resource: string, cascade = false) => ({ delete: { resource, cascade } });
const post = <T = ChangeSet>(
  changes: readonly object[],
  { query = '', ...rest_ }: { query?: string; maxDeletions?: number } = {},
) =>
  rest<T>('POST', `/v1/change-sets${query}`, {
    body: { changes, ...rest_ },
    headers: { 'x-audit-reason': 'ticket 7' },
  });
const revision = () => server.running.store.read((reader) => reader.revision());
const definition = async (name: string) =>
  (await rest<Definition>('GET', `${CLUSTERS}/${name}/definition`)).body;
const table = async () =>
  (await rest<string>('GET', '/v1/directors/local/table', { headers: { accept: 'text/x-ipvsadm-save' } }))
    .body;

/** Two clusters with a service and a real server each. */
async function twoShops(): Promise<void> {
  const { status } = await post(
    ['one', 'two'].flatMap((name, index) => [
      put(realServer(name, 'web'), { address: `10.0.0.${index + 1}` }),
      put(service(name), http(`192.0.2.${index + 1}`)),
      put(cluster(name)),
    ]),
  );
  assert.equal(status, 201);
}

afterEach(async () => {
  for (const name of ['one', 'two', 'three']) {
    await rest('DELETE', `${CLUSTERS}/${name}?cascade=true&drain=false`);
  }
  assert.equal(await table(), '');
});

async function refused(
  changes: readonly object[],
  options: { maxDeletions?: number } = {},
): Promise<Problem> {
  const [before, lines] = [revision(), await table()];
  const { status, body } = await post<Problem>(changes, options);
  assert.ok(status >= 400, JSON.stringify(body));
  assert.deepEqual([revision(), await table()], [before, lines]);
  return body;
}

test('children may stand before their parents, and the answer has a result for each change', async () => {
  await twoShops();
  assert.equal(
    await table(),
    '-A -t 192.0.2.1:80 -s wlc\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 1\n' +
      '-A -t 192.0.2.2:80 -s wlc\n-a -t 192.0.2.2:80 -r 10.0.0.2:80 -g -w 1\n',
  );
  const { status, body } = await post([
    put(realServer('one', 'web'), { address: '10.0.0.1', weight: 5 }),
    put(service('one'), http('192.0.2.1')),
    remove(service('two'), true),
    {
      putDefinition: {
        resource: cluster('three'),
        definition: { virtualServices: { dns: { spec: http('192.0.2.3') } } },
      },
    },
  ]);
  assert.equal(status, 201);
  assert.equal(body.state, 'applied');
  assert.deepEqual(
    body.results.map(({ resource, result, resourcesChanged }) => [resource, result, resourcesChanged]),
    [
      [realServer('one', 'web'), 'updated', 1],
      [service('one'), 'unchanged', 0],
      [service('two'), 'deleted', 2],
      [cluster('three'), 'created', 2],
    ],
  );
  const { headers } = await rest('GET', `${CLUSTERS}/three/definition`);
  assert.equal(body.results[3]?.etag, headers.get('etag'));
  assert.equal(body.results[2]?.etag, null);
});

test('what is as it should be is left alone, with 200 and no revision', async () => {
  await twoShops();
  const before = revision();
  const { status, body } = await post([put(cluster('one')), put(service('two'), http('192.0.2.2'))]);
  assert.deepEqual([status, body.state, body.revision], [200, 'unchanged', before]);
  assert.equal(revision(), before);
});

test('two clusters exchange their frontends, in place in the kernel', async () => {
  await twoShops();
  const changes = [put(service('one'), http('192.0.2.2')), put(service('two'), http('192.0.2.1'))];
  const preview = await post<Preview>(changes, { query: '?validateOnly=true&drain=false' });
  assert.deepEqual(preview.body.operations.map(({ command }) => command).toSorted(), [
    'DEL_DEST',
    'DEL_DEST',
    'NEW_DEST',
    'NEW_DEST',
  ]);
  const { status } = await post(changes, { query: '?drain=false' });
  assert.equal(status, 201);
  const lines = (await table()).trim().split('\n');
  assert.ok(lines.includes('-a -t 192.0.2.2:80 -r 10.0.0.1:80 -g -w 1'));
  assert.ok(lines.includes('-a -t 192.0.2.1:80 -r 10.0.0.2:80 -g -w 1'));
});

test('a service that is deleted gives its frontend to one that is made', async () => {
  await twoShops();
  const { status } = await post([
    put(service('two', 'heir'), http('192.0.2.1')),
    remove(service('one'), true),
  ]);
  assert.equal(status, 201);
  assert.deepEqual(Object.keys((await definition('two')).virtualServices), ['heir', 'http']);
});

test('a preview shows everything and stores nothing', async () => {
  const before = revision();
  const changes = [put(cluster('one')), put(service('one'), http('192.0.2.1'))];
  const { status, body } = await post<Preview>(changes, { query: '?validateOnly=true' });
  assert.equal(status, 200);
  assert.deepEqual(
    body.changes.map(({ type, resource }) => [type, resource]),
    [
      ['create', cluster('one')],
      ['create', service('one')],
    ],
  );
  assert.deepEqual(
    body.operations.map(({ command, key }) => `${command} ${key}`),
    ['NEW_SERVICE tcp/192.0.2.1:80'],
  );
  assert.equal(revision(), before);
});

test('all violations come at once, each with its change', async () => {
  await twoShops();
  const body = await refused([
    put(service('one'), { ...http('192.0.2.1'), scheduler: 'nonsense' }),
    put(realServer('one', 'bad'), { address: '224.0.0.1', weights: 1 }),
    {
      putDefinition: {
        resource: cluster('three'),
        definition: { virtualServices: { x: { spec: { port: 80 } } } },
      },
    },
    { ...put(cluster('two')), ...remove(cluster('two')) },
    {},
  ]);
  assert.deepEqual(
    body.errors?.map(({ pointer }) => pointer),
    [
      '/changes/0/put/spec/scheduler',
      '/changes/1/put/spec/weights',
      '/changes/2/putDefinition/definition/virtualServices/x/spec/protocol',
      '/changes/2/putDefinition/definition/virtualServices/x/spec/address',
      '/changes/3',
      '/changes/4',
    ],
  );
});

test('rules between resources are told of the change that breaks them', async () => {
  await twoShops();
  const body = await refused([put(realServer('one', 'web'), { address: '10.0.0.1', port: 8080 })]);
  assert.deepEqual(
    body.errors?.map(({ reason, pointer }) => [reason, pointer]),
    [['PORT_MAPPING_UNSUPPORTED', '/changes/0/put/spec/port']],
  );
});

for (const [what, changes, reason, pointer] of [
  [
    'a frontend of another',
    [put(cluster('one')), put(service('one', 'twin'), http('192.0.2.2'))],
    'FRONTEND_TAKEN',
    1,
  ],
  [
    'a frontend that two changes want',
    [put(service('one', 'a'), http('192.0.2.9')), put(service('two', 'b'), http('192.0.2.9'))],
    'FRONTEND_TAKEN',
    1,
  ],
  ['a parent that is not there', [put(service('nowhere'), http('192.0.2.9'))], 'CLUSTER_NOT_FOUND', 0],
  [
    'a parent that another change deletes',
    [remove(cluster('one'), true), put(service('one', 'x'), http('192.0.2.9'))],
    'CHANGES_COLLIDE',
    1,
  ],
  [
    'a resource that is not there',
    [put(cluster('one')), remove(service('one', 'none'))],
    'VIRTUAL_SERVICE_NOT_FOUND',
    1,
  ],
  ['children that would stay', [remove(service('one'))], 'HAS_CHILDREN', 0],
  ['two changes of one resource', [put(cluster('one')), put(cluster('one'))], 'CHANGES_COLLIDE', 1],
  [
    'an entity tag of before',
    [{ ...put(cluster('one'), { description: 'x' }), ifMatch: '"1"' }],
    'ETAG_MISMATCH',
    0,
  ],
  ['a resource that is to be new', [{ ...put(cluster('one')), onlyCreate: true }], 'ETAG_MISMATCH', 0],
] as const) {
  test(`nothing is done, and the change is named, for ${what}`, async () => {
    await twoShops();
    const body = await refused([put(cluster('three')), ...changes]);
    assert.equal(body.reason, reason);
    const [error] = body.errors ?? [];
    assert.match(error?.pointer ?? '', new RegExp(`^/changes/${pointer + 1}/`));
  });
}

test('children that are deleted each by its own change are not in the way of their parents', async () => {
  await twoShops();
  const { status } = await post([
    remove(cluster('one')),
    remove(realServer('one', 'web')),
    remove(service('one')),
  ]);
  assert.equal(status, 201);
  assert.equal((await rest('GET', `${CLUSTERS}/one`)).status, 404);
});

test('an entity tag of now is accepted, of a definition that of the whole tree', async () => {
  await twoShops();
  const { headers } = await rest('GET', `${CLUSTERS}/one/definition`);
  const etag = headers.get('etag') ?? '';
  const item = { putDefinition: { resource: cluster('one'), definition: { labels: { a: 'b' } } } };
  assert.equal((await refused([{ ...item, ifMatch: '"1"' }])).reason, 'ETAG_MISMATCH');
  const { body } = await post([{ ...item, ifMatch: etag }]);
  assert.deepEqual([body.results[0]?.result, body.results[0]?.resourcesChanged], ['updated', 3]);
});

test('more deletions than were meant are refused, in change-sets and definitions', async () => {
  await twoShops();
  const changes = [remove(cluster('one'), true)];
  const body = await refused(changes, { maxDeletions: 2 });
  assert.equal(body.reason, 'TOO_MANY_DELETIONS');
  assert.match(body.detail ?? '', /delete 3 resources/);
  const over = await rest('PUT', `${CLUSTERS}/two/definition?maxDeletions=1`, { body: {} });
  assert.deepEqual([over.status, over.body.reason], [422, 'TOO_MANY_DELETIONS']);
  assert.equal((await post(changes, { maxDeletions: 3 })).status, 201);
  assert.equal((await rest('PUT', `${CLUSTERS}/two/definition?maxDeletions=2`, { body: {} })).status, 200);
});

test('every change is in the audit log under one request, with the reason', async () => {
  await twoShops();
  const { body } = await rest<{ items: AuditEvent[] }>(
    'GET',
    '/v1/audit-events?action=createChangeSet&pageSize=7',
  );
  const changes = body.items.filter(({ kind }) => kind === 'change');
  assert.equal(changes.length, 6);
  assert.deepEqual([...new Set(changes.map(({ requestId }) => requestId))].length, 1);
  assert.ok(changes.every(({ reason }) => reason === 'ticket 7'));
});

test('gRPC does the same, with the spec in the field of its kind', async () => {
  const changes: JsonObject[] = [
    { put: { resource: cluster('one'), labels: { team: 'web' }, cluster: { description: 'by gRPC' } } },
    {
      put: {
        resource: service('one'),
        virtualService: { protocol: 'PROTOCOL_TCP', address: '192.0.2.1', port: 80 },
      },
    },
    { put: { resource: realServer('one', 'web'), realServer: { address: '10.0.0.1', weight: 0 } } },
  ];
  const planned = await session.call(CREATE, { changes, validateOnly: true });
  assert.equal((planned.preview as JsonObject & { changes: unknown[] }).changes.length, 3);
  const { changeSet } = (await session.call(CREATE, {
    changes,
    maxDeletions: 0,
    reason: 'ticket 8',
  })) as JsonObject & {
    changeSet: { state: string; results: { result: string }[] };
  };
  assert.equal(changeSet.state, 'STATE_APPLIED');
  assert.deepEqual(
    changeSet.results.map(({ result }) => result),
    Array(3).fill('OUTCOME_CREATED'),
  );
  assert.deepEqual((await definition('one')).labels, { team: 'web' });
  const unchanged = (await session.call(CREATE, { changes })) as JsonObject & {
    changeSet: { state: string };
  };
  assert.equal(unchanged.changeSet.state, 'STATE_UNCHANGED');
});

test('gRPC points to the fields of its own message', async () => {
  await twoShops();
  const refusedFor = async (...changes: JsonObject[]) =>
    (await session.refused(session.call(CREATE, { changes }))).violations;
  const nowhere = { protocol: 'PROTOCOL_TCP', address: 'nowhere', port: 80 };
  assert.deepEqual(
    await refusedFor(
      { delete: { resource: service('two') } },
      { put: { resource: service('one'), virtualService: nowhere } },
    ),
    [['changes[1].put.virtual_service.address', 'ADDRESS_INVALID']],
  );
  assert.deepEqual(
    await refusedFor({ put: { resource: cluster('two'), realServer: { address: '10.0.0.1' } } }),
    [['changes[0].put.real_server', 'FIELD_UNKNOWN']],
  );
  const mismatch = await session.refused(
    session.call(CREATE, { changes: [{ delete: { resource: service('two') }, ifMatch: '"1"' }] }),
  );
  assert.deepEqual(
    [mismatch.code, mismatch.violations],
    ['ABORTED', [['changes[0].delete', 'ETAG_MISMATCH']]],
  );
});
