// A kernel that cannot be reached: what is written is kept, said to be pending, and finished without being asked.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import type { Readiness } from '../../src/control/control.js';
import type { Director } from '../../src/domain/schema/director.js';
import type { VirtualService } from '../../src/domain/schema/resource.js';
import { assertIntact, auditFromNow } from '../support/audit-events.js';
import { CLUSTERS, createRestDoor, type Door } from '../support/doors.js';
import { createGrpcDoor } from '../support/grpc-door.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { ipvsadm, savedLines } from '../support/ipvsadm.js';
import {
  eventually,
  explained,
  type KernelServer,
  startKernelServer,
  whenFileEnds,
} from '../support/kernel-server.js';

const INTERVAL_SECONDS = 2;
/** The longest retry interval, a pass, and what a slow guest needs to look. */
const FINISH_LIMIT_MS = INTERVAL_SECONDS * 1000 + 5000;

const HELPER = '/proc/sys/kernel/modprobe';
const helper = readFileSync(HELPER, 'utf8').trim();
const http = { protocol: 'tcp', address: '10.1.0.1', port: 80, scheduler: 'wrr' };
const SERVICE = 'shop/virtual-services/http';

let server: KernelServer;
let doors: readonly Door[];

/** Unloads IPVS with its table and keeps the kernel from loading it again by itself. */
function takeIpvsAway(): void {
  writeFileSync(HELPER, '/bin/false');
  execFileSync('ipvsadm', ['-C']);
  const loaded = readFileSync('/proc/modules', 'utf8').match(/^ip_vs_\w+/gm) ?? [];
  for (const module of [...loaded, 'ip_vs']) execFileSync('rmmod', [module]);
}

/** As `takeIpvsAway`, under the eyes of a running server. */
function takeIpvsAwayFromServer(): void {
  server.pause();
  takeIpvsAway();
  server.resume();
}

function bringIpvsBack(): void {
  writeFileSync(HELPER, helper);
  execFileSync('modprobe', ['ip_vs']);
}

before(async () => {
  takeIpvsAway();
  server = await startKernelServer({ intervalSeconds: INTERVAL_SECONDS });
  const client = await connectByReflection(server.grpcAddress, { token: await server.token() });
  whenFileEnds(() => client.close());
  doors = [createRestDoor(server.rest), createGrpcDoor(client)];
});

test('a server that starts without IPVS answers, and says that it is not ready and why', () =>
  expectReadiness(503, false));

test('what is written without IPVS is stored, pending, and in the kernel soon after IPVS is there', (t) =>
  explained(t, server, async () => {
    const [rest, grpc] = doors as [Door, Door];
    const eventsSince = await auditFromNow(server.rest);
    assert.deepEqual(await rest.create('shop', { spec: { forwarding: { method: 'nat' } } }), {
      outcome: 'created',
    });
    assert.deepEqual(await rest.create(SERVICE, { spec: http }), { outcome: 'pending' });
    assert.deepEqual(await grpc.create(`${SERVICE}/real-servers/a`, { spec: { address: '10.2.0.1' } }), {
      outcome: 'pending',
    });
    assert.deepEqual(await rest.create(`${SERVICE}/real-servers/b`, { spec: { address: '10.2.0.2' } }), {
      outcome: 'pending',
    });
    assert.deepEqual(await grpc.update(`${SERVICE}/real-servers/a`, { spec: { weight: 7 } }), {
      outcome: 'pending',
    });
    assert.deepEqual(await rest.delete(`${SERVICE}/real-servers/b`), { outcome: 'pending' });
    const [state] = (await service()).status.directors;
    assert.deepEqual([state?.state, state?.reason], ['pending', 'KERNEL_UNAVAILABLE']);
    assert.ok((await eventsSince()).every(({ kind }) => kind === 'change'));

    bringIpvsBack();
    await finished(['-A -t 10.1.0.1:80 -s wrr', '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -m -w 7']);
    const applied = (await eventsSince()).filter(({ kind }) => kind === 'apply');
    assert.deepEqual(
      applied.flatMap(({ operations }) => operations.map(({ command, errno }) => [command, errno])),
      [
        ['NEW_SERVICE', null],
        ['NEW_DEST', null],
      ],
    );
  }));

test('IPVS that goes away and comes back empty is filled again; what changed meanwhile is in it', (t) =>
  explained(t, server, async () => {
    takeIpvsAwayFromServer();
    await eventually(FINISH_LIMIT_MS, () => expectReadiness(503, false));
    const [, grpc] = doors as [Door, Door];
    assert.deepEqual(await grpc.update(SERVICE, { spec: { scheduler: 'lc' } }), { outcome: 'pending' });
    bringIpvsBack();
    await finished(['-A -t 10.1.0.1:80 -s lc', '-a -t 10.1.0.1:80 -r 10.2.0.1:80 -m -w 7']);
  }));

test('a frontend that somebody else took during the outage stays theirs, and ours says so', (t) =>
  explained(t, server, async () => {
    const [rest] = doors as [Door, Door];
    takeIpvsAwayFromServer();
    const path = 'shop/virtual-services/late';
    assert.deepEqual(await rest.create(path, { spec: { ...http, port: 81 } }), { outcome: 'pending' });
    const foreign = '-A -t 10.1.0.1:81 -s sed';
    server.pause();
    bringIpvsBack();
    await ipvsadm(...foreign.split(' '));
    server.resume();
    await eventually(FINISH_LIMIT_MS, async () => {
      const [state] = (await service(path)).status.directors;
      assert.deepEqual([state?.state, state?.reason], ['refused', 'FOREIGN_ENTRY']);
    });
    assert.ok((await savedLines()).includes(foreign));
    await ipvsadm('-D', '-t', '10.1.0.1:81');
    await eventually(2 * FINISH_LIMIT_MS, async () => {
      assert.equal((await service(path)).status.state, 'applied');
    });
    assert.ok((await savedLines()).includes('-A -t 10.1.0.1:81 -s wrr'));
  }));

test('the audit chain verifies after all of it', () => assertIntact(server.rest));

async function service(path = SERVICE): Promise<VirtualService> {
  return server.rest.get<VirtualService>(`${CLUSTERS}/${path}`);
}

async function expectReadiness(status: number, reachable: boolean): Promise<void> {
  const { status: actual, body } = await server.rest.call<Readiness>('GET', '/readyz');
  assert.equal(actual, status, JSON.stringify(body));
  const director = await server.rest.get<Director>('/v1/directors/local');
  assert.equal(director.reachable, reachable);
  const check = body.checks.find(({ name }) => name === 'director local');
  assert.match(check?.detail ?? '', reachable ? /answers/ : /modprobe ip_vs/);
}

/** By itself: nobody asks for a pass. */
async function finished(lines: readonly string[]): Promise<void> {
  await eventually(FINISH_LIMIT_MS, async () => assert.deepEqual(await savedLines(), lines));
  await eventually(FINISH_LIMIT_MS, () => expectReadiness(200, true));
  // The kernel has it a moment before the pass that told it has ended.
  await eventually(FINISH_LIMIT_MS, async () => {
    const { status, revision } = await service();
    assert.equal(status.state, 'applied');
    assert.deepEqual(status.directors, [{ name: 'local', state: 'applied', observedRevision: revision }]);
  });
}
