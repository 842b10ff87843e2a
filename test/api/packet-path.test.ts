// Packet paths through both doors, and what the director's routes add to them.
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { createPacketPaths } from '../../src/control/directors/packet-paths.js';
import type { Route } from '../../src/domain/route.js';
import type { PacketPath } from '../../src/domain/schema/packet-path.js';
import type { RealServer } from '../../src/domain/schema/resource.js';
import { admin, callOf, createShop, createWorld, failsWith, http } from '../support/control-world.js';
import { startGrpcSession } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';
import { HTTP, putShop, REAL_SERVERS, SERVICES } from '../support/shop.js';

const URL = `${HTTP}/packet-path`;
const NAMES = { project: 'default', cluster: 'shop', name: 'http' };

const session = await startGrpcSession();
const { server, call } = session;
const rest = createRestClient(server);
after(() => session.stop());
beforeEach(() => putShop(rest));

test('it comes as JSON, and as text for those who ask for it', async () => {
  const { status, body } = await rest<PacketPath>('GET', `${URL}?client=198.51.100.7&clientPort=1234`);
  assert.deepEqual([status, body.client, body.paths.length], [200, '198.51.100.7:1234', 1]);
  const hops = body.paths.flatMap(({ request, reply }) => [...request, ...reply]);
  assert.deepEqual(
    hops.map(({ source, destination }) => `${source} > ${destination}`),
    [
      '198.51.100.7:1234 > 192.168.10.88:80',
      '198.51.100.7:1234 > 192.168.10.11:8080',
      '192.168.10.11:8080 > 198.51.100.7:1234',
      '192.168.10.88:80 > 198.51.100.7:1234',
    ],
  );
  const text = await rest<string>('GET', URL, { headers: { accept: 'text/plain' } });
  assert.equal(text.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.match(text.body, /^Packet path of default\/shop\/http .*\nfor client 203\.0\.113\.7:40000\n/);
  const refused = await rest('GET', URL, { headers: { accept: 'image/png' } });
  assert.deepEqual([refused.status, refused.body.reason], [406, 'NOT_ACCEPTABLE']);
});

test('gRPC gives what REST gives', async () => {
  const { body } = await rest<PacketPath>('GET', `${URL}?client=198.51.100.7&clientPort=1234`);
  const request = { ...NAMES, client: '198.51.100.7', clientPort: 1234 };
  const answer = await call('VirtualServiceService/GetPacketPath', request);
  const path = answer.packetPath as JsonObject & { paths: JsonObject[] };
  assert.deepEqual([path.key, path.scheduling], [body.key, body.scheduling]);
  assert.deepEqual(path.paths[0]?.conditions, body.paths[0]?.conditions);
  const port = await session.refused(
    call('VirtualServiceService/GetPacketPath', { ...NAMES, clientPort: 65_536 }),
  );
  assert.deepEqual(port.violations, [['client_port', 'FIELD_INVALID']]);
  const name = await session.refused(
    call('VirtualServiceService/GetPacketPath', { ...NAMES, realServer: 'A' }),
  );
  assert.deepEqual(name.violations, [['real_server', 'FIELD_INVALID']]);
});

test('one real server can be picked out, and those that get no connections are named', async () => {
  const spec = { address: '192.168.10.12', port: 8080, weight: 0 };
  await rest('PUT', `${REAL_SERVERS}/web-2`, { body: { spec } });
  const all = await rest<PacketPath>('GET', URL);
  assert.deepEqual(
    all.body.paths.map(({ realServer }) => realServer),
    ['web-1'],
  );
  assert.match(all.body.remarks.join(), /web-2 gets no new connections: its weight is 0\./);
  const none = await rest<PacketPath>('GET', `${URL}?realServer=web-2`);
  assert.match(none.body.remarks.join(), /No real server may be picked/);
  const missing = await rest('GET', `${URL}?realServer=web-9`);
  assert.deepEqual([missing.status, missing.body.reason], [404, 'REAL_SERVER_NOT_FOUND']);
});

test('addresses that do not fit are refused with the field', async () => {
  for (const [url, pointer] of [
    [`${URL}?client=2001:db8::7`, '/query/client'],
    [`${URL}?client=nobody`, '/query/client'],
    [`${URL}?vip=192.0.2.1`, '/query/vip'],
    [`${URL}?clientPort=0`, '/query/clientPort'],
  ] as const) {
    const { status, body } = await rest('GET', url);
    assert.deepEqual([status, body.errors?.[0]?.pointer], [400, pointer]);
  }
  const missing = await rest('GET', `${SERVICES}/none/packet-path`);
  assert.deepEqual([missing.status, missing.body.reason], [404, 'VIRTUAL_SERVICE_NOT_FOUND']);
});

test('a real server whose replies nobody can put the VIP into says so', async () => {
  const spec = { protocol: 'udp', address: '192.168.10.88', port: 53, onePacket: true };
  const url = `${SERVICES}/dns/real-servers/r`;
  await rest('PUT', `${SERVICES}/dns`, { body: { spec } });
  await rest('PUT', url, { body: { spec: { address: '192.168.10.11' } } });
  const warnings = async () => (await rest<RealServer>('GET', url)).body.status.warnings;
  assert.deepEqual(
    (await warnings()).map(({ reason }) => reason),
    ['ONE_PACKET_REPLIES_LOST'],
  );
  await rest('PATCH', `${SERVICES}/dns`, { body: { spec: { forwarding: { method: 'dr' } } } });
  assert.deepEqual(await warnings(), []);
});

test('behind a firewall mark the VIP is what the caller says', async () => {
  await rest('PUT', `${SERVICES}/marked`, { body: { spec: { fwmark: 7, family: 'ipv4' } } });
  await rest('PUT', `${SERVICES}/marked/real-servers/r`, { body: { spec: { address: '192.168.10.11' } } });
  const known = await rest<PacketPath>('GET', `${SERVICES}/marked/packet-path?vip=192.0.2.10`);
  assert.equal(known.body.paths[0]?.request[0]?.destination, '192.0.2.10:PORT');
  const unknown = await rest<PacketPath>('GET', `${SERVICES}/marked/packet-path`);
  assert.equal(unknown.body.paths[0]?.request[0]?.destination, 'VIP:PORT');
});

test('the director says which interfaces and routers there are', async (t) => {
  const { control, store } = await createWorld(t).start();
  await createShop(control);
  const routes: Record<string, Route> = {
    '10.0.0.1': { interface: 'eth1', source: '10.0.0.254', gateway: '10.0.9.1', mtu: 1500, local: false },
    '203.0.113.7': { interface: 'eth0', source: '192.0.2.1', gateway: null, mtu: 1500, local: false },
  };
  const paths = createPacketPaths(store, { route: async (address) => routes[address] ?? null });
  const found = await paths.get(admin, http, {});
  const [one] = found.paths;
  assert.deepEqual(
    one?.request.map((hop) => [hop.interface, hop.sourceMac]),
    [
      ['eth0', 'client'],
      ['eth1', 'director'],
    ],
  );
  assert.match(one?.warnings.join() ?? '', /behind the router 10\.0\.9\.1: dr needs one segment/);
});

test('a viewer of the project may have it, others learn nothing', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  const viewer = callOf({ role: 'viewer', project: 'default' });
  assert.equal((await control.packetPaths.get(viewer, http, {})).virtualService, 'http');
  const outsider = callOf({ role: 'admin', project: 'blog' });
  await assert.rejects(control.packetPaths.get(outsider, http, {}), failsWith('PROJECT_NOT_FOUND'));
});
