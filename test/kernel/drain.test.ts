// time limit: 900 s
// Real connections through a real kernel: what drains keeps them, and nothing else gets in.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import type { Drain } from '../../src/domain/schema/drain.js';
import type { RealServer } from '../../src/domain/schema/resource.js';
import {
  addRealServer,
  CLIENTS,
  createDirectorNetwork,
  fetchFromVip,
  VIP,
  WEB_PORT,
  whoAnswers,
} from '../support/director-network.js';
import { CLUSTERS } from '../support/doors.js';
import { DOWNLOAD_BYTES } from '../support/drain-web.js';
import { ipvsadm, type Load, loads } from '../support/ipvsadm.js';
import {
  eventually,
  explained,
  type KernelServer,
  NO_INTERVAL,
  startKernelServer,
} from '../support/kernel-server.js';

/** A reset connection is forgotten after 10 s (tcp_timeouts), the drains are looked at every second. */
const LEAVES_WITHIN_MS = 30_000;
const RED = '10.92.1.2';
const GREEN = '10.92.2.2';
const SERVICES = `${CLUSTERS}/web/virtual-services`;

let server: KernelServer;

before(async () => {
  createDirectorNetwork();
  await addRealServer('red', '10.92.1');
  await addRealServer('green', '10.92.2');
  server = await startKernelServer({ intervalSeconds: NO_INTERVAL });
  const body = { name: 'web', spec: { forwarding: { method: 'nat' } } };
  assert.equal((await server.rest.call('POST', CLUSTERS, { body })).status, 201);
});

/** A service of its own for each test, with the real server red. */
async function createService(port: number, { spec = {}, red = {} } = {}): Promise<string> {
  const service = { protocol: 'tcp', address: VIP, port, scheduler: 'rr', ...spec };
  const body = { name: `s${port}`, spec: service };
  assert.equal((await server.rest.call('POST', SERVICES, { body })).status, 201);
  const url = `${SERVICES}/s${port}/real-servers`;
  await addServer(url, 'red', { address: RED, ...red });
  return url;
}

async function addServer(url: string, name: string, spec: object): Promise<void> {
  const body = { name, spec: { port: WEB_PORT, ...spec } };
  assert.equal((await server.rest.call('POST', url, { body })).status, 201);
}

/** Has red deliver a download, and only then puts green beside it. */
async function downloadFromRed(port: number, url: string) {
  const download = fetchFromVip(port, '/download');
  assert.equal(await download.server, 'red');
  await addServer(url, 'green', { address: GREEN });
  return download;
}

async function load(port: number, address: string): Promise<Load | undefined> {
  return (await loads(['-t', `${VIP}:${port}`])).get(`${address}:${WEB_PORT}`);
}

async function isGone(port: number, address: string): Promise<void> {
  assert.equal(await load(port, address), undefined);
}

async function answersOf(port: number, count: number): Promise<string[]> {
  const answers = [];
  for (let index = 0; index < count; index++) answers.push(await whoAnswers(port));
  return answers;
}

test('a download from a deleted real server finishes, new connections go elsewhere, then the server leaves', (t) =>
  explained(t, server, async () => {
    const url = await createService(8001);
    const download = await downloadFromRed(8001, url);
    assert.equal((await server.rest.call('DELETE', `${url}/red`)).status, 204);
    assert.deepEqual(await load(8001, RED), { weight: 0, active: 1, inactive: 0 });
    const { items } = await server.rest.get<{ items: Drain[] }>('/v1/directors/local/drains');
    const key = `tcp/${VIP}:8001->${RED}:${WEB_PORT}`;
    assert.deepEqual(
      items.map((drain) => [drain.key, drain.state, drain.leaving, drain.connections]),
      [[key, 'draining', true, { active: 1, inactive: 0, persistent: 0 }]],
    );
    assert.deepEqual(await answersOf(8001, 3), ['green', 'green', 'green']);
    assert.equal(await download.bytes, DOWNLOAD_BYTES);
    await eventually(LEAVES_WITHIN_MS, () => isGone(8001, RED));
    assert.equal((await load(8001, GREEN))?.weight, 1);
    const events = await server.rest.get<{ items: AuditEvent[] }>('/v1/audit-events?kind=drain');
    assert.equal(events.items[0]?.detail, `${key} has no connections left.`);
  }));

