// Writes with a key of their caller: carried out once, however often they are sent.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import { SERVICES } from '../../src/api-grpc/services.js';
import type { Problem } from '../../src/api-rest/problem.js';
import { createTokens } from '../../src/control/access/tokens.js';
import { OPERATIONS } from '../../src/control/operations.js';
import { destinationKey, frontendKey } from '../../src/domain/keys.js';
import type { Cluster } from '../../src/domain/schema/resource.js';
import { documentedOperations } from '../support/documented-answers.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { refusalOf } from '../support/grpc-session.js';
import { deleteService, newService } from '../support/operations.js';
import { createRestClient, type RestAnswer, type RestRequest } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { CLUSTERS, HTTP, httpSpec, putShop, SHOP, shopDefinition, WEB_1, web1Spec } from '../support/shop.js';

const FOREIGN = { protocol: 'tcp', address: '192.168.10.99', port: 443 } as const;
const DRAIN = destinationKey(frontendKey({ protocol: 'tcp', address: '192.168.10.77', port: 80 }), {
  address: '192.168.10.7',
  port: 80,
});

let server = await startTestServer({ rateLimit: null });
let rest = createRestClient(server);
after(() => server.stop());

async function restart(): Promise<void> {
  server = await server.restart();
  rest = createRestClient(server);
}

const revision = () => server.running.store.read((reader) => reader.revision());

function keyed(key: string, { headers, ...request }: RestRequest = {}): RestRequest {
  return { ...request, headers: { ...headers, 'idempotency-key': key } };
}

function isReplayed({ headers }: RestAnswer<unknown>): boolean {
  return headers.get('idempotency-replayed') === 'true';
}

const isWrite = (name: string) => /^(create|replace|update|delete)/.test(name);
const writes = documentedOperations.filter(({ method }) => method !== 'GET');

test('every write of the table takes a key, through both doors, and says when an answer is an old one', () => {
  const names = Object.keys(OPERATIONS).filter(isWrite);
  assert.deepEqual(writes.map(({ operation }) => operation.operationId).toSorted(), names.toSorted());
  for (const { operation } of writes) {
    const { operationId, parameters = [], responses } = operation;
    assert.ok(
      parameters.some((one) => one.in === 'header' && one.name === 'idempotency-key'),
      operationId,
    );
    for (const [status, answer] of Object.entries(responses)) {
      if (!status.startsWith('2')) continue;
      const { headers = {} } = answer as { headers?: object };
      assert.ok('idempotency-replayed' in headers, `${operationId} ${status}`);
    }
    assert.match(responses['422']?.description ?? '', /IDEMPOTENCY_KEY_REUSED/, operationId);
  }
  const methods = SERVICES.flatMap((service) => service.methods);
  const fielded = methods.filter(({ input }) => input.field.requestId && input.field.reason);
  assert.deepEqual(fielded.map(({ localName }) => localName).toSorted(), names.toSorted());
});

test('every deletion can be of what is not there, through both doors', async () => {
  const deletions = writes.filter(({ method }) => method === 'DELETE');
  const names = Object.keys(OPERATIONS).filter((name) => name.startsWith('delete'));
  assert.equal(deletions.length, names.length);
  for (const { path, operation } of deletions) {
    const { operationId, parameters = [] } = operation;
    const url = path.replace(/\{(\w+)\}/g, (_, name) => (name === 'director' ? 'local' : 'nowhere'));
    const query = operationId === 'deleteDrain' ? `key=${encodeURIComponent(DRAIN)}&` : '';
    assert.ok(
      parameters.some(({ name }) => name === 'allowMissing'),
      operationId,
    );
    assert.equal((await rest('DELETE', `${url}?${query}`)).status, 404, operationId);
    assert.equal((await rest('DELETE', `${url}?${query}allowMissing=true`)).status, 204, operationId);
    if (!parameters.some(({ name }) => name === 'if-match')) continue;
    const stale = { headers: { 'if-match': '"1"' } };
    const { status } = await rest('DELETE', `${url}?${query}allowMissing=true`, stale);
    assert.equal(status, 412, operationId);
  }
  const client = await connectByReflection(server.grpcAddress, { token: server.adminToken });
  try {
    for (const service of SERVICES) {
      for (const { name, input } of service.methods.filter((one) => one.localName.startsWith('delete'))) {
        const fields = input.fields.map((field) => field.localName);
        const named = ['project', 'cluster', 'virtualService', 'name'].filter((one) => fields.includes(one));
        const request: JsonObject = {
          ...Object.fromEntries(named.map((one) => [one, 'nowhere'])),
          ...(fields.includes('director') && { director: 'local', key: DRAIN }),
        };
        const method = `${service.typeName}/${name}`;
        await assert.rejects(client.call(method, request), /NOT_FOUND/, method);
        await client.call(method, { ...request, allowMissing: true });
      }
    }
  } finally {
    client.close();
  }
});

