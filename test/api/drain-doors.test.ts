// Drains through both doors: what a caller sends and sees.
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import type { Drain } from '../../src/domain/schema/drain.js';
import type { RealServerAddress } from '../../src/domain/schema/real-server-address.js';
import type { RealServer } from '../../src/domain/schema/resource.js';
import { startGrpcSession } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';
import { putShop, REAL_SERVERS, SHOP, shopDefinition, WEB_1, web1Spec } from '../support/shop.js';

const DRAINS = '/v1/directors/local/drains';
const ADDRESS = `/v1/projects/default/real-server-addresses/${web1Spec.address}`;
const KEY = 'tcp/192.168.10.88:80->192.168.10.11:8080';
const PATH = 'projects/default/clusters/shop/virtual-services/http/real-servers/web-1';
const PARENTS = { project: 'default', cluster: 'shop', virtualService: 'http' };
const COUNTS = { active: 2, inactive: 1, persistent: 0 };

const session = await startGrpcSession();
const { server, call } = session;
const rest = createRestClient(server);
const hand = server.kernel.open();
after(() => session.stop());
beforeEach(async () => {
  await putShop(rest);
  server.kernel.setConnectionCounts(KEY, COUNTS);
});
afterEach(async () => {
  server.kernel.setAvailable(true);
  // what drains is within the cluster's reach as long as the cluster is there
  await rest('PUT', `${SHOP}/definition`, { body: shopDefinition });
  const { status } = await rest('DELETE', `${SHOP}?cascade=true&drain=false`);
  assert.equal(status, 204);
  assert.equal((await hand.read()).size, 0);
});

async function weight(): Promise<number | undefined> {
  const entry = (await hand.read()).get(KEY);
  return entry?.kind === 'destination' ? entry.config.weight : undefined;
}

async function drains(): Promise<Drain[]> {
  return (await rest<{ items: Drain[] }>('GET', DRAINS)).body.items;
}

const emptied = { ...shopDefinition, virtualServices: {} };
const http = shopDefinition.virtualServices.http;
const withoutServers = { ...shopDefinition, virtualServices: { http: { spec: http.spec, realServers: {} } } };
const disabled = { spec: { ...web1Spec, adminState: 'disabled' } };

for (const [title, method, url, body] of [
  ['the deletion of a real server', 'DELETE', WEB_1, undefined],
  ['the deletion of a virtual service', 'DELETE', `${SHOP}/virtual-services/http?cascade=true`, undefined],
  ['the deletion of a cluster', 'DELETE', `${SHOP}?cascade=true`, undefined],
  ['a PUT that disables', 'PUT', WEB_1, disabled],
  ['a PATCH that disables', 'PATCH', WEB_1, { spec: { adminState: 'disabled' } }],
  ['a definition without the real server', 'PUT', `${SHOP}/definition`, withoutServers],
  ['a definition without the virtual service', 'PUT', `${SHOP}/definition`, emptied],
  ['an address that is disabled', 'PATCH', ADDRESS, { spec: { adminState: 'disabled' } }],
] as const) {
  test(`over REST ${title} drains, and with drain=false does not`, async () => {
    const draining = await rest(method, url, { ...(body && { body }) });
    assert.ok([200, 204].includes(draining.status), JSON.stringify(draining.body));
    assert.equal(await weight(), 0);
    const drain = (await drains()).find(({ key }) => key === KEY);
    assert.deepEqual([drain?.resource, drain?.state, drain?.connections], [PATH, 'draining', COUNTS]);

    await putShop(rest);
    assert.equal(await weight(), 3);
    const cutting = await rest(method, `${url}${url.includes('?') ? '&' : '?'}drain=false`, {
      ...(body && { body }),
    });
    assert.equal(cutting.status, draining.status);
    assert.equal(await weight(), undefined);
    assert.deepEqual(await drains(), []);
  });
}

for (const [method, request] of [
  ['RealServerService/DeleteRealServer', { ...PARENTS, name: 'web-1' }],
  [
    'VirtualServiceService/DeleteVirtualService',
    { project: 'default', cluster: 'shop', name: 'http', cascade: true },
  ],
  ['ClusterService/DeleteCluster', { project: 'default', name: 'shop', cascade: true }],
  [
    'RealServerService/UpdateRealServer',
    { ...PARENTS, name: 'web-1', spec: { adminState: 'ADMIN_STATE_DISABLED' } },
  ],
  [
    'RealServerService/ReplaceRealServer',
    { ...PARENTS, name: 'web-1', spec: { ...web1Spec, adminState: 'ADMIN_STATE_DISABLED' } },
  ],
  ['DefinitionService/ReplaceDefinition', { project: 'default', cluster: 'shop', definition: {} }],
  [
    'RealServerService/UpdateRealServerAddress',
    { project: 'default', address: web1Spec.address, spec: { adminState: 'ADMIN_STATE_DISABLED' } },
  ],
] as const satisfies readonly (readonly [string, JsonObject])[]) {
  test(`over gRPC ${method} drains, and with drain false does not`, async () => {
    await call(method, request);
    assert.equal(await weight(), 0);
    const { items } = await call('DirectorService/ListDrains', { director: 'local' });
    const drain = (items as JsonObject[]).find(({ key }) => key === KEY);
    assert.deepEqual([drain?.state, drain?.leaving], ['DRAIN_STATE_DRAINING', true]);
    assert.deepEqual(drain?.connections, { active: 2, inactive: 1, persistent: 0 });

    await putShop(rest);
    await call(method, { ...request, drain: false });
    assert.equal(await weight(), undefined);
  });
}

