// time limit: 120 s
/** What lvsd says from the routes of the host that it runs on: the DIP in a setup, interfaces and routers in a packet path. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, test } from 'node:test';
import type { PacketPath } from '../../src/domain/schema/packet-path.js';
import { CLUSTERS } from '../support/doors.js';
import { type KernelServer, NO_INTERVAL, startKernelServer } from '../support/kernel-server.js';

const NETWORK = `set -e
ip link add back type dummy; ip address add 10.1.0.1/24 dev back; ip link set back up
ip link add front type dummy; ip address add 198.51.100.1/24 dev front; ip link set front up
ip route add default via 198.51.100.254`;

const SERVICE = { protocol: 'tcp', address: '192.0.2.10', port: 80 };
const HTTP = `${CLUSTERS}/shop/virtual-services/http`;

let server: KernelServer;

before(async () => {
  execFileSync('sh', ['-c', NETWORK]);
  server = await startKernelServer({ intervalSeconds: NO_INTERVAL });
  const servers = {
    'web-1': { spec: { address: '10.1.0.2', port: 8080 } },
    self: { spec: { address: '10.1.0.1' } },
  };
  const body = {
    spec: { forwarding: { method: 'nat' } },
    virtualServices: { http: { spec: SERVICE, realServers: servers } },
  };
  assert.equal((await server.rest.call('PUT', `${CLUSTERS}/shop/definition`, { body })).status, 201);
});

test("a setup has the address of the director's route to the real server", async () => {
  const script = (address: string) =>
    server.rest.get<string>(`/v1/projects/default/real-server-addresses/${address}/setup`);
  assert.match(await script('10.1.0.2'), /^ {2}reply_route -4 10\.1\.0\.2 10\.1\.0\.1 \d+$/m);
  assert.match(await script('10.1.0.1'), /^# - 10\.1\.0\.1 is the director itself/m);
});

test('a packet path has the interfaces of the director and the routers beside it', async () => {
  const path = await server.rest.get<PacketPath>(`${HTTP}/packet-path?client=203.0.113.7&realServer=web-1`);
  const hops = path.paths.flatMap(({ request, reply }) => [...request, ...reply]);
  assert.deepEqual(
    hops.map((hop) => [hop.interface, hop.sourceMac, hop.destinationMac]),
    [
      ['front', 'router 198.51.100.254', 'director (it answers for the VIP)'],
      ['back', 'director', 'web-1'],
      ['back', 'web-1', 'director (the way of these replies)'],
      ['front', 'director', 'router 198.51.100.254'],
    ],
  );
});
