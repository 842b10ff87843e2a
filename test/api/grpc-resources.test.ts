/** The whole API over gRPC, by a client that knew nothing of it beforehand. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { type GrpcSession, startGrpcSession } from '../support/grpc-session.js';

let session: GrpcSession;
before(async () => {
  session = await startGrpcSession();
});
after(() => session.stop());

const HTTP = { project: 'default', cluster: 'shop', name: 'http' };
const WEB1 = { project: 'default', cluster: 'shop', virtualService: 'http', name: 'web-1' };

test('both versions of reflection tell the same services and messages, to callers without a token', async () => {
  const { grpcAddress } = session.server;
  const [v1, alpha] = await Promise.all([
    connectByReflection(grpcAddress, { version: 'v1' }),
    connectByReflection(grpcAddress, { version: 'v1alpha' }),
  ]);
  const types = ({ registry }: typeof v1) => [...registry].map(({ typeName }) => typeName).toSorted();
  assert.deepEqual(types(v1), types(alpha));
  assert.deepEqual(
    v1.services.filter((name) => name.startsWith('lvsd.')),
    [
      'Cluster',
      'VirtualService',
      'RealServer',
      'Definition',
      'Project',
      'Director',
      'Token',
      'Audit',
      'History',
    ].map((noun) => `lvsd.v1.${noun}Service`),
  );
  v1.close();
  alpha.close();
});

test('a cluster, its virtual service and its real server are created, read, changed and deleted', async () => {
  const { call, refused } = session;
  const created = await call('ClusterService/CreateCluster', {
    project: 'default',
    name: 'shop',
    labels: { team: 'web' },
    spec: { description: 'The shop', forwarding: { method: 'FORWARDING_METHOD_NAT' } },
  });
  assert.equal(created.pending, false);
  assert.equal(at(created, 'cluster', 'etag'), `"${at(created, 'cluster', 'revision')}"`);

  const service = await call('VirtualServiceService/CreateVirtualService', {
    ...HTTP,
    spec: {
      protocol: 'PROTOCOL_UDP',
      address: '2001:DB8::80',
      port: 53,
      scheduler: 'SCHEDULER_SH',
      schedulerFlags: ['SCHEDULER_FLAG_SH_PORT', 'SCHEDULER_FLAG_SH_FALLBACK'],
      persistence: { timeoutSeconds: 60, prefixLength: 64, engine: 'PERSISTENCE_ENGINE_SIP' },
      onePacket: true,
    },
  });
  assert.deepEqual(at(service, 'virtualService', 'spec'), {
    protocol: 'PROTOCOL_UDP',
    address: '2001:db8::80',
    port: 53,
    family: 'FAMILY_UNSPECIFIED',
    scheduler: 'SCHEDULER_SH',
    schedulerFlags: ['SCHEDULER_FLAG_SH_FALLBACK', 'SCHEDULER_FLAG_SH_PORT'],
    persistence: { timeoutSeconds: 60, prefixLength: 64, engine: 'PERSISTENCE_ENGINE_SIP' },
    onePacket: true,
  });

  const replaced = await call('RealServerService/ReplaceRealServer', {
    ...WEB1,
    spec: { address: '2001:db8::1', weight: 0, upperThreshold: 100 },
  });
  assert.equal(replaced.created, true);
  assert.equal(at(replaced, 'realServer', 'spec', 'weight'), 0);
  assert.equal(at(replaced, 'realServer', 'status', 'effectivePort'), 53);

  const { table } = await call('DirectorService/GetTable', { director: 'local', stats: true });
  assert.deepEqual(
    (at(table, 'services') as JsonObject[]).map(({ key, stats, destinations }) => [
      key,
      (stats as JsonObject).connections,
      (destinations as JsonObject[]).map((one) => [one.key, one.method, one.weight]),
    ]),
    [['udp/[2001:db8::80]:53', '0', [['udp/[2001:db8::80]:53->[2001:db8::1]:53', 'METHOD_NAT', 0]]]],
  );

  const updated = await call('RealServerService/UpdateRealServer', { ...WEB1, spec: { weight: 7 } });
  assert.deepEqual(
    [at(updated, 'realServer', 'spec', 'weight'), at(updated, 'realServer', 'spec', 'upperThreshold')],
    [7, 100],
  );
  assert.deepEqual(await call('RealServerService/GetRealServer', WEB1), { realServer: updated.realServer });

  for (const [method, names] of [
    ['RealServerService/DeleteRealServer', WEB1],
    ['VirtualServiceService/DeleteVirtualService', HTTP],
    ['ClusterService/DeleteCluster', { project: 'default', name: 'shop' }],
  ] as const) {
    assert.deepEqual(await call(method, names), { pending: false });
    assert.equal((await refused(call(method, names))).code, 'NOT_FOUND');
  }
});

test('an update without a mask changes what is set, with a mask what it names', async () => {
  const { call, refused } = session;
  const names = { project: 'default', name: 'masked' };
  await call('ClusterService/CreateCluster', {
    ...names,
    labels: { a: '1', b: '2' },
    spec: { vip: { interface: 'eth0' } },
  });
  const update = async (request: JsonObject) => {
    const { cluster } = await call('ClusterService/UpdateCluster', { ...names, ...request });
    return [at(cluster, 'labels'), at(cluster, 'spec', 'vip')];
  };
  assert.deepEqual(await update({ labels: { c: '3' } }), [{ a: '1', b: '2', c: '3' }, { interface: 'eth0' }]);
  assert.deepEqual(
    await update({
      labels: { b: '4', c: '9' },
      spec: { vip: { interface: 'eth1' } },
      updateMask: 'labels.a,labels.b',
    }),
    [{ b: '4', c: '3' }, { interface: 'eth0' }],
  );
  assert.deepEqual(await update({ updateMask: 'spec.vip' }), [{ b: '4', c: '3' }, {}]);
  assert.deepEqual(await update({ updateMask: 'labels' }), [{}, {}]);
  const wrong = await refused(update({ updateMask: 'spec.vips,status' }));
  assert.deepEqual(wrong.violations, [
    ['update_mask', 'FIELD_INVALID'],
    ['update_mask', 'FIELD_INVALID'],
  ]);
});

test('a definition is read, changed and stored as one document', async () => {
  const { call, refused } = session;
  const names = { project: 'default', cluster: 'tree' };
  const service = (port: number): JsonObject => ({
    spec: { protocol: 'PROTOCOL_TCP', address: '192.0.2.7', port },
    realServers: {
      one: { spec: { address: '10.0.0.1' } },
      two: { labels: { rack: 'b' }, spec: { address: '10.0.0.2' } },
    },
  });
  const stored = await call('DefinitionService/ReplaceDefinition', {
    ...names,
    definition: { virtualServices: { http: service(80), https: service(443) } },
  });
  assert.equal(stored.created, true);
  const read = await call('DefinitionService/GetDefinition', names);
  assert.deepEqual(read, { definition: stored.definition, etag: stored.etag });

  const { https: _, ...rest } = at(read, 'definition', 'virtualServices') as JsonObject;
  const smaller = { ...(read.definition as JsonObject), virtualServices: rest };
  const again = await call('DefinitionService/ReplaceDefinition', {
    ...names,
    definition: smaller,
    etag: String(read.etag),
  });
  assert.deepEqual(
    [again.created, Object.keys(at(again, 'definition', 'virtualServices') as object)],
    [false, ['http']],
  );
  const late = await refused(
    call('DefinitionService/ReplaceDefinition', { ...names, definition: smaller, etag: String(read.etag) }),
  );
  assert.deepEqual([late.code, late.reason], ['ABORTED', 'ETAG_MISMATCH']);
});

test('lists are paged and filtered', async () => {
  const { call } = session;
  for (const name of ['list-c', 'list-a', 'list-b', 'list-d']) {
    await call('ClusterService/CreateCluster', {
      project: 'default',
      name,
      labels: { set: name === 'list-d' ? 'y' : 'x' },
    });
  }
  const request = { project: 'default', filter: 'labels.set=x', pageSize: 2 };
  const first = await call('ClusterService/ListClusters', request);
  const second = await call('ClusterService/ListClusters', {
    ...request,
    pageToken: String(first.nextPageToken),
  });
  const namesOf = ({ items }: JsonObject) => (items as JsonObject[]).map(({ name }) => name);
  assert.deepEqual(
    [namesOf(first), namesOf(second), second.nextPageToken],
    [['list-a', 'list-b'], ['list-c'], ''],
  );
});

test('directors, drift and reconciliations can be asked for', async () => {
  const { call } = session;
  const { items } = await call('DirectorService/ListDirectors', {});
  const { director } = await call('DirectorService/GetDirector', { name: 'local' });
  assert.deepEqual(items, [director]);
  assert.equal(at(director, 'driver'), 'DRIVER_MEMORY');
  assert(at(director, 'capabilities', 'schedulers', 'values'));
  const { reconciliation } = await call('DirectorService/CreateReconciliation', { director: 'local' });
  assert.deepEqual(
    [at(reconciliation, 'trigger'), at(reconciliation, 'outcome')],
    ['TRIGGER_REQUEST', 'OUTCOME_CLEAN'],
  );
  const { drift } = await call('DirectorService/GetDrift', { director: 'local' });
  assert.deepEqual(at(drift, 'differences'), []);
});

test('the table can be asked for one service', async () => {
  const { call } = session;
  const spec = { protocol: 'PROTOCOL_TCP', address: '192.0.2.77', port: 80 };
  await call('ClusterService/CreateCluster', { project: 'default', name: 'one' });
  const parent = { project: 'default', cluster: 'one' };
  await call('VirtualServiceService/CreateVirtualService', { ...parent, name: 'http', spec });
  const table = async (frontend: string) => {
    const answer = await call('DirectorService/GetTable', { director: 'local', frontend });
    return (at(answer, 'table', 'services') as { key: string }[]).map(({ key }) => key);
  };
  assert.deepEqual(await table('tcp/192.0.2.77:80'), ['tcp/192.0.2.77:80']);
  assert.deepEqual(await table('tcp/192.0.2.77:81'), []);
  await assert.rejects(table('192.0.2.77'), { message: /frontend .* tcp\/192\.0\.2\.1:80/ });
  await call('ClusterService/DeleteCluster', { project: 'default', name: 'one', cascade: true });
});

test('audit events say who, why and how, and are found by each of their filters', async () => {
  const { call } = session;
  const started = new Date().toISOString();
  await call('ClusterService/CreateCluster', {
    project: 'default',
    name: 'audited',
    reason: 'ticket 7',
    requestId: 'my-request',
  });
  const find = async (query: JsonObject) =>
    (await call('AuditService/ListAuditEvents', query)).items as JsonObject[];
  const [event, ...others] = await find({ requestId: 'my-request' });
  assert(event);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [event.kind, event.transport, event.sourceAddress, event.reason, event.action, event.resource],
    [
      'KIND_CHANGE',
      'TRANSPORT_GRPC',
      '127.0.0.1',
      'ticket 7',
      'createCluster',
      'projects/default/clusters/audited',
    ],
  );
  assert.equal('before' in event, false);
  assert.equal(at(event, 'after', 'spec', 'forwarding', 'method'), 'dr');
  for (const query of [
    { resource: 'projects/default/clusters/audited' },
    { action: 'createCluster', since: started },
    { actor: at(event, 'actor', 'principal') as string, kind: ['KIND_CHANGE'], since: started },
  ]) {
    assert.deepEqual(await find(query), [event], JSON.stringify(query));
  }
  assert.deepEqual(await find({ requestId: 'my-request', until: started }), []);
  assert.deepEqual(await call('AuditService/GetAuditEvent', { id: String(event.id) }), { event });
  const { integrity } = await call('AuditService/GetAuditIntegrity', {});
  assert.equal(at(integrity, 'intact'), true);
});

/** A nested member. */
function at(json: unknown, ...path: string[]): unknown {
  return path.reduce((value, name) => (value as JsonObject | undefined)?.[name], json);
}
