import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import { destinationKey, frontendKey } from '../../src/domain/keys.js';
import { documentedOperations } from '../support/documented-answers.js';
import { CLUSTERS } from '../support/doors.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { refusalOf } from '../support/grpc-session.js';
import { newService } from '../support/operations.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';

/** Everything that the examples of the document build on, a drain that waits, and somebody else's service. */
const HTTP = { protocol: 'tcp', address: '192.168.10.88', port: 80 } as const;
const FOREIGN = { protocol: 'tcp', address: '192.168.10.99', port: 443 } as const;
const DRAIN = destinationKey(frontendKey({ ...HTTP, port: 99 }), { address: '10.9.0.1', port: 99 });

/** What makes something under a name that the body chooses. */
const NAMED = /^create(Project|Cluster|VirtualService|RealServer|Token|ProjectToken)$/;

const writable = await startTestServer();
await prepare();
const server = await writable.restart({ readOnly: true });
const rest = createRestClient(server);
after(() => server.stop());

async function prepare(): Promise<void> {
  const call = createRestClient(writable);
  await writable.kernel.open().apply([newService(FOREIGN)]);
  for (const { path, method, operation } of documentedOperations) {
    if (!NAMED.test(operation.operationId)) continue;
    const body = Object.values(operation.requestBody?.content ?? {})[0]?.example;
    assert.equal((await call(method, fill(path, operation.parameters), { body })).status, 201, path);
  }
  const realServers = { one: { spec: { address: '10.9.0.1' } } };
  const virtualServices = { web: { spec: { ...HTTP, port: 99 }, realServers } };
  await call('PUT', `${CLUSTERS}/drained/definition`, { body: { virtualServices } });
  writable.kernel.setConnectionCounts(DRAIN, { active: 1 });
  await call('DELETE', `${CLUSTERS}/drained?cascade=true`);
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly example?: string | number;
}

function fill(path: string, parameters: readonly Parameter[] = []): string {
  return parameters
    .filter((parameter) => parameter.in === 'path')
    .reduce((url, { name, example }) => url.replace(`{${name}}`, String(example)), path);
}

const writes = documentedOperations.filter(({ method }) => method !== 'GET');

test('every write of the document is refused, and its preview answers', async () => {
  const revision = () => server.running.store.read((reader) => reader.revision());
  const before = revision();
  assert.ok(writes.length >= 20);
  for (const { path, method, operation } of writes) {
    const { operationId, parameters = [] } = operation;
    const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
    // Names that are taken would be the reason otherwise.
    const body = NAMED.test(operationId) ? elsewhere(media?.example as JsonObject) : media?.example;
    const request = type ? { body, headers: { 'content-type': type } } : {};
    const query = new URLSearchParams({
      ...(/^delete(Cluster|VirtualService)$/.test(operationId) && { cascade: 'true' }),
      ...(operationId === 'deleteDrain' && { key: DRAIN }),
    });
    const refused = await rest(method, `${fill(path, parameters)}?${query}`, request);
    const why = `${operationId}: ${JSON.stringify(refused.body)}`;
    assert.deepEqual([refused.status, refused.body?.reason], [403, 'READ_ONLY'], why);
    assert.match(refused.body.detail, /LVSD_READ_ONLY/);
    if (!parameters.some(({ name }) => name === 'validateOnly')) continue;
    query.set('validateOnly', 'true');
    const preview = await rest(method, `${fill(path, parameters)}?${query}`, request);
    assert.equal(preview.status, 200, `${operationId}: ${JSON.stringify(preview.body)}`);
  }
  assert.equal(revision(), before, 'nothing was stored');
});

/** The same under another name, address and port. */
function elsewhere({ name, spec, ...rest }: JsonObject): JsonObject {
  const { address, port, ...other } = (spec ?? {}) as JsonObject;
  const moved = { ...(address && { address: '192.168.99.99' }), ...(port && { port }) };
  return { ...rest, name: `${name}-2`, spec: { ...other, ...moved } };
}

test('gRPC refuses in its own words', async (t) => {
  const client = await connectByReflection(server.grpcAddress, { token: server.adminToken });
  t.after(() => client.close());
  const create = (validateOnly: boolean) =>
    client.call('lvsd.v1.ClusterService/CreateCluster', { project: 'default', name: 'new', validateOnly });
  const error = await create(false).then(
    () => assert.fail('it succeeded'),
    (failure: ServiceError) => failure,
  );
  const { code, reason } = refusalOf(client, error);
  assert.deepEqual([code, reason], ['FAILED_PRECONDITION', 'READ_ONLY']);
  assert.ok((await create(true)).answer.preview);
});

test('the page of the API says so', async () => {
  const { info } = (await (await fetch(`${server.url}/docs/json`)).json()) as {
    info: { description: string };
  };
  assert.match(info.description, /Read-only.*LVSD_READ_ONLY/);
});

test('lvsd itself goes on: what is missing in the kernel at the start is made', async () => {
  const key = frontendKey(HTTP);
  const table = await server.kernel.open().read();
  assert.ok(table.has(key));
  await server.kernel.open().apply([{ command: 'DEL_SERVICE', key, frontend: HTTP }]);
  const again = await server.restart({ readOnly: true });
  const repaired = await again.kernel.open().read();
  assert.ok(repaired.has(key));
  await again.stop();
});

test('a call that a role does not allow is still audited', async () => {
  const again = await server.restart({ readOnly: true });
  const { status } = await createRestClient(again)('GET', '/v1/directors/local', { token: 'lvsd_wrong' });
  assert.equal(status, 401);
  const events = again.running.store.read((reader) =>
    reader.events({ order: 'descending', limit: 9, kinds: ['auth'] }),
  );
  assert.equal(events.length, 1);
  await again.stop();
});
