// Setups through both doors, and what a definition and the director's route make of them.
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { createRealServerSetups } from '../../src/control/directors/real-server-setups.js';
import type { Route } from '../../src/domain/route.js';
import type { RealServerSetup } from '../../src/domain/schema/real-server-setup.js';
import { KernelUnavailableError } from '../../src/driver/kernel-error.js';
import { admin, callOf, createShop, createWorld, failsWith, shop, web1 } from '../support/control-world.js';
import { startGrpcSession } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';
import { putShop, SERVICES, WEB_1, web1Spec } from '../support/shop.js';

const URL = `${WEB_1}/setup`;
const ADDRESS = `/v1/projects/default/real-server-addresses/${web1Spec.address}/setup`;
const JSON_ONLY = { headers: { accept: 'application/json' } };
const NAMES = { project: 'default', cluster: 'shop', virtualService: 'http', name: 'web-1' };

const session = await startGrpcSession();
const { server, call } = session;
const rest = createRestClient(server);
after(() => session.stop());
beforeEach(() => putShop(rest));

test('the setup comes as text that can be run, unless JSON is asked for', async () => {
  for (const [query, type, start] of [
    ['', 'text/x-shellscript; charset=utf-8', /^#!\/bin\/sh\n/],
    ['?format=networkd', 'text/plain; charset=utf-8', /^# - /],
    ['?format=ansible', 'application/yaml; charset=utf-8', /^---\n/],
    ['?undo=true', 'text/x-shellscript; charset=utf-8', /--undo .*\(default\)/],
  ] as const) {
    for (const url of [URL, ADDRESS]) {
      const { status, headers, body } = await rest<string>('GET', `${url}${query}`);
      assert.deepEqual([status, headers.get('content-type')], [200, type]);
      assert.match(body, start);
    }
  }
  const { body } = await rest<RealServerSetup>('GET', URL, JSON_ONLY);
  assert.deepEqual([body.format, body.undo, body.address], ['shell', false, web1Spec.address]);
  assert.equal(body.files[0]?.content, (await rest<string>('GET', URL)).body);
  const refused = await rest('GET', URL, { headers: { accept: 'image/png' } });
  assert.deepEqual([refused.status, refused.body.reason], [406, 'NOT_ACCEPTABLE']);
});

test('gRPC gives what REST gives', async () => {
  for (const format of ['shell', 'networkd', 'ansible']) {
    const query = `?format=${format}&dip=192.168.10.1`;
    const { body } = await rest<RealServerSetup>('GET', `${URL}${query}`, JSON_ONLY);
    const request = { ...NAMES, format: `SETUP_FORMAT_${format.toUpperCase()}`, dip: '192.168.10.1' };
    const answer = await call('RealServerService/GetRealServerSetup', request);
    const setup = answer.setup as JsonObject;
    assert.deepEqual(setup.files, body.files);
    assert.deepEqual(setup.remarks, body.remarks);
    const whole = await call('RealServerService/GetRealServerAddressSetup', {
      project: 'default',
      address: web1Spec.address,
      undo: true,
    });
    assert.equal((whole.setup as JsonObject).undo, true);
  }
  const refusal = await session.refused(call('RealServerService/GetRealServerSetup', { ...NAMES, name: '' }));
  assert.deepEqual(refusal.violations, [['name', 'FIELD_REQUIRED']]);
});

test('the director can be named where lvsd does not know it', async () => {
  const unknown = await rest<RealServerSetup>('GET', URL, JSON_ONLY);
  assert.deepEqual(unknown.body.placeholders, ['@DIP@']);
  const named = await rest<RealServerSetup>('GET', `${URL}?dip=192.168.10.1`, JSON_ONLY);
  assert.deepEqual(named.body.placeholders, []);
  assert.match(named.body.files[0]?.content ?? '', /reply_route -4 192\.168\.10\.11 192\.168\.10\.1 /);
  for (const dip of ['2001:db8::1', 'gateway', '224.0.0.1']) {
    const { status, body } = await rest('GET', `${URL}?dip=${dip}`);
    assert.deepEqual(
      [status, body.errors?.[0]?.pointer, body.reason],
      [400, '/query/dip', 'ADDRESS_INVALID'],
    );
  }
});

test('behind a firewall mark the VIPs are what the caller says', async () => {
  const marked = { fwmark: 7, family: 'ipv4', forwarding: { method: 'dr' } };
  await rest('PUT', `${SERVICES}/marked`, { body: { spec: marked } });
  const url = `${SERVICES}/marked/real-servers/web-1`;
  await rest('PUT', url, { body: { spec: { address: web1Spec.address } } });
  const unknown = await rest<RealServerSetup>('GET', `${url}/setup`, JSON_ONLY);
  assert.deepEqual(unknown.body.placeholders, ['@VIP@']);
  const query = '?vip=192.0.2.10&vip=192.0.2.11';
  const { body } = await rest<RealServerSetup>('GET', `${url}/setup${query}`, JSON_ONLY);
  assert.match(
    body.files[0]?.content ?? '',
    /address 192\.0\.2\.10\/32 lo .*\n.*address 192\.0\.2\.11\/32 lo /,
  );
  const one = await rest<string>('GET', `${url}/setup?vip=192.0.2.10`);
  assert.match(one.body, /address 192\.0\.2\.10\/32 lo /);
  const wrong = await rest('GET', `${url}/setup?vip=192.0.2.10&vip=2001:db8::1`);
  assert.deepEqual([wrong.status, wrong.body.errors?.[0]?.pointer], [400, '/query/vip/1']);
  const superfluous = await rest('GET', `${URL}?vip=192.0.2.10`);
  assert.deepEqual([superfluous.status, superfluous.body.errors?.[0]?.pointer], [400, '/query/vip']);
  const whole = await rest<RealServerSetup>('GET', `${ADDRESS}${query}`, JSON_ONLY);
  assert.deepEqual(
    whole.body.realServers.map((path) => path.split('/')[5]),
    ['http', 'marked'],
  );
  assert.match(whole.body.files[0]?.content ?? '', /reply_rule.*address 192\.0\.2\.10/s);
});

test('what does not exist is named', async () => {
  for (const [url, reason] of [
    [`${SERVICES}/http/real-servers/none/setup`, 'REAL_SERVER_NOT_FOUND'],
    [`${SERVICES}/none/real-servers/web-1/setup`, 'VIRTUAL_SERVICE_NOT_FOUND'],
    ['/v1/projects/default/real-server-addresses/192.0.2.1/setup', 'REAL_SERVER_NOT_FOUND'],
  ] as const) {
    const { status, body } = await rest('GET', url);
    assert.deepEqual([status, body.reason], [404, reason]);
  }
});

test('the route of the director says the DIP, what is behind a router, and when it is the director itself', async (t) => {
  const { control, store } = await createWorld(t).start();
  await createShop(control);
  const found: Route = { interface: 'eth1', source: '10.0.0.254', gateway: null, mtu: 1400, local: false };
  const setup = (route: Route | null) =>
    createRealServerSetups(store, { route: async () => route }).get(admin, web1, {});
  await control.clusters.update(admin, shop, { spec: { forwarding: { method: 'nat' } } }, {});
  assert.match((await setup(found)).files[0]?.content ?? '', /reply_route -4 10\.0\.0\.1 10\.0\.0\.254 /);
  assert.match((await setup({ ...found, gateway: '10.0.9.1' })).remarks.join(), /by the router 10\.0\.9\.1/);
  assert.deepEqual((await setup(null)).placeholders, ['@DIP@']);
  await control.clusters.update(admin, shop, { spec: { forwarding: { method: 'tun' } } }, {});
  assert.match((await setup(found)).remarks.join(), /longer than 1380 .*advmss 1340/);
  assert.match((await setup({ ...found, local: true })).remarks.join(), /is the director itself/);
  const dead = createRealServerSetups(store, {
    route: () => Promise.reject(new KernelUnavailableError('no answer')),
  });
  assert.equal((await dead.get(admin, web1, {})).files.length, 1);
});

test('a viewer of the project may have it, others learn nothing', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  const { realServerSetups } = control;
  const address = { project: 'default', address: '10.0.0.1' };
  const viewer = callOf({ role: 'viewer', project: 'default' });
  assert.equal((await realServerSetups.get(viewer, web1, {})).address, '10.0.0.1');
  assert.equal((await realServerSetups.getForAddress(viewer, address, {})).address, '10.0.0.1');
  const outsider = callOf({ role: 'admin', project: 'blog' });
  const hidden = failsWith('PROJECT_NOT_FOUND');
  await assert.rejects(realServerSetups.get(outsider, web1, {}), hidden);
  await assert.rejects(realServerSetups.getForAddress(outsider, address, {}), hidden);
});
