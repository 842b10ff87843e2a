// What each scheduler of the kernel promises, held against 200 connections; twos is not built for the guest's kernel.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, test } from 'node:test';
import { type KernelServer, NO_INTERVAL, startKernelServer } from '../support/kernel-server.js';
import {
  balance,
  hold,
  removeAtOnce,
  type Servers,
  setWeight,
  type Tally,
  tally,
  visit,
} from '../support/lab/balance.js';
import { type Backends, createBackends } from '../support/lab/connections.js';
import { DIRECTOR, ip, sysctl } from '../support/lab/namespaces.js';
import {
  clientAddress,
  createNetwork,
  LAN,
  REAL_SERVERS,
  type RealServerName,
} from '../support/lab/network.js';
import { bindVips, routeByDirector } from '../support/lab/preparation.js';
import type { Endpoint } from '../support/lab/sockets.js';

const CONNECTIONS = 200;
const HOSTS = 40;
/** Addresses behind a firewall mark, for schedulers that go by the client's destination. */
const MARKED_SUBNET = '192.0.2.128/25';

let server: KernelServer;
let backends: Backends;

before(async () => {
  createNetwork();
  // The director refuses with ICMP, by default once a second.
  sysctl(DIRECTOR, { 'ipv4/icmp_ratelimit': 0 });
  bindVips();
  routeByDirector();
  ip(DIRECTOR, [`route add local ${MARKED_SUBNET} dev lo`]);
  backends = createBackends('tcp', 'ipv4');
  server = await startKernelServer({ intervalSeconds: NO_INTERVAL });
});

const WEIGHTS = { rs1: { weight: 3 }, rs2: { weight: 2 }, rs3: { weight: 1 } } satisfies Servers;
/** By weight. */
const SHARES: Tally = { rs1: CONNECTIONS / 2, rs2: CONNECTIONS / 3, rs3: CONNECTIONS / 6 };
const ONE_CLIENT = sources(() => 0);
/** Every client comes five times, the clients in turn. */
const MANY_CLIENTS = sources((index) => index % HOSTS);

function sources(hostOf: (index: number) => number): Endpoint[] {
  return Array.from({ length: CONNECTIONS }, (_, index) => ({
    address: clientAddress('ipv4', 0, hostOf(index)),
    port: 0,
  }));
}

/** A service on a port of the VIP. */
function on(port: number, scheduler: string, more: object = {}): { vip: Endpoint; service: object } {
  const vip = { address: LAN.ipv4.vip, port };
  return { vip, service: { protocol: 'tcp', ...vip, scheduler, ...more } };
}

/** A service for what goes to this port of the addresses behind the mark. */
function marked(port: number, scheduler: string): object {
  const rule = [
    '-t',
    'mangle',
    '-A',
    'PREROUTING',
    '-d',
    MARKED_SUBNET,
    '-p',
    'tcp',
    '--dport',
    String(port),
  ];
  execFileSync('iptables-legacy', [...rule, '-j', 'MARK', '--set-mark', String(port)]);
  return { fwmark: port, family: 'ipv4', scheduler };
}

const destination = (index: number, port: number): Endpoint => ({ address: `192.0.2.${130 + index}`, port });

/** Within one connection of the shares. */
function assertShares(counted: Tally, shares: Tally): void {
  for (const name of REAL_SERVERS) {
    const isNear = Math.abs(counted[name] - shares[name]) <= 1;
    assert.ok(isNear, `${name} has ${counted[name]} of ${CONNECTIONS} connections, not ${shares[name]}`);
  }
}

/** The one real server of each key; fails when a key has two. */
function serverOfEach(
  keys: readonly string[],
  names: readonly RealServerName[],
): Map<string, RealServerName> {
  const found = new Map<string, RealServerName>();
  for (const [index, key] of keys.entries()) {
    const name = names[index] as RealServerName;
    assert.equal(found.get(key) ?? name, name, `${key} goes to two real servers`);
    found.set(key, name);
  }
  return found;
}

/** As `serverOfEach`, of MANY_CLIENTS. */
function serverOfClients(names: readonly RealServerName[]): Map<string, RealServerName> {
  return serverOfEach(
    MANY_CLIENTS.map(({ address }) => address),
    names,
  );
}

/** That no real server is left out of what a hash spreads. */
function assertSpread(names: Iterable<RealServerName>): void {
  const counted = tally([...names]);
  for (const name of REAL_SERVERS) assert.ok(counted[name] >= 4, `${name} has ${counted[name]} of ${HOSTS}`);
}