interface Sent {
  readonly operationId: string;
  readonly secret: boolean;
  readonly send: () => Promise<RestAnswer<unknown>>;
  readonly first: RestAnswer<unknown>;
}

test('every write of the document is carried out once, and its retry has its answer, over a restart too', async () => {
  await server.kernel.open().apply([newService(FOREIGN)]);
  const sent: Sent[] = [];
  for (const { path, method, operation } of inOrder()) {
    const { operationId, parameters = [] } = operation;
    if (operationId === 'deleteDrain') await beginDrain();
    const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
    const query = new URLSearchParams({
      ...(parameters.some(({ name }) => name === 'cascade') && { cascade: 'true' }),
      ...(operationId === 'deleteDrain' && { key: DRAIN }),
    });
    const examples = new Map(parameters.map(({ name, example }) => [name, String(example)]));
    const url = `${path.replace(/\{(\w+)\}/g, (_, name) => examples.get(name) ?? '')}?${query}`;
    const request = keyed(
      operationId,
      type ? { body: media?.example, headers: { 'content-type': type } } : {},
    );
    const send = () => rest<unknown>(method, url, request);
    const first = await send();
    assert.ok(first.status < 300, `${operationId}: ${JSON.stringify(first.body)}`);
    assert.ok(!isReplayed(first));
    const after = revision();
    const secret = 'secretAnswer' in OPERATIONS[operationId as keyof typeof OPERATIONS];
    sent.push({ operationId, secret, send, first });
    await assertReplays(sent.slice(-1));
    assert.equal(revision(), after, `${operationId} was carried out twice`);
  }
  assert.equal(sent.length, writes.length);
  await restart();
  const after = revision();
  await assertReplays(sent);
  assert.equal(revision(), after);
});

async function assertReplays(sent: readonly Sent[]): Promise<void> {
  for (const { operationId, secret, send, first } of sent) {
    const again = await send();
    assert.ok(isReplayed(again), operationId);
    assert.equal(again.status, first.status, operationId);
    const told = first.body as { secret?: string } | undefined;
    assert.equal(told?.secret !== undefined, secret, operationId);
    const { secret: _, ...unsecret } = told ?? {};
    assert.deepEqual(again.body ?? {}, unsecret, operationId);
    for (const name of ['etag', 'location'])
      assert.equal(again.headers.get(name), first.headers.get(name), operationId);
  }
}

/** What creates first, what deletes last and from below. */
function inOrder() {
  const methods = ['POST', 'PUT', 'PATCH', 'DELETE'];
  const rank = ({ method, operation }: (typeof writes)[number]) =>
    /^create(Project|Cluster|VirtualService|RealServer)$/.test(operation.operationId)
      ? -1
      : methods.indexOf(method);
  const depth = ({ path, method }: (typeof writes)[number]) => (method === 'DELETE' ? -path.length : 0);
  return writes.toSorted((a, b) => rank(a) - rank(b) || depth(a) - depth(b));
}

async function beginDrain(): Promise<void> {
  const realServers = { one: { spec: { address: '192.168.10.7' } } };
  const spec = { protocol: 'tcp', address: '192.168.10.77', port: 80 };
  const body = { virtualServices: { web: { spec, realServers } } };
  assert.equal((await rest('PUT', `${CLUSTERS}/drained/definition`, { body })).status, 201);
  server.kernel.setConnectionCounts(DRAIN, { active: 1, inactive: 0, persistent: 0 });
  assert.equal((await rest('DELETE', `${CLUSTERS}/drained?cascade=true`)).status, 204);
}

