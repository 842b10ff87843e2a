// Each thing that newcomers forget, forgotten on purpose: packets do not flow, the preflight says why, its remedy is executed as it stands, and they do.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import type { Preflight } from '../../src/domain/schema/preflight.js';
import type { Cluster } from '../../src/domain/schema/resource.js';
import { CLUSTERS } from '../support/doors.js';
import { eventually, explained, type KernelServer, startKernelServer } from '../support/kernel-server.js';
import { ask } from '../support/lab/client.js';
import { realServersOf } from '../support/lab/cluster.js';
import { DIRECTOR, ip, sysctl } from '../support/lab/namespaces.js';
import { clientAddress, createNetwork, LAN, UPLINK } from '../support/lab/network.js';
import { bindVips, runSetups } from '../support/lab/preparation.js';
import { RIP_PORT, serve, startServers, VIP_PORT } from '../support/lab/servers.js';

const LAB = `${CLUSTERS}/lab`;
const HELPER = '/proc/sys/kernel/modprobe';
const INTERVAL_SECONDS = 2;
const { vip } = LAN.ipv4;

let server: KernelServer;

before(async () => {
  createNetwork();
  startServers();
  bindVips();
  // What the lab is not about.
  for (const name of ['all', 'default', 'lan']) sysctl(DIRECTOR, { [`ipv4/conf/${name}/rp_filter`]: 0 });
  server = await startKernelServer({ intervalSeconds: INTERVAL_SECONDS });
});

/** One virtual service with the lab's real servers, or with these, all prepared by lvsd's scripts. */
async function define(method: string, realServers: object): Promise<void> {
  const spec = { protocol: 'tcp', address: vip, port: VIP_PORT, scheduler: 'rr' };
  const body = { spec: { forwarding: { method } }, virtualServices: { web: { spec, realServers } } };
  await server.rest.call('DELETE', `${LAB}?cascade=true&drain=false`);
  assert.equal((await server.rest.call('PUT', `${LAB}/definition`, { body })).status, 201);
}

const client = clientAddress('ipv4');
const question = {
  protocol: 'tcp',
  vip: { address: vip, port: VIP_PORT },
  source: client,
  times: 3,
} as const;

async function answered(): Promise<void> {
  await ask(question);
}

function findings(): Promise<Preflight> {
  return server.rest.get<Preflight>(`${LAB}/preflight`);
}

interface Scene {
  readonly id: string;
  /** What whoever reads it pastes. */
  readonly remedy: RegExp;
  /** Before the remedy is executed. */
  readonly prepare?: () => void;
  /** Findings that are mended together with it. */
  readonly along?: readonly string[];
}

async function mend({ id, remedy, prepare, along = [] }: Scene): Promise<void> {
  await assert.rejects(ask({ ...question, times: 1 }), `packets flow in spite of ${id}`);
  for (const wanted of [id, ...along]) {
    const { findings: found } = await findings();
    const one = found.find((each) => each.id === wanted);
    assert.ok(one?.remedy, `${wanted} is not among ${found.map((each) => each.id).join(', ')}`);
    if (wanted === id) assert.match(one.remedy, remedy);
    prepare?.();
    const environment = { LVSD_SERVER: server.restUrl, LVSD_TOKEN: await server.token() };
    execFileSync('sh', ['-c', one.remedy], { env: { ...process.env, ...environment }, stdio: 'pipe' });
  }
  await eventually(15_000, answered);
  const { findings: left } = await findings();
  assert.deepEqual(
    left.filter((one) => [id, ...along].includes(one.id)),
    [],
  );
}