test('rr goes round', async (t) => {
  const { vip, service } = on(7001, 'rr');
  await balance(t, server, { name: 'rr', service });
  const names = visit(backends, vip, ONE_CLIENT);
  assert.equal(new Set(names.slice(0, 3)).size, 3);
  assert.ok(names.every((name, index) => name === names[index % 3]));
});

test('wrr goes round by weight: every six connections are three, two and one', async (t) => {
  const { vip, service } = on(7002, 'wrr');
  await balance(t, server, { name: 'wrr', service, servers: WEIGHTS });
  const names = visit(backends, vip, ONE_CLIENT);
  for (let round = 0; round + 6 <= CONNECTIONS; round += 6) {
    assert.deepEqual(tally(names.slice(round, round + 6)), { rs1: 3, rs2: 2, rs3: 1 });
  }
});

test('lc evens out what is open, whatever the weights, and fills up who has lost connections', async (t) => {
  const { vip, service } = on(7003, 'lc');
  await balance(t, server, { name: 'lc', service, servers: WEIGHTS });
  const held = hold(t, backends, vip, ONE_CLIENT);
  const third = CONNECTIONS / 3;
  assertShares(tally(held.map((one) => one.server)), { rs1: third, rs2: third, rs3: third });
  for (const connection of held) if (connection.server === 'rs2') connection.close();
  const next = hold(t, backends, vip, ONE_CLIENT.slice(0, 60));
  assert.deepEqual(tally(next.map((one) => one.server)), { rs1: 0, rs2: 60, rs3: 0 });
});

test('wlc keeps what is open in the proportion of the weights', async (t) => {
  const { vip, service } = on(7004, 'wlc');
  await balance(t, server, { name: 'wlc', service, servers: WEIGHTS });
  assertShares(tally(hold(t, backends, vip, ONE_CLIENT).map((one) => one.server)), SHARES);
});

test('sed counts the connection to come, so the light server waits for its turn, then keeps the proportion', async (t) => {
  const { vip, service } = on(7005, 'sed');
  await balance(t, server, { name: 'sed', service, servers: WEIGHTS });
  const names = hold(t, backends, vip, ONE_CLIENT).map((one) => one.server);
  assert.deepEqual(names.slice(0, 3), ['rs1', 'rs2', 'rs1']);
  assertShares(tally(names), SHARES);
});

test('nq gives every idle server a connection first, then does as sed', async (t) => {
  const { vip, service } = on(7006, 'nq');
  await balance(t, server, { name: 'nq', service, servers: WEIGHTS });
  const names = hold(t, backends, vip, ONE_CLIENT).map((one) => one.server);
  assert.equal(new Set(names.slice(0, 3)).size, 3);
  assertShares(tally(names), SHARES);
});

for (const [scheduler, port] of [
  ['sh', 7007],
  ['mh', 7014],
] as const) {
  test(`${scheduler} keeps a client on its server, spreads clients, and refuses those of a quiesced server`, async (t) => {
    const { vip, service } = on(port, scheduler);
    await balance(t, server, { name: scheduler, service });
    const before = serverOfClients(visit(backends, vip, MANY_CLIENTS));
    assertSpread(before.values());
    await setWeight(server, scheduler, 'rs2', 0);
    for (const [address, name] of before) {
      const source = { address, port: 0 };
      if (name === 'rs2') assert.throws(() => visit(backends, vip, [source]), { code: 'ECONNREFUSED' });
      else assert.deepEqual(visit(backends, vip, [source]), [name]);
    }
  });

  test(`${scheduler} with its flags tells the ports of a client apart and passes over a quiesced server`, async (t) => {
    const { vip, service } = on(port, scheduler, {
      schedulerFlags: [`${scheduler}-port`, `${scheduler}-fallback`],
    });
    await balance(t, server, { name: scheduler, service });
    const ports = Array.from({ length: CONNECTIONS }, (_, index) => 20000 + (index % HOSTS));
    const oneHost = ports.map((number) => ({ address: clientAddress('ipv4'), port: number }));
    const before = serverOfEach(ports.map(String), visit(backends, vip, oneHost));
    assertSpread(before.values());
    await setWeight(server, scheduler, 'rs2', 0);
    const after = serverOfEach(ports.map(String), visit(backends, vip, oneHost));
    for (const [number, name] of after) {
      assert.notEqual(name, 'rs2');
      if (before.get(number) !== 'rs2') assert.equal(name, before.get(number), `port ${number} has moved`);
    }
  });
}

