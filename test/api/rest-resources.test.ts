import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import type { Preview } from '../../src/domain/schema/preview.js';
import type { Cluster, RealServer, VirtualService } from '../../src/domain/schema/resource.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import {
  CLUSTERS,
  HTTP,
  httpSpec,
  putShop,
  REAL_SERVERS,
  removeShop,
  SERVICES,
  SHOP,
  WEB_1,
  web1Spec,
} from '../support/shop.js';

const server = await startTestServer();
const rest = createRestClient(server);
after(() => server.stop());
beforeEach(() => putShop(rest));

/** Each kind by its collection, a body to create with, and every field that a client can set. */
const kinds = [
  {
    noun: 'cluster',
    collection: CLUSTERS,
    input: { name: 'full', labels: { a: 'b', 'c/d': '' }, spec: { description: 'x' } },
    spec: {
      description: 'äß "quoted" \\ 😀',
      forwarding: { method: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'remcsum' } },
      vip: { interface: 'eth0' },
    },
    patch: { description: 'new' },
    noSuch: 'CLUSTER_NOT_FOUND',
  },
  {
    noun: 'virtual service',
    collection: SERVICES,
    input: { name: 'full', spec: { protocol: 'udp', address: '192.168.10.89', port: 53 } },
    spec: {
      protocol: 'udp',
      address: '2001:db8::1',
      port: 5060,
      scheduler: 'sh',
      schedulerFlags: ['sh-fallback', 'sh-port'],
      persistence: { timeoutSeconds: 60, prefixLength: 64, engine: 'sip' },
      onePacket: true,
      forwarding: { method: 'nat' },
    },
    patch: { scheduler: 'mh', schedulerFlags: ['mh-port'] },
    noSuch: 'VIRTUAL_SERVICE_NOT_FOUND',
  },
  {
    noun: 'real server',
    collection: REAL_SERVERS,
    input: { name: 'full', spec: { address: '192.168.10.20' } },
    spec: {
      address: '192.168.10.21',
      port: 80,
      weight: 65535,
      upperThreshold: 10,
      lowerThreshold: 5,
      adminState: 'drain',
      drainTimeoutSeconds: 60,
      forwarding: { method: 'tun', tunnel: { type: 'gre', checksum: 'csum' } },
    },
    patch: { weight: 0 },
    noSuch: 'REAL_SERVER_NOT_FOUND',
  },
];

