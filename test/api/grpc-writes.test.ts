/** What every write over gRPC can ask for: a preview, a precondition, children too; and what happens without a kernel. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { type GrpcSession, startGrpcSession } from '../support/grpc-session.js';

let session: GrpcSession;
before(async () => {
  session = await startGrpcSession();
  await session.call('ClusterService/CreateCluster', SHOP);
  await session.call('VirtualServiceService/CreateVirtualService', {
    ...HTTP,
    spec: { protocol: 'PROTOCOL_TCP', address: '192.0.2.1', port: 80 },
  });
});
after(() => session.stop());

const SHOP = { project: 'default', name: 'shop' };
const HTTP = { project: 'default', cluster: 'shop', name: 'http' };
const WEB1 = { project: 'default', cluster: 'shop', virtualService: 'http', name: 'web-1' };

test('validate_only tells what every kind of write would change, and changes nothing', async () => {
  const { call, server } = session;
  const spec = { address: '10.0.0.1', weight: 3 };
  const revision = () => server.running.store.read((reader) => reader.revision());
  const before = revision();
  const table = await call('DirectorService/GetTable', { director: 'local' });

  const writes: readonly (readonly [string, JsonObject, string[], string[]])[] = [
    ['RealServerService/CreateRealServer', { ...WEB1, spec }, ['CHANGE_TYPE_CREATE'], ['NEW_DEST']],
    ['RealServerService/ReplaceRealServer', { ...WEB1, spec }, ['CHANGE_TYPE_CREATE'], ['NEW_DEST']],
    [
      'VirtualServiceService/UpdateVirtualService',
      { ...HTTP, spec: { scheduler: 'SCHEDULER_RR' } },
      ['CHANGE_TYPE_UPDATE'],
      ['SET_SERVICE'],
    ],
    ['VirtualServiceService/UpdateVirtualService', { ...HTTP, spec: { scheduler: 'SCHEDULER_WLC' } }, [], []],
    [
      'ClusterService/DeleteCluster',
      { ...SHOP, cascade: true },
      ['CHANGE_TYPE_DELETE', 'CHANGE_TYPE_DELETE'],
      ['DEL_SERVICE'],
    ],
    [
      'DefinitionService/ReplaceDefinition',
      { project: 'default', cluster: 'shop', definition: {} },
      ['CHANGE_TYPE_DELETE'],
      ['DEL_SERVICE'],
    ],
  ];
  for (const [method, request, changes, commands] of writes) {
    const answer = await call(method, { ...request, validateOnly: true });
    const preview = answer.preview as Record<'changes' | 'operations', JsonObject[]>;
    assert.deepEqual(
      preview.changes.map(({ type }) => type),
      changes,
      method,
    );
    assert.deepEqual(
      preview.operations.map(({ command }) => command),
      commands,
      method,
    );
    assert.deepEqual(
      Object.keys(answer).filter((name) => /cluster|server|service|definition/i.test(name)),
      [],
      method,
    );
  }

  assert.equal(revision(), before);
  const { services } = (await call('DirectorService/GetTable', { director: 'local' })).table as JsonObject;
  assert.deepEqual(services, (table.table as JsonObject).services);
});

test('an entity tag, a list with it, or * lets a write through; another one does not', async () => {
  const { call, refused } = session;
  const current = async () =>
    String(((await call('ClusterService/GetCluster', SHOP)).cluster as JsonObject).etag);
  const write = (etag: string, description: string) =>
    call('ClusterService/UpdateCluster', { ...SHOP, etag, spec: { description } });
  const stale = await current();
  await write(stale, 'one');
  await write(`"0", ${await current()}`, 'two');
  await write('*', 'three');
  assert.equal((await refused(write(stale, 'four'))).code, 'ABORTED');
  assert.equal(
    (await refused(call('ClusterService/DeleteCluster', { ...SHOP, etag: stale }))).code,
    'ABORTED',
  );
  const { cluster } = await call('ClusterService/GetCluster', SHOP);
  assert.equal(((cluster as JsonObject).spec as JsonObject).description, 'three');
});

test('of two writers with the same entity tag exactly one wins, a thousand times out of a thousand', async () => {
  const { call, client } = session;
  const method = 'lvsd.v1.ClusterService/UpdateCluster';
  let { etag } = (await call('ClusterService/GetCluster', SHOP)).cluster as JsonObject;
  for (let round = 0; round < 1000; round++) {
    const results = await Promise.allSettled(
      ['a', 'b'].map((writer) =>
        client.call(method, { ...SHOP, etag: String(etag), spec: { description: `${round} ${writer}` } }),
      ),
    );
    const won = results.flatMap((result) =>
      result.status === 'fulfilled' ? [result.value.answer.cluster] : [],
    );
    const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    assert.deepEqual(lost, [status.ABORTED], `round ${round}`);
    const [cluster] = won as [JsonObject];
    const stored = (await call('ClusterService/GetCluster', SHOP)).cluster;
    assert.deepEqual(stored, cluster, `round ${round}`);
    etag = String(cluster.etag);
  }
});

test('many calls at a time are answered each, without a warning of Node', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      session.call('RealServerService/ReplaceRealServer', {
        ...WEB1,
        name: `many-${index}`,
        spec: { address: `10.1.0.${index + 1}`, weight: index },
      }),
    ),
  );
  process.off('warning', note);
  assert.deepEqual(
    answers.map(({ realServer }) => ((realServer as JsonObject).spec as JsonObject).weight),
    answers.map((_, index) => index),
  );
  assert.deepEqual(warnings, []);
});

test('without a kernel a write is stored and pending, and finished by the next pass', async () => {
  const { call, server } = session;
  server.kernel.setAvailable(false, 'unplugged');
  const answer = await call('RealServerService/CreateRealServer', { ...WEB1, spec: { address: '10.0.0.1' } });
  assert.equal(answer.pending, true);
  const pending = (answer.realServer as JsonObject).status as JsonObject;
  assert.equal(pending.state, 'STATE_PENDING');
  assert.match(String((pending.directors as JsonObject[])[0]?.detail), /unplugged/);

  server.kernel.setAvailable(true);
  // the reconciler's own retry may come before this pass
  await call('DirectorService/CreateReconciliation', { director: 'local' });
  const { realServer } = await call('RealServerService/GetRealServer', WEB1);
  assert.equal(((realServer as JsonObject).status as JsonObject).state, 'STATE_APPLIED');
});

test('cascade deletes the children too', async () => {
  const { call, refused } = session;
  assert.equal(
    (await refused(call('VirtualServiceService/DeleteVirtualService', HTTP))).reason,
    'HAS_CHILDREN',
  );
  await call('ClusterService/DeleteCluster', { ...SHOP, cascade: true });
  const { table } = await call('DirectorService/GetTable', { director: 'local' });
  assert.deepEqual((table as JsonObject).services, []);
  assert.equal((await refused(call('RealServerService/GetRealServer', WEB1))).code, 'NOT_FOUND');
});
