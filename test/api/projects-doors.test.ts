/** Projects over both doors. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import type { Project } from '../../src/domain/schema/project-resource.js';
import { type GrpcSession, startGrpcSession } from '../support/grpc-session.js';
import { createRestClient, type RestClient } from '../support/rest-client.js';

let session: GrpcSession;
let rest: RestClient;
before(async () => {
  session = await startGrpcSession();
  rest = createRestClient(session.server);
});
after(() => session.stop());

const NO_LIMITS = {
  vipPrefixes: null,
  ripPrefixes: null,
  snatPrefixes: null,
  ports: null,
  fwmarks: null,
  forwardingMethods: null,
  interfaces: null,
};
const NO_QUOTAS = { clusters: null, virtualServices: null, realServers: null };
const limits = {
  vipPrefixes: ['192.0.2.16/28', '2001:db8::/64'],
  ripPrefixes: ['10.0.0.0/8'],
  snatPrefixes: ['192.0.2.31/32'],
  ports: [
    { from: 80, to: 80 },
    { from: 8000, to: 8999 },
  ],
  fwmarks: [],
  forwardingMethods: ['nat', 'fullnat'],
  interfaces: ['eth0'],
};
const quotas = { clusters: 1, virtualServices: 0, realServers: 100 };

test('the project default is there from the start, without limits, and stays', async () => {
  const { body } = await rest<Project>('GET', '/v1/projects/default');
  assert.deepEqual(body.spec, { description: '', quotas: NO_QUOTAS, limits: NO_LIMITS });
  assert.deepEqual(body.status, {
    usage: { clusters: 0, virtualServices: 0, realServers: 0 },
    violations: [],
  });
  const { status, body: problem } = await rest('DELETE', '/v1/projects/default');
  assert.deepEqual([status, problem.reason], [409, 'PROJECT_PERMANENT']);
});

test('what is written over REST is read over gRPC, field by field, and the other way round', async () => {
  const created = await rest<Project>('POST', '/v1/projects', {
    body: {
      name: 'full',
      labels: { team: 'x' },
      spec: {
        description: 'All of it',
        quotas,
        limits: { ...limits, vipPrefixes: ['192.0.2.16/28', '2001:DB8::/64'], snatPrefixes: ['192.0.2.31'] },
      },
    },
  });
  assert.equal(created.status, 201);
  assert.equal(created.headers.get('location'), '/v1/projects/full');
  assert.deepEqual(created.body.spec, { description: 'All of it', quotas, limits });

  const { project } = await session.call('ProjectService/GetProject', { name: 'full' });
  const { spec, etag } = project as { spec: JsonObject; etag: string };
  assert.equal(etag, created.body.etag);
  assert.deepEqual(spec, {
    description: 'All of it',
    quotas,
    limits: {
      vipPrefixes: { values: limits.vipPrefixes },
      ripPrefixes: { values: limits.ripPrefixes },
      snatPrefixes: { values: limits.snatPrefixes },
      ports: { values: limits.ports },
      fwmarks: { values: [] },
      forwardingMethods: { values: ['FORWARDING_METHOD_NAT', 'FORWARDING_METHOD_FULLNAT'] },
      interfaces: { values: ['eth0'] },
    },
  });

  const copy = await session.call('ProjectService/CreateProject', { name: 'copy', spec });
  assert.deepEqual((copy.project as JsonObject).spec, spec);
  const { body } = await rest<Project>('GET', '/v1/projects/copy');
  assert.deepEqual(body.spec, created.body.spec);
  for (const name of ['full', 'copy'])
    assert.equal((await rest('DELETE', `/v1/projects/${name}`)).status, 204);
});

test('a limit is lifted by null, over gRPC by a mask without a value; an empty list stays one', async () => {
  await rest('PUT', '/v1/projects/p', { body: { spec: { limits } } });
  const patched = await rest<Project>('PATCH', '/v1/projects/p', {
    body: { spec: { limits: { ports: null, interfaces: [] } } },
  });
  assert.deepEqual(patched.body.spec.limits, { ...limits, ports: null, interfaces: [] });
  await session.call('ProjectService/UpdateProject', {
    name: 'p',
    spec: { limits: { ripPrefixes: {}, fwmarks: { values: [{ from: 7 }] } } },
    updateMask: 'spec.limits.ripPrefixes,spec.limits.fwmarks,spec.limits.vipPrefixes',
  });
  const { body } = await rest<Project>('GET', '/v1/projects/p');
  assert.deepEqual(body.spec.limits, {
    ...limits,
    ports: null,
    interfaces: [],
    vipPrefixes: null,
    ripPrefixes: [],
    fwmarks: [{ from: 7, to: 7 }],
  });
  await rest('DELETE', '/v1/projects/p');
});

test('faults of a project are named by their fields, all at once', async () => {
  const spec = {
    quotas: { clusters: -1 },
    limits: { vipPrefixes: ['192.0.2.1/24'], ports: [{ from: 9, to: 8 }, { to: 1 }] },
  };
  const shape = await rest('POST', '/v1/projects', { body: { name: 'bad', spec } });
  assert.equal(shape.status, 400);
  assert.deepEqual(
    shape.body.errors?.map(({ pointer }) => pointer),
    ['/spec/quotas/clusters', '/spec/limits/ports/1/from'],
  );
  const rules = await session.refused(
    session.call('ProjectService/CreateProject', {
      name: 'bad',
      spec: {
        limits: { vipPrefixes: { values: ['192.0.2.1/24'] }, ports: { values: [{ from: 9, to: 8 }] } },
      },
    }),
  );
  assert.deepEqual(rules.violations, [
    ['spec.limits.vip_prefixes.values[0]', 'FIELD_INVALID'],
    ['spec.limits.ports.values[0].to', 'FIELD_INVALID'],
  ]);
});

test('limits and quotas answer the same over both doors', async () => {
  await rest('PUT', '/v1/projects/p', {
    body: { spec: { quotas: { clusters: 1 }, limits: { vipPrefixes: ['192.0.2.16/28'] } } },
  });
  const token = await session.server.createToken('editor', 'p');
  const metadata = { authorization: `Bearer ${token}` };
  const spec = { protocol: 'tcp', address: '192.0.2.1', port: 80 };
  const clusters = '/v1/projects/p/clusters';
  assert.equal((await rest('POST', clusters, { token, body: { name: 'a' } })).status, 201);
  const vip = await rest('POST', `${clusters}/a/virtual-services`, { token, body: { name: 'http', spec } });
  assert.deepEqual(
    [vip.status, vip.body.reason, vip.body.errors?.[0]?.pointer],
    [422, 'VIP_NOT_ALLOWED', '/spec/address'],
  );
  const quota = await rest('POST', clusters, { token, body: { name: 'b' } });
  assert.deepEqual([quota.status, quota.body.reason], [409, 'QUOTA_EXCEEDED']);

  const overGrpc = await session.refused(
    session.call(
      'VirtualServiceService/CreateVirtualService',
      { project: 'p', cluster: 'a', name: 'http', spec: { ...spec, protocol: 'PROTOCOL_TCP' } },
      { metadata },
    ),
  );
  assert.deepEqual([overGrpc.code, overGrpc.reason], ['FAILED_PRECONDITION', 'VIP_NOT_ALLOWED']);
  assert.deepEqual(overGrpc.violations, [['spec.address', 'VIP_NOT_ALLOWED']]);
  const second = await session.refused(
    session.call('ClusterService/CreateCluster', { project: 'p', name: 'b' }, { metadata }),
  );
  assert.deepEqual([second.code, second.reason], ['RESOURCE_EXHAUSTED', 'QUOTA_EXCEEDED']);

  const listed = await rest<{ items: Project[] }>('GET', '/v1/projects', { token });
  assert.deepEqual(
    listed.body.items.map(({ name, status }) => [name, status]),
    [['p', { usage: { clusters: 1, virtualServices: 0, realServers: 0 } }]],
  );
  const answer = await session.call('ProjectService/ListProjects', {}, { metadata });
  assert.deepEqual(
    (answer.items as JsonObject[]).map(({ name }) => name),
    ['p'],
  );
  const children = await rest('DELETE', '/v1/projects/p');
  assert.deepEqual([children.status, children.body.reason], [409, 'HAS_CHILDREN']);
  await session.call('ProjectService/DeleteProject', { name: 'p', cascade: true });
  assert.equal((await rest('GET', '/v1/projects', { token })).status, 401);
});