for (const { noun, collection, input, spec, patch, noSuch } of kinds) {
  const path = `${collection}/full`;
  type Any = Cluster | VirtualService | RealServer;

  test(`a ${noun} can be created, read, replaced, changed and deleted`, async () => {
    await rest('DELETE', path);
    const created = await rest<Any>('POST', collection, { body: input });
    assert.equal(created.status, 201);
    assert.equal(created.headers.get('location'), path);
    assert.equal(created.headers.get('etag'), created.body.etag);
    assert.equal(created.body.etag, `"${created.body.revision}"`);
    assert.equal(created.body.status.state, 'applied');

    const read = await rest<Any>('GET', path);
    assert.deepEqual(read.body, created.body);

    const replaced = await rest<Any>('PUT', path, { body: { labels: { x: 'y' }, spec } });
    assert.equal(replaced.status, 200);
    assert.deepEqual(replaced.body.spec, spec);
    assert.deepEqual(replaced.body.labels, { x: 'y' });
    assert.deepEqual((await rest<Any>('GET', path)).body, replaced.body);

    const patched = await rest<Any>('PATCH', path, { body: { labels: { x: null, z: '1' }, spec: patch } });
    assert.equal(patched.status, 200);
    assert.deepEqual(patched.body.labels, { z: '1' });
    assert.deepEqual(patched.body.spec, { ...spec, ...patch });

    const { status, headers, body } = await rest('DELETE', path);
    assert.deepEqual([status, body, headers.get('content-type')], [204, undefined, null]);
    const again = await rest('DELETE', path);
    assert.deepEqual([again.status, again.body.reason], [404, noSuch]);
    assert.equal((await rest('GET', path)).body.reason, noSuch);
  });

  test(`what GET answered for a ${noun} can be sent back and changes nothing`, async () => {
    await rest('PUT', path, { body: { spec } });
    const { body } = await rest<Any>('GET', path);
    const put = await rest<Any>('PUT', path, { body });
    assert.equal(put.status, 200);
    assert.deepEqual(put.body, body);
    await rest('DELETE', path);
  });

  test(`PUT creates a ${noun} that is absent, and only once with If-None-Match: *`, async () => {
    await rest('DELETE', path);
    const onlyCreate = { body: { spec }, headers: { 'if-none-match': '*' } };
    const created = await rest<Any>('PUT', path, onlyCreate);
    assert.deepEqual([created.status, created.headers.get('location')], [201, path]);
    const refused = await rest('PUT', path, onlyCreate);
    assert.deepEqual([refused.status, refused.body.reason], [412, 'ETAG_MISMATCH']);
    await rest('DELETE', path);
  });

  test(`a ${noun} is written only at the entity tag that If-Match names`, async () => {
    await rest('DELETE', path);
    const absent = await rest('PUT', path, { body: { spec }, headers: { 'if-match': '*' } });
    assert.equal(absent.status, 412);
    const first = (await rest<Any>('POST', collection, { body: input })).body;
    const second = (await rest<Any>('PATCH', path, { body: { labels: { n: '2' } } })).body;
    for (const [method, body] of [
      ['PUT', { spec }],
      ['PATCH', { labels: { n: '3' } }],
      ['DELETE', undefined],
    ] as const) {
      const stale = await rest(method, path, { body, headers: { 'if-match': first.etag } });
      assert.deepEqual([method, stale.status, stale.body.reason], [method, 412, 'ETAG_MISMATCH']);
    }
    const inBody = await rest('PATCH', path, { body: { labels: { n: '3' }, etag: first.etag } });
    assert.equal(inBody.status, 412);
    const list = `"0", ${second.etag}`;
    assert.equal((await rest('DELETE', path, { headers: { 'if-match': list } })).status, 204);
  });

  test(`GET of a ${noun} answers 304 to the entity tag it has, HEAD has no body`, async () => {
    await rest('PUT', path, { body: { spec } });
    const { headers, body } = await rest<Any>('GET', path);
    const same = await rest('GET', path, { headers: { 'if-none-match': body.etag } });
    assert.deepEqual([same.status, same.body, same.headers.get('etag')], [304, undefined, body.etag]);
    const other = await rest('GET', path, { headers: { 'if-none-match': '"0"' } });
    assert.equal(other.status, 200);
    const head = await rest('HEAD', path);
    assert.deepEqual([head.status, head.body], [200, undefined]);
    for (const name of ['etag', 'content-type', 'content-length']) {
      assert.equal(head.headers.get(name), headers.get(name), name);
    }
    await rest('DELETE', path);
  });

  test(`validateOnly shows what a write of a ${noun} would change and changes nothing`, async () => {
    await rest('DELETE', path);
    const before = server.running.store.read((reader) => reader.revision());
    const create = await rest<Preview>('POST', `${collection}?validateOnly=true`, { body: input });
    const put = await rest<Preview>('PUT', `${path}?validateOnly=true`, { body: { spec } });
    for (const { status, body, headers } of [create, put]) {
      assert.equal(status, 200);
      assert.equal(headers.get('location'), null);
      assert.deepEqual(
        body.changes.map(({ type, resource }) => [type, `/v1/${resource}`]),
        [['create', path]],
      );
    }
    assert.equal((await rest('GET', path)).status, 404);
    assert.equal(
      server.running.store.read((reader) => reader.revision()),
      before,
    );
    const bad = await rest('POST', `${collection}?validateOnly=true`, { body: { ...input, nope: 1 } });
    assert.equal(bad.body.reason, 'FIELD_UNKNOWN');
  });

  test(`a name of a ${noun} that is taken is refused, and so is one that is not a name`, async () => {
    await rest('PUT', path, { body: { spec } });
    const taken = await rest('POST', collection, { body: { ...input, spec } });
    assert.deepEqual([taken.status, taken.body.reason], [409, 'NAME_TAKEN']);
    const other = await rest('PUT', path, { body: { name: 'another', spec } });
    assert.deepEqual([other.status, other.body.reason], [400, 'NAME_MISMATCH']);
    const invalid = await rest('POST', collection, { body: { ...input, name: 'Not_A_Name' } });
    assert.deepEqual(invalid.body.errors?.[0]?.pointer, '/name');
    await rest('DELETE', path);
  });
}

test('children keep their parent from being deleted, unless they may go with it', async () => {
  for (const path of [SHOP, HTTP]) {
    const refused = await rest('DELETE', path);
    assert.deepEqual([refused.status, refused.body.reason], [409, 'HAS_CHILDREN']);
  }
  const preview = await rest<Preview>('DELETE', `${SHOP}?cascade=true&validateOnly=true`);
  assert.equal(preview.body.changes.length, 3);
  assert.deepEqual(
    preview.body.operations.map(({ command }) => command),
    ['SET_DEST', 'DEL_SERVICE'],
  );
  assert.equal((await rest('DELETE', `${SHOP}?cascade=true`)).status, 204);
  assert.equal((await rest('GET', WEB_1)).body.reason, 'CLUSTER_NOT_FOUND');
});

