// Persistence, thresholds, weight 0 and SCTP with connections: who keeps its real server, and who is turned away.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { loads } from '../support/ipvsadm.js';
import { eventually, type KernelServer, NO_INTERVAL, startKernelServer } from '../support/kernel-server.js';
import { balance, hold, setWeight, tally, visit } from '../support/lab/balance.js';
import { BACKEND_PORT, type Backends, createBackends } from '../support/lab/connections.js';
import { DIRECTOR, sysctl } from '../support/lab/namespaces.js';
import { clientAddress, createNetwork, FAMILIES, type Family, LAN } from '../support/lab/network.js';
import { bindVips, routeByDirector } from '../support/lab/preparation.js';
import type { Endpoint } from '../support/lab/sockets.js';

const HOSTS = 40;
/** The kernel forgets a reset connection after 10 s (tcp_timeouts of ip_vs_proto_tcp.c). */
const FORGOTTEN_WITHIN_MS = 20_000;
/** Prefixes of the two subnets of clients. */
const SUBNET_PREFIX = { ipv4: 24, ipv6: 64 } as const;

let server: KernelServer;
let tcp: Readonly<Record<Family, Backends>>;
let sctp: Backends;

before(async () => {
  createNetwork();
  // The director refuses with ICMP, by default once a second.
  sysctl(DIRECTOR, { 'ipv4/icmp_ratelimit': 0 });
  bindVips();
  routeByDirector();
  tcp = { ipv4: createBackends('tcp', 'ipv4'), ipv6: createBackends('tcp', 'ipv6') };
  sctp = createBackends('sctp', 'ipv4');
  server = await startKernelServer({ intervalSeconds: NO_INTERVAL });
});

function on(port: number, family: Family, more: object): { vip: Endpoint; service: object } {
  const vip = { address: LAN[family].vip, port };
  return { vip, service: { protocol: 'tcp', ...vip, scheduler: 'rr', ...more } };
}

/** The same client again and again. */
function oneClient(family: Family, times: number): Endpoint[] {
  return Array.from({ length: times }, () => ({ address: clientAddress(family), port: 0 }));
}

/** One connection from every host of a subnet. */
function everyClient(family: Family, subnet: 0 | 1): Endpoint[] {
  return Array.from({ length: HOSTS }, (_, host) => ({
    address: clientAddress(family, subnet, host),
    port: 0,
  }));
}

/** In the kernel's table, those it is about to forget included. */
async function connectionsOfRs1({ address, port }: Endpoint): Promise<number> {
  const load = (await loads(['-t', `${address}:${port}`])).get(`${LAN.ipv4.rs1}:${BACKEND_PORT}`);
  return (load?.active ?? 0) + (load?.inactive ?? 0);
}

for (const family of FAMILIES) {
  test(`persistence brings a client back to its server, and the next client to another (${family})`, async (t) => {
    const { vip, service } = on(7101, family, { persistence: { timeoutSeconds: 300 } });
    await balance(t, server, { name: `persistent-${family}`, family, service });
    const first = visit(tcp[family], vip, everyClient(family, 0));
    assert.deepEqual(
      Object.values(tally(first)).sort((a, b) => a - b),
      [13, 13, 14],
    );
    for (let round = 0; round < 4; round++) {
      assert.deepEqual(visit(tcp[family], vip, everyClient(family, 0)), first);
    }
  });

  test(`persistence with a prefix keeps a subnet together (${family})`, async (t) => {
    const persistence = { timeoutSeconds: 300, prefixLength: SUBNET_PREFIX[family] };
    const { vip, service } = on(7102, family, { persistence });
    await balance(t, server, { name: `subnet-${family}`, family, service });
    const near = new Set(visit(tcp[family], vip, everyClient(family, 0)));
    const far = new Set(visit(tcp[family], vip, everyClient(family, 1)));
    assert.deepEqual([near.size, far.size], [1, 1]);
    assert.notDeepEqual(near, far);
  });
}

test('at its upper threshold a server is passed over until it is below the lower one', async (t) => {
  const { vip, service } = on(7103, 'ipv4', {});
  const limits = { upperThreshold: 5, lowerThreshold: 3 };
  await balance(t, server, { name: 'thresholds', service, servers: { rs1: limits } });
  const held = hold(t, tcp.ipv4, vip, oneClient('ipv4', 30));
  const atRs1 = held.filter((one) => one.server === 'rs1');
  assert.equal(atRs1.length, 5);
  assert.equal(tally(held.slice(0, 15).map((one) => one.server)).rs1, 5, 'it has its turns until then');

  // With three connections left it is not below three; with two it is.
  for (const connection of atRs1.slice(0, 2)) connection.close();
  await eventually(FORGOTTEN_WITHIN_MS, async () => assert.equal(await connectionsOfRs1(vip), 3));
  assert.equal(tally(visit(tcp.ipv4, vip, oneClient('ipv4', 6))).rs1, 0);
  atRs1[2]?.close();
  await eventually(FORGOTTEN_WITHIN_MS, async () => assert.equal(await connectionsOfRs1(vip), 2));
  assert.equal(tally(hold(t, tcp.ipv4, vip, oneClient('ipv4', 3)).map((one) => one.server)).rs1, 1);
});

test('when every server is at its threshold, the client is refused', async (t) => {
  const { vip, service } = on(7104, 'ipv4', {});
  const limits = { upperThreshold: 2 };
  await balance(t, server, {
    name: 'full',
    service,
    servers: { rs1: limits, rs2: limits, rs3: limits },
  });
  hold(t, tcp.ipv4, vip, oneClient('ipv4', 6));
  assert.throws(() => visit(tcp.ipv4, vip, oneClient('ipv4', 1)), { code: 'ECONNREFUSED' });
});

test('weight 0 keeps the open connections of a server and sends new ones elsewhere', async (t) => {
  const { vip, service } = on(7105, 'ipv4', {});
  await balance(t, server, { name: 'quiesced', service });
  const held = hold(t, tcp.ipv4, vip, oneClient('ipv4', 6));
  assert.deepEqual(tally(held.map((one) => one.server)), { rs1: 2, rs2: 2, rs3: 2 });
  await setWeight(server, 'quiesced', 'rs1', 0);
  assert.deepEqual(tally(visit(tcp.ipv4, vip, oneClient('ipv4', 20))), { rs1: 0, rs2: 10, rs3: 10 });
  for (const connection of held) connection.exchange();
});

test('SCTP: rr goes round, weight 0 keeps associations, persistence keeps a client', async (t) => {
  const { vip, service } = on(7106, 'ipv4', { protocol: 'sctp' });
  await balance(t, server, { name: 'sctp', service });
  const held = hold(t, sctp, vip, oneClient('ipv4', 6));
  assert.deepEqual(tally(held.map((one) => one.server)), { rs1: 2, rs2: 2, rs3: 2 });
  assert.deepEqual(tally(visit(sctp, vip, oneClient('ipv4', 195))), { rs1: 65, rs2: 65, rs3: 65 });
  await setWeight(server, 'sctp', 'rs1', 0);
  assert.equal(tally(visit(sctp, vip, oneClient('ipv4', 20))).rs1, 0);
  for (const association of held) association.exchange();

  const persistent = on(7107, 'ipv4', { protocol: 'sctp', persistence: { timeoutSeconds: 300 } });
  await balance(t, server, { name: 'sctp-persistent', service: persistent.service });
  assert.equal(new Set(visit(sctp, persistent.vip, oneClient('ipv4', 20))).size, 1);
});