test('connections and the progress of a drain are in the status when they are asked for, over both doors', async () => {
  await rest('PATCH', WEB_1, { body: { spec: { adminState: 'drain' } } });
  const plain = await rest<RealServer>('GET', WEB_1);
  assert.deepEqual([plain.body.status.connections, plain.body.status.drain?.state], [undefined, undefined]);
  assert.ok(plain.body.status.drain?.deadline);

  const asked = await rest<RealServer>('GET', `${WEB_1}?connections=true`);
  assert.deepEqual([asked.body.status.connections, asked.body.status.drain?.state], [COUNTS, 'draining']);
  const listed = await rest<{ items: RealServer[] }>('GET', `${REAL_SERVERS}?connections=true`);
  assert.deepEqual(listed.body.items[0]?.status, asked.body.status);

  const request = { ...PARENTS, name: 'web-1', connections: true };
  const { realServer } = await call('RealServerService/GetRealServer', request);
  const { status } = realServer as { status: JsonObject };
  assert.deepEqual(status.connections, { ...COUNTS });
  assert.equal((status.drain as JsonObject).state, 'DRAIN_STATE_DRAINING');
  const page = await call('RealServerService/ListRealServers', { ...PARENTS, connections: true });
  assert.deepEqual((page.items as { status: JsonObject }[])[0]?.status, status);

  server.kernel.setConnectionCounts(KEY, {});
  const drained = await rest<RealServer>('GET', `${WEB_1}?connections=true`);
  assert.equal(drained.body.status.drain?.state, 'drained');
  assert.equal(await weight(), 0);
});

test('an answer with connections is never "not modified", and needs the kernel', async () => {
  const headers = { 'if-none-match': (await rest('GET', WEB_1)).headers.get('etag') ?? '' };
  assert.equal((await rest('GET', WEB_1, { headers })).status, 304);
  assert.equal((await rest('GET', `${WEB_1}?connections=true`, { headers })).status, 200);
  server.kernel.setAvailable(false);
  assert.equal((await rest('GET', WEB_1)).status, 200);
  for (const url of [WEB_1, REAL_SERVERS, ADDRESS].map((path) => `${path}?connections=true`)) {
    const { status, body } = await rest('GET', url);
    assert.deepEqual([status, body.reason], [503, 'KERNEL_UNAVAILABLE']);
  }
});

test('an address shows its real servers, in any spelling, and takes a precondition', async () => {
  const { body, headers } = await rest<RealServerAddress>('GET', `${ADDRESS}?connections=true`);
  assert.deepEqual(
    [body.project, body.address, body.realServers.map(({ status }) => [status.key, status.connections])],
    ['default', web1Spec.address, [[KEY, COUNTS]]],
  );
  const etag = headers.get('etag') ?? '';
  assert.equal((await rest('GET', ADDRESS, { headers: { 'if-none-match': etag } })).status, 304);
  const patch = { spec: { adminState: 'drain' } };
  const preview = await rest<{ validateOnly: boolean }>('PATCH', `${ADDRESS}?validateOnly=true`, {
    body: patch,
  });
  assert.equal(preview.body.validateOnly, true);
  const changed = await rest<RealServerAddress>('PATCH', ADDRESS, {
    body: patch,
    headers: { 'if-match': etag },
  });
  assert.deepEqual([changed.status, changed.body.realServers.length], [200, 1]);
  const stale = await rest('PATCH', ADDRESS, { body: patch, headers: { 'if-match': etag } });
  assert.deepEqual([stale.status, stale.body.reason], [412, 'ETAG_MISMATCH']);

  const answer = await call('RealServerService/GetRealServerAddress', {
    project: 'default',
    address: web1Spec.address,
  });
  const address = answer.realServerAddress as { realServers: JsonObject[] };
  assert.deepEqual([address.realServers.length, answer.etag], [1, changed.headers.get('etag')]);
  const refusal = await session.refused(
    call('RealServerService/UpdateRealServerAddress', { project: 'default', address: web1Spec.address }),
  );
  assert.deepEqual(refusal.violations, [['spec.admin_state', 'FIELD_REQUIRED']]);
  const wrong = await rest('GET', '/v1/projects/default/real-server-addresses/web-1');
  assert.deepEqual([wrong.status, wrong.body.reason], [400, 'ADDRESS_INVALID']);

  const v6 = { address: '2001:db8::1', virtualService: 'six' };
  const spec = { protocol: 'tcp', address: '2001:db8::88', port: 80 };
  await rest('PUT', `${SHOP}/virtual-services/${v6.virtualService}`, { body: { spec } });
  await rest('PUT', `${SHOP}/virtual-services/six/real-servers/r`, {
    body: { spec: { address: v6.address } },
  });
  const long = await rest<RealServerAddress>(
    'GET',
    `/v1/projects/default/real-server-addresses/2001:DB8:0::1`,
  );
  assert.deepEqual([long.body.address, long.body.realServers.length], [v6.address, 1]);
});

test('drain takes true and false only', async () => {
  const { status, body } = await rest('DELETE', `${WEB_1}?drain=later`);
  assert.deepEqual([status, body.reason], [400, 'FIELD_INVALID']);
  assert.equal(await weight(), 3);
});
