import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import type { Definition } from '../../src/domain/schema/definition.js';
import type { Preview } from '../../src/domain/schema/preview.js';
import type { VirtualService } from '../../src/domain/schema/resource.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import {
  HTTP,
  httpSpec,
  putShop,
  removeShop,
  SHOP,
  shopDefinition,
  WEB_1,
  web1Spec,
} from '../support/shop.js';

const DEFINITION = `${SHOP}/definition`;

const server = await startTestServer();
const rest = createRestClient(server);
after(() => server.stop());
beforeEach(() => putShop(rest));

test('a definition makes a whole cluster and reads back with its defaults', async () => {
  await removeShop(rest);
  const created = await rest<Definition>('PUT', DEFINITION, { body: shopDefinition });
  assert.deepEqual([created.status, created.headers.get('location')], [201, DEFINITION]);
  const read = await rest<Definition>('GET', DEFINITION);
  assert.deepEqual(read.body, created.body);
  assert.equal(read.headers.get('etag'), created.headers.get('etag'));
  assert.deepEqual(read.body, {
    labels: { team: 'web' },
    spec: { description: '', forwarding: { method: 'nat' }, vip: { interface: null } },
    virtualServices: {
      http: {
        labels: {},
        spec: { ...httpSpec, schedulerFlags: [], persistence: null, onePacket: false },
        realServers: {
          'web-1': {
            labels: {},
            spec: {
              ...web1Spec,
              upperThreshold: 0,
              lowerThreshold: 0,
              adminState: 'active',
              drainTimeoutSeconds: 300,
            },
          },
        },
      },
    },
  });
});

test('sending a definition back changes nothing, not even its entity tag', async () => {
  const { body, headers } = await rest<Definition>('GET', DEFINITION);
  const before = server.running.store.read((reader) => reader.revision());
  const put = await rest<Definition>('PUT', DEFINITION, { body });
  assert.deepEqual([put.status, put.body], [200, body]);
  assert.equal(put.headers.get('etag'), headers.get('etag'));
  assert.equal(
    server.running.store.read((reader) => reader.revision()),
    before,
  );
});

test('what a definition leaves out is deleted, what it changes is edited in place', async () => {
  const { body: before } = await rest<VirtualService>('GET', HTTP);
  const body = {
    ...shopDefinition,
    virtualServices: {
      http: { spec: { ...httpSpec, scheduler: 'rr' } },
      dns: { spec: { protocol: 'udp', address: '192.168.10.88', port: 53 } },
    },
  };
  const preview = await rest<Preview>('PUT', `${DEFINITION}?validateOnly=true`, { body });
  assert.deepEqual(preview.body.operations.map(({ command }) => command).sort(), [
    'DEL_DEST',
    'NEW_SERVICE',
    'SET_DEST',
    'SET_SERVICE',
  ]);
  const { status } = await rest('PUT', DEFINITION, { body });
  assert.equal(status, 200);
  assert.equal((await rest('GET', WEB_1)).body.reason, 'REAL_SERVER_NOT_FOUND');
  const { body: service } = await rest<VirtualService>('GET', HTTP);
  assert.equal(service.spec.scheduler, 'rr');
  assert.equal(service.createTime, before.createTime);
});

test('the entity tag of a definition stands for the whole tree', async () => {
  const { headers } = await rest('GET', DEFINITION);
  const etag = headers.get('etag') ?? '';
  assert.equal((await rest('GET', DEFINITION, { headers: { 'if-none-match': etag } })).status, 304);
  await rest('PATCH', WEB_1, { body: { spec: { weight: 9 } } });
  assert.equal((await rest('GET', DEFINITION, { headers: { 'if-none-match': etag } })).status, 200);
  const stale = await rest('PUT', DEFINITION, { body: shopDefinition, headers: { 'if-match': etag } });
  assert.deepEqual([stale.status, stale.body.reason], [412, 'ETAG_MISMATCH']);
  const onlyCreate = await rest('PUT', DEFINITION, {
    body: shopDefinition,
    headers: { 'if-none-match': '*' },
  });
  assert.equal(onlyCreate.status, 412);
});

test('a definition with faults changes nothing and names them all', async () => {
  const before = await rest<Definition>('GET', DEFINITION);
  const body = {
    virtualServices: {
      http: {
        spec: { ...httpSpec, onePacket: true },
        realServers: { 'web-1': { spec: { ...web1Spec, weight: 70_000 } } },
      },
      Bad: { spec: httpSpec },
    },
  };
  const shape = await rest('PUT', DEFINITION, { body });
  assert.equal(shape.status, 400);
  const pointers = shape.body.errors?.map(({ pointer }) => pointer) ?? [];
  assert.ok(pointers.includes('/virtualServices/http/realServers/web-1/spec/weight'), String(pointers));
  assert.ok(pointers.includes('/virtualServices/Bad'), String(pointers));

  const rules = await rest('PUT', DEFINITION, {
    body: {
      virtualServices: {
        http: { spec: { ...httpSpec, onePacket: true } },
        a: { spec: { protocol: 'tcp', address: '224.0.0.1', port: 80 } },
      },
    },
  });
  assert.deepEqual(rules.body.errors?.map(({ reason }) => reason).sort(), [
    'ADDRESS_NOT_UNICAST',
    'ONE_PACKET_NEEDS_UDP',
  ]);
  assert.deepEqual((await rest<Definition>('GET', DEFINITION)).body, before.body);
});

test('frontends can be swapped between two services in one definition', async () => {
  const https = { ...httpSpec, port: 443 };
  const two = (a: object, b: object) => ({ virtualServices: { a: { spec: a }, b: { spec: b } } });
  assert.equal((await rest('PUT', DEFINITION, { body: two(httpSpec, https) })).status, 200);
  assert.equal((await rest('PUT', DEFINITION, { body: two(https, httpSpec) })).status, 200);
  const { body } = await rest<VirtualService>('GET', `${SHOP}/virtual-services/a`);
  assert.deepEqual([body.spec.port, body.status.key], [443, 'tcp/192.168.10.88:443']);
});