test('IPVS is not loaded', (t) =>
  explained(t, server, async () => {
    await define('dr', realServersOf('ipv4', VIP_PORT));
    await runSetups(server.rest, { families: ['ipv4'] });
    await ask(question);
    const helper = readFileSync(HELPER, 'utf8').trim();
    server.pause();
    // Or the kernel would load it again as soon as anybody asks.
    writeFileSync(HELPER, '/bin/false');
    execFileSync('ipvsadm', ['-C']);
    const loaded = readFileSync('/proc/modules', 'utf8').match(/^ip_vs_\w+/gm) ?? [];
    for (const module of [...loaded, 'ip_vs']) execFileSync('rmmod', [module]);
    server.resume();
    await eventually(15_000, async () =>
      assert.equal((await findings()).findings[0]?.id, 'IPVS_UNAVAILABLE'),
    );
    await mend({
      id: 'IPVS_UNAVAILABLE',
      remedy: /^modprobe ip_vs$/,
      prepare: () => writeFileSync(HELPER, helper),
    });
  }));

test('the director does not have the VIP (dr); the status of the cluster says so too', (t) =>
  explained(t, server, async () => {
    ip(DIRECTOR, [`address del ${vip}/32 dev lan`]);
    // The first look at the cluster may be half a minute old.
    await eventually(45_000, async () => {
      const { status } = await server.rest.get<Cluster>(LAB);
      const { reason } = status.warnings.find((one) => one.reason === 'VIP_MISSING') ?? {};
      assert.equal(reason, 'VIP_MISSING', JSON.stringify(status.warnings));
    });
    await mend({ id: 'VIP_MISSING', remedy: /^ip addr add 192\.0\.2\.100\/32 dev lan$/ });
  }));

test('the director does not forward (nat with port mapping)', (t) =>
  explained(t, server, async () => {
    await define('nat', realServersOf('ipv4', RIP_PORT));
    await runSetups(server.rest, { families: ['ipv4'] });
    await ask(question);
    sysctl(DIRECTOR, { 'ipv4/ip_forward': 0 });
    await mend({ id: 'IP_FORWARD_OFF', remedy: /^sysctl -w net\.ipv4\.ip_forward=1$/ });
  }));

test('a reverse path filter drops requests that arrive by another way than answers to them would leave by (dr)', (t) =>
  explained(t, server, async () => {
    await define('dr', realServersOf('ipv4', VIP_PORT));
    await runSetups(server.rest, { families: ['ipv4'] });
    ip('router', [
      'link add dmz type veth peer name dmz netns 1',
      'link set dmz up',
      'address add 10.99.0.1/24 dev dmz',
    ]);
    ip(DIRECTOR, ['link set dmz up', 'address add 10.99.0.2/24 dev dmz']);
    ip('router', [`route add ${vip}/32 via 10.99.0.2`]);
    await eventually(10_000, answered);
    sysctl(DIRECTOR, { 'ipv4/conf/dmz/rp_filter': 1 });
    await mend({ id: 'RP_FILTER_STRICT', remedy: /^sysctl -w net\.ipv4\.conf\.dmz\.rp_filter=2$/ });
    ip('router', [`route del ${vip}/32`]);
    ip(DIRECTOR, ['link del dmz']);
  }));

test('the real server is on another segment (dr); fullnat reaches it, once conntrack is on', (t) =>
  explained(t, server, async () => {
    sysctl(DIRECTOR, { 'ipv4/vs/conntrack': 0 });
    // rs1 also has an address that only the router knows the way to.
    ip('rs1', ['address add 10.77.0.1/32 dev lo']);
    ip('router', [`route add 10.77.0.1/32 via ${LAN.ipv4.rs1} dev ${UPLINK}`]);
    serve('rs1', { address: '10.77.0.1', port: VIP_PORT });
    await define('dr', { far: { spec: { address: '10.77.0.1' } } });
    await mend({
      id: 'REAL_SERVER_NOT_ON_SEGMENT',
      remedy: /^curl .*\/v1\/projects\/default\/clusters\/lab\/virtual-services\/web"$/,
      along: ['CONNTRACK_OFF'],
    });
    const [answer] = await ask(question);
    assert.equal(answer, `rs1 sees ${LAN.ipv4.director} at 10.77.0.1:80`);
  }));