test('a key with another body, target or operation is a 422, and of another principal it is another key', async () => {
  const body = { name: 'one', spec: {} };
  assert.equal((await rest('POST', CLUSTERS, keyed('mine', { body }))).status, 201);
  for (const [method, path, other] of [
    ['POST', CLUSTERS, { name: 'one', spec: { description: 'other' } }],
    ['POST', CLUSTERS, { name: 'two', spec: {} }],
    ['PUT', `${CLUSTERS}/one`, { spec: {} }],
    ['DELETE', `${CLUSTERS}/one`, undefined],
  ] as const) {
    const reused = await rest<Problem>(method, path, keyed('mine', { ...(other && { body: other }) }));
    assert.deepEqual([reused.status, reused.body.reason], [422, 'IDEMPOTENCY_KEY_REUSED']);
    assert.match(reused.body.detail, /mine.*24 hours.*new key/s);
  }
  const reordered = await rest('POST', CLUSTERS, keyed('mine', { body: { spec: {}, name: 'one' } }));
  assert.ok(isReplayed(reordered), 'the order of members means nothing');
  const token = await server.createToken('editor');
  const other = await rest<Problem>('POST', CLUSTERS, { ...keyed('mine', { body }), token });
  assert.equal(other.body.reason, 'NAME_TAKEN');
});

test('of many at the same time one is carried out, and all get its answer', async () => {
  const request = keyed('many', { body: { name: 'many', spec: {} } });
  const answers = await Promise.all(Array.from({ length: 20 }, () => rest('POST', CLUSTERS, request)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 201),
  );
  assert.equal(answers.filter((answer) => !isReplayed(answer)).length, 1);
  const others = ['a', 'b'].map((name) => rest('POST', CLUSTERS, keyed('both', { body: { name } })));
  const statuses = (await Promise.all(others)).map(({ status }) => status);
  assert.deepEqual(statuses.toSorted(), [201, 422]);
});

test('a refused call leaves its key free, also when the kernel refused it and the write was undone', async () => {
  const missing = keyed('early', { body: { name: 'http', spec: { ...httpSpec, address: '192.168.10.66' } } });
  const path = `${CLUSTERS}/late/virtual-services`;
  assert.equal((await rest('POST', path, missing)).status, 404);
  assert.equal((await rest('POST', CLUSTERS, { body: { name: 'late' } })).status, 201);
  const frontend = { protocol: 'tcp', address: '192.168.10.66', port: 80 } as const;
  const kernel = server.kernel.open();
  await kernel.apply([newService(frontend)]);
  const refused = await rest<Problem>('POST', path, missing);
  assert.equal(refused.body.reason, 'FOREIGN_ENTRY');
  await kernel.apply([deleteService(frontend)]);
  const done = await rest('POST', path, missing);
  assert.deepEqual([done.status, isReplayed(done)], [201, false]);
  assert.ok(isReplayed(await rest('POST', path, missing)));
  assert.equal((await rest('DELETE', `${CLUSTERS}/late?cascade=true&drain=false`)).status, 204);
});

test('what was stored while the kernel was away is answered 202 for ever, and what it is now a GET says', async () => {
  await putShop(rest);
  server.kernel.setAvailable(false);
  const request = keyed('away', { body: { spec: { ...web1Spec, weight: 9 } } });
  assert.equal((await rest('PUT', WEB_1, request)).status, 202);
  server.kernel.setAvailable(true);
  const again = await rest<{ status: { state: string } }>('PUT', WEB_1, request);
  assert.deepEqual([again.status, isReplayed(again), again.body.status.state], [202, true, 'pending']);
});

test('a preview has no use for a key, and neither has a read', async () => {
  const request = keyed('looked', { body: { name: 'looked' } });
  for (const _ of [1, 2])
    assert.ok(!isReplayed(await rest('POST', `${CLUSTERS}?validateOnly=true`, request)));
  const done = await rest('POST', CLUSTERS, request);
  assert.deepEqual([done.status, isReplayed(done)], [201, false]);
  const read = await rest('GET', `${CLUSTERS}/looked`, keyed('looked'));
  assert.deepEqual([read.status, isReplayed(read)], [200, false]);
  assert.equal((await rest('GET', `${CLUSTERS}/looked`, keyed('no good key'))).status, 200);
  const bad = await rest<Problem>('DELETE', `${CLUSTERS}/looked`, keyed('no good key'));
  assert.deepEqual(
    [bad.status, bad.body.errors?.[0]?.pointer],
    [400, '/headers/idempotency-key'],
    bad.body.detail,
  );
});