test('a merge patch is taken as application/merge-patch+json and as application/json', async () => {
  for (const [type, weight] of [
    ['application/merge-patch+json', 4],
    ['application/merge-patch+json; charset=utf-8', 5],
    ['application/json', 6],
  ] as const) {
    const body = JSON.stringify({ spec: { weight } });
    const patched = await rest<RealServer>('PATCH', WEB_1, { body, headers: { 'content-type': type } });
    assert.deepEqual(patched.body.spec, { ...(await rest<RealServer>('GET', WEB_1)).body.spec, weight });
    assert.equal(patched.body.status.effectiveWeight, weight);
  }
});

test('null in a patch brings the default back', async () => {
  await rest('PATCH', HTTP, { body: { spec: { persistence: { timeoutSeconds: 60 } } } });
  const { body } = await rest<VirtualService>('PATCH', HTTP, {
    body: { spec: { persistence: null, scheduler: null } },
  });
  assert.deepEqual(body.spec, {
    ...httpSpec,
    scheduler: 'wlc',
    schedulerFlags: [],
    persistence: null,
    onePacket: false,
  });
});

test('two services cannot have one frontend, two real servers of a service not one address and port', async () => {
  const service = await rest('POST', SERVICES, { body: { name: 'again', spec: httpSpec } });
  assert.deepEqual([service.status, service.body.reason], [409, 'FRONTEND_TAKEN']);
  const realServer = await rest('POST', REAL_SERVERS, { body: { name: 'again', spec: web1Spec } });
  assert.deepEqual([realServer.status, realServer.body.reason], [409, 'REAL_SERVER_TAKEN']);
});

test('a collection comes in pages that hold every item once, in order', async () => {
  const names = Array.from({ length: 25 }, (_, index) => `c-${String(index).padStart(2, '0')}`);
  for (const name of names) await rest('PUT', `${CLUSTERS}/${name}`, { body: {} });
  const seen: string[] = [];
  let pageToken = '';
  do {
    const { body } = await rest<{ items: Cluster[]; nextPageToken: string }>(
      'GET',
      `${CLUSTERS}?pageSize=7${pageToken && `&pageToken=${pageToken}`}`,
    );
    assert.ok(body.items.length <= 7);
    seen.push(...body.items.map(({ name }) => name));
    pageToken = body.nextPageToken;
  } while (pageToken !== '');
  assert.deepEqual(seen, [...names, 'shop']);

  const all = await rest<{ items: Cluster[] }>('GET', `${CLUSTERS}?pageSize=100000`);
  assert.equal(all.body.items.length, 26);
  const first = await rest<{ nextPageToken: string }>('GET', `${CLUSTERS}?pageSize=2`);
  const mixed = await rest('GET', `${CLUSTERS}?filter=name=shop&pageToken=${first.body.nextPageToken}`);
  assert.deepEqual([mixed.status, mixed.body.reason], [400, 'PAGE_TOKEN_INVALID']);
  for (const name of names) await rest('DELETE', `${CLUSTERS}/${name}`);
});

test('a filter selects by name, labels and spec', async () => {
  await rest('PUT', `${REAL_SERVERS}/web-2`, {
    body: { labels: { rack: '2' }, spec: { ...web1Spec, address: '192.168.10.12', weight: 7 } },
  });
  const select = async (filter: string) => {
    const { body } = await rest<{ items: RealServer[] }>(
      'GET',
      `${REAL_SERVERS}?filter=${encodeURIComponent(filter)}`,
    );
    return body.items.map(({ name }) => name);
  };
  assert.deepEqual(await select('labels.rack=2'), ['web-2']);
  assert.deepEqual(await select('labels.rack!=2'), ['web-1']);
  assert.deepEqual(await select('spec.weight=3,spec.port=8080'), ['web-1']);
  assert.deepEqual(await select('name=web-2,spec.weight=3'), []);
  const unreadable = await rest('GET', `${REAL_SERVERS}?filter=weight>3`);
  assert.deepEqual([unreadable.status, unreadable.body.reason], [400, 'FILTER_INVALID']);
});

test('a path below something that is not there says what is missing', async () => {
  const missing = [
    ['/v1/projects/nowhere/clusters', 'PROJECT_NOT_FOUND'],
    [`${CLUSTERS}/nothing/virtual-services`, 'CLUSTER_NOT_FOUND'],
    [`${SERVICES}/nothing/real-servers/web-1`, 'VIRTUAL_SERVICE_NOT_FOUND'],
    [`${REAL_SERVERS}/nothing`, 'REAL_SERVER_NOT_FOUND'],
  ] as const;
  for (const [path, reason] of missing) {
    const { status, body } = await rest('GET', path);
    assert.deepEqual([status, body.reason], [404, reason], path);
  }
  await removeShop(rest);
  const created = await rest('POST', SERVICES, { body: { name: 'http', spec: httpSpec } });
  assert.equal(created.body.reason, 'CLUSTER_NOT_FOUND');
});