test('a download outlives kill -9 and a restart in the middle of the drain, which goes on', (t) =>
  explained(t, server, async () => {
    const url = await createService(8002);
    const download = await downloadFromRed(8002, url);
    assert.equal((await server.rest.call('DELETE', `${url}/red`)).status, 204);
    await server.end('SIGKILL');
    assert.deepEqual(await load(8002, RED), { weight: 0, active: 1, inactive: 0 });
    await server.start();
    assert.equal((await load(8002, RED))?.weight, 0);
    assert.deepEqual(await answersOf(8002, 2), ['green', 'green']);
    assert.equal(await download.bytes, DOWNLOAD_BYTES);
    await eventually(LEAVES_WITHIN_MS, () => isGone(8002, RED));
  }));

test('at the deadline the server leaves with its connections', (t) =>
  explained(t, server, async () => {
    const url = await createService(8003, { red: { drainTimeoutSeconds: 2 } });
    const download = await downloadFromRed(8003, url);
    assert.equal((await server.rest.call('DELETE', `${url}/red`)).status, 204);
    assert.equal((await load(8003, RED))?.active, 1);
    await eventually(6_000, () => isGone(8003, RED));
    download.process.kill('SIGKILL');
    await assert.rejects(download.bytes);
    const events = await server.rest.get<{ items: AuditEvent[] }>('/v1/audit-events?kind=drain');
    assert.match(events.items[0]?.detail ?? '', /^The deadline .* its last 1 connections are cut\.$/);
  }));

test('a server that clients come back to by persistence leaves when the templates have expired', (t) =>
  explained(t, server, async () => {
    const url = await createService(8004, { spec: { persistence: { timeoutSeconds: 20 } } });
    assert.equal(await whoAnswers(8004), 'red');
    await addServer(url, 'green', { address: GREEN });
    assert.equal((await server.rest.call('DELETE', `${url}/red`)).status, 204);
    assert.equal((await load(8004, RED))?.weight, 0);
    assert.match(
      await ipvsadm('-Ln', '--persistent-conn', '-t', `${VIP}:8004`),
      new RegExp(`-> ${RED}:${WEB_PORT} +0 +1 `),
    );
    assert.equal(await whoAnswers(8004, CLIENTS[1]), 'green');
    // The reset connection is gone after 10 s: from then on only the template holds the server.
    await eventually(LEAVES_WITHIN_MS, async () => {
      assert.deepEqual(await load(8004, RED), { weight: 0, active: 0, inactive: 0 });
    });
    await eventually(120_000, () => isGone(8004, RED));
    assert.equal(await whoAnswers(8004), 'green');
  }));

test('a server that is taken back while it drains keeps its connection and its place in the kernel', (t) =>
  explained(t, server, async () => {
    const url = await createService(8005);
    const download = await downloadFromRed(8005, url);
    assert.equal((await server.rest.call('DELETE', `${url}/red`)).status, 204);
    await addServer(url, 'red', { address: RED, weight: 3 });
    assert.deepEqual(await load(8005, RED), { weight: 3, active: 1, inactive: 0 });
    assert.equal(await download.bytes, DOWNLOAD_BYTES);
    const events = await server.rest.get<{ items: AuditEvent[] }>(
      `/v1/audit-events?kind=apply&resource=${url.slice('/v1/'.length)}/red`,
    );
    const commands = events.items.flatMap(({ operations }) => operations.map(({ command }) => command));
    assert.deepEqual(commands, ['SET_DEST', 'SET_DEST', 'NEW_DEST']);
  }));

test('one call drains a host in every virtual service, and status tells when it may go down', (t) =>
  explained(t, server, async () => {
    const url = await createService(8006);
    await createService(8007);
    const download = await downloadFromRed(8006, url);
    const address = `/v1/projects/default/real-server-addresses/${RED}`;
    const drain = { body: { spec: { adminState: 'drain' } } };
    const changed = await server.rest.call<{ realServers: RealServer[] }>('PATCH', address, drain);
    assert.equal(changed.status, 200);
    const there = changed.body.realServers.map(({ virtualService }) => virtualService);
    assert.ok(there.includes('s8006') && there.includes('s8007'));
    assert.deepEqual([(await load(8006, RED))?.weight, (await load(8007, RED))?.weight], [0, 0]);
    const states = async () => {
      const { realServers } = await server.rest.get<{ realServers: RealServer[] }>(
        `${address}?connections=true`,
      );
      return new Map(realServers.map((one) => [one.virtualService, one.status.drain?.state]));
    };
    assert.deepEqual([(await states()).get('s8006'), (await states()).get('s8007')], ['draining', 'drained']);
    assert.equal(await download.bytes, DOWNLOAD_BYTES);
    await eventually(LEAVES_WITHIN_MS, async () => {
      assert.deepEqual([...new Set((await states()).values())], ['drained']);
    });
    assert.equal((await load(8006, RED))?.weight, 0);
  }));