test('access is checked anew: who may not do it any more does not get the answer either', async () => {
  const tokens = createTokens({ store: server.running.store, now: () => new Date() });
  const context = {
    actor: { principal: 'test', credentialId: null, roles: [] },
    transport: 'cli' as const,
    sourceAddress: null,
    requestId: 'test',
    reason: null,
    action: 'createToken',
  };
  const make = async (role: 'editor' | 'operator' | 'viewer') =>
    (await tokens.create(context, null, { name: 'worker', spec: { role } })).value.secret;
  const labelled = { body: { labels: { a: 'b' } } };
  await putShop(rest);
  const editor = await make('editor');
  assert.equal((await rest('PATCH', WEB_1, { ...keyed('worker', labelled), token: editor })).status, 200);
  await tokens.revoke(context, null, 'worker');
  const again = await make('editor');
  assert.ok(isReplayed(await rest('PATCH', WEB_1, { ...keyed('worker', labelled), token: again })));
  for (const role of ['operator', 'viewer'] as const) {
    await tokens.revoke(context, null, 'worker');
    const token = await make(role);
    // an operator may change weights with this call, and labels not
    const denied = await rest<Problem>('PATCH', WEB_1, { ...keyed('worker', labelled), token });
    assert.deepEqual([denied.status, denied.body.reason], [403, 'PERMISSION_DENIED'], role);
  }
  const events = server.running.store.read((reader) =>
    reader.events({ order: 'descending', limit: 1, kinds: ['auth'], principal: 'worker' }),
  );
  assert.equal(events[0]?.action, 'updateRealServer');
});

test('gRPC takes request_id for the key, and for the name of the call unless metadata names it', async (t) => {
  const client = await connectByReflection(server.grpcAddress, { token: server.adminToken });
  t.after(() => client.close());
  const method = 'lvsd.v1.ClusterService/CreateCluster';
  const request = { project: 'default', name: 'grpc', requestId: 'grpc-key' };
  const first = await client.call(method, request);
  assert.deepEqual(first.header.get('idempotency-replayed'), []);
  assert.deepEqual(first.header.get('x-request-id'), ['grpc-key']);
  const again = await client.call(method, request, { metadata: { 'x-request-id': 'second' } });
  assert.deepEqual(again.header.get('idempotency-replayed'), ['true']);
  assert.deepEqual(again.header.get('x-request-id'), ['second']);
  assert.deepEqual(again.answer, first.answer);
  const refusal = await client.call(method, { ...request, name: 'other' }).then(
    () => assert.fail('it succeeded'),
    (error: ServiceError) => refusalOf(client, error),
  );
  assert.deepEqual([refusal.code, refusal.reason], ['FAILED_PRECONDITION', 'IDEMPOTENCY_KEY_REUSED']);
});

test('a definition and its retry', async () => {
  await rest('DELETE', `${SHOP}?cascade=true&drain=false`);
  const request = keyed('tree', { body: shopDefinition });
  const first = await rest<Cluster>('PUT', `${SHOP}/definition`, request);
  assert.equal(first.status, 201);
  assert.equal((await rest('DELETE', `${HTTP}?cascade=true`)).status, 204);
  const again = await rest<Cluster>('PUT', `${SHOP}/definition`, request);
  assert.deepEqual([again.status, again.body, isReplayed(again)], [201, first.body, true]);
  assert.equal((await rest('GET', HTTP)).status, 404, 'what was deleted since stays deleted');
});

test('what passes by itself says when to call again, through both doors', async (t) => {
  const client = await connectByReflection(server.grpcAddress, { token: server.adminToken });
  t.after(() => {
    client.close();
    server.kernel.setAvailable(true);
  });
  server.kernel.setAvailable(false);
  const away = await rest<Problem>('GET', '/v1/directors/local/table');
  assert.deepEqual(
    [away.status, away.body.reason, away.headers.get('retry-after')],
    [503, 'KERNEL_UNAVAILABLE', '2'],
  );
  const error = await client.call('lvsd.v1.DirectorService/GetTable', { director: 'local' }).then(
    () => assert.fail('it succeeded'),
    (failure: ServiceError) => failure,
  );
  const info = client.details(error).find((one) => String(one['@type']).endsWith('google.rpc.RetryInfo'));
  assert.equal(info?.retryDelay, '2s');
  assert.equal((await rest('GET', `${CLUSTERS}/nowhere`)).headers.get('retry-after'), null);
});