test('mh moves hardly any client of the other servers when one is removed', async (t) => {
  const { vip, service } = on(7015, 'mh');
  await balance(t, server, { name: 'mh-removal', service });
  const before = serverOfClients(visit(backends, vip, MANY_CLIENTS));
  await removeAtOnce(server, 'mh-removal', 'rs3');
  const after = serverOfClients(visit(backends, vip, MANY_CLIENTS));
  assert.equal(tally([...after.values()]).rs3, 0);
  const others = [...before].filter(([, name]) => name !== 'rs3');
  const moved = others.filter(([client, name]) => after.get(client) !== name);
  assert.ok(moved.length <= others.length / 5, `${moved.length} of ${others.length} clients have moved`);
});

test('dh keeps a destination on its server, whoever asks, and spreads destinations', async (t) => {
  await balance(t, server, { name: 'dh', service: marked(7009, 'dh') });
  const destinations = MANY_CLIENTS.map((_, index) => destination(index % HOSTS, 7009));
  // In each round of forty the clients are shifted by one.
  const clients = sources((index) => (index + Math.floor(index / HOSTS)) % HOSTS);
  const names = clients.flatMap((client, index) =>
    visit(backends, destinations[index] ?? destination(0, 7009), [client]),
  );
  assertSpread(
    serverOfEach(
      destinations.map(({ address }) => address),
      names,
    ).values(),
  );
});

for (const { scheduler, port, returns } of [
  { scheduler: 'lblc', port: 7010, returns: false },
  { scheduler: 'lblcr', port: 7011, returns: true },
]) {
  const then = returns ? 'shares it with the first' : 'stays there';
  test(`${scheduler} keeps a destination on the least loaded server until that is overloaded, then takes another and ${then}`, async (t) => {
    const servers = { rs1: { weight: 10 }, rs2: { weight: 10 }, rs3: { weight: 10 } };
    await balance(t, server, { name: scheduler, service: marked(port, scheduler), servers });
    const keys = ONE_CLIENT.map((_, index) => index % 20);
    const names = keys.flatMap((key, index) =>
      visit(backends, destination(1 + key, port), ONE_CLIENT.slice(index, index + 1)),
    );
    assertSpread(serverOfEach(keys.map(String), names).values());

    // Overloaded: more open connections than the weight, while another has less than half of its own.
    const held = hold(t, backends, destination(0, port), ONE_CLIENT.slice(0, 12));
    const [first, twelfth] = [held[0]?.server, held[11]?.server];
    assert.ok(held.slice(0, 11).every((one) => one.server === first));
    assert.notEqual(twelfth, first);
    for (const connection of held.slice(0, 11)) connection.close();
    const [next] = visit(backends, destination(0, port), ONE_CLIENT.slice(0, 1));
    assert.equal(next, returns ? first : twelfth);
  });
}

test('fo uses the server of the highest weight alone, and the next one when that is quiesced', async (t) => {
  const { vip, service } = on(7012, 'fo');
  await balance(t, server, { name: 'fo', service, servers: WEIGHTS });
  assert.deepEqual(tally(visit(backends, vip, ONE_CLIENT)), { rs1: CONNECTIONS, rs2: 0, rs3: 0 });
  await setWeight(server, 'fo', 'rs1', 0);
  assert.deepEqual(tally(visit(backends, vip, ONE_CLIENT)), { rs1: 0, rs2: CONNECTIONS, rs3: 0 });
  await setWeight(server, 'fo', 'rs1', 3);
  assert.deepEqual(visit(backends, vip, ONE_CLIENT.slice(0, 1)), ['rs1']);
});

test('ovf fills the server of the highest weight until it has more connections than weight, then the next', async (t) => {
  const { vip, service } = on(7013, 'ovf');
  const servers = { rs1: { weight: 120 }, rs2: { weight: 50 }, rs3: { weight: 40 } };
  await balance(t, server, { name: 'ovf', service, servers });
  const names = hold(t, backends, vip, ONE_CLIENT).map((one) => one.server);
  assert.deepEqual(tally(names.slice(0, 121)), { rs1: 121, rs2: 0, rs3: 0 });
  assert.deepEqual(tally(names.slice(121, 172)), { rs1: 0, rs2: 51, rs3: 0 });
  assert.deepEqual(tally(names.slice(172)), { rs1: 0, rs2: 0, rs3: CONNECTIONS - 172 });
});
