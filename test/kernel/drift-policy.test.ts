// What lvsd leaves alone in a real kernel: too much drift at once, and all of it in mode report.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Director, Reconciliation } from '../../src/domain/schema/director.js';
import type { RealServer } from '../../src/domain/schema/resource.js';
import { assertIntact, auditFromNow } from '../support/audit-events.js';
import { CLUSTERS, createRestDoor } from '../support/doors.js';
import { counters, ipvsadm, savedLines } from '../support/ipvsadm.js';
import { eventually, explained, type KernelServer, startKernelServer } from '../support/kernel-server.js';

const INTERVAL_SECONDS = 1;
const REPAIR_LIMIT_MS = 5000;
const VIP = '10.77.0.1:80';
const WEB0 = `${CLUSTERS}/c/virtual-services/web/real-servers/r0`;
/** 40 entries: passes by themselves change 12 at most. The service with 13 of them goes at once. */
const LARGE = ['-u', '10.77.0.1:53'];
const SERVERS = Array.from({ length: 26 }, (_, n) => `10.77.1.${n + 1}`);
const DEFINITION = {
  spec: { forwarding: { method: 'nat' } },
  virtualServices: {
    web: {
      spec: { protocol: 'tcp', address: '10.77.0.1', port: 80, scheduler: 'rr' },
      realServers: serversAt(SERVERS),
    },
    dns: {
      spec: { protocol: 'udp', address: '10.77.0.1', port: 53, scheduler: 'rr' },
      realServers: serversAt(SERVERS.slice(0, 12)),
    },
  },
};

function serversAt(addresses: readonly string[]) {
  return Object.fromEntries(addresses.map((address, n) => [`r${n}`, { spec: { address } }]));
}

let server: KernelServer;
let complete: readonly string[];

before(async () => {
  server = await startKernelServer({ intervalSeconds: INTERVAL_SECONDS });
  assert.deepEqual(await createRestDoor(server.rest).replaceDefinition('c', DEFINITION), {
    outcome: 'created',
  });
  complete = (await savedLines()).toSorted();
  assert.equal(complete.length, 40);
});

test('drift within the limit is repaired', (t) =>
  explained(t, server, async () => {
    for (const address of SERVERS.slice(0, 12)) await ipvsadm('-d', '-t', VIP, '-r', `${address}:80`);
    await eventually(REPAIR_LIMIT_MS, expectComplete);
  }));

test('drift beyond the limit is held, told of and left; a requested reconciliation repairs it', (t) =>
  explained(t, server, async () => {
    const eventsSince = await auditFromNow(server.rest);
    await ipvsadm('-D', ...LARGE);
    const left = await savedLines();
    await passes(2, { outcome: 'held', drift: 13, operations: 0 });
    assert.deepEqual(await savedLines(), left);
    const events = await eventsSince();
    assert.deepEqual(
      events.map(({ kind, resource }) => [kind, resource]),
      [['drift', 'directors/local']],
    );
    const ready = await server.rest.call<{ checks: { name: string; ok: boolean }[] }>('GET', '/readyz');
    const check = ready.body.checks.find(({ name }) => name === 'drift local');
    assert.deepEqual([ready.status, check?.ok], [200, false]);

    const { status } = await server.rest.call('PATCH', WEB0, { body: { spec: { weight: 5 } } });
    assert.equal(status, 200);
    const edited = left.map((line) => line.replace(`${SERVERS[0]}:80 -m -w 1`, `${SERVERS[0]}:80 -m -w 5`));
    assert.deepEqual(await savedLines(), edited);
    assert.equal((await server.rest.call('PATCH', WEB0, { body: { spec: { weight: 1 } } })).status, 200);

    await request();
    await expectComplete();
    await passes(1, { outcome: 'clean', drift: 0, operations: 0 });
  }));

test('in mode report nothing is written: neither to the table nor to its counters', (t) =>
  explained(t, server, async () => {
    const body = { spec: { mode: 'report' } };
    assert.equal((await server.rest.call('PUT', '/v1/directors/local/drift-policy', { body })).status, 200);
    const timeouts = { spec: { tcpSeconds: 600, tcpFinSeconds: 30, udpSeconds: 60 } };
    assert.equal(
      (await server.rest.call('PUT', '/v1/directors/local/timeouts', { body: timeouts })).status,
      200,
    );
    await ipvsadm('--set', '700', '30', '60');
    await ipvsadm('-e', '-t', VIP, '-r', `${SERVERS[0]}:80`, '-m', '-w', '77');
    await ipvsadm('-d', '-t', VIP, '-r', `${SERVERS[1]}:80`);
    const lines = await savedLines();
    const before = await counters();
    await passes(3, { outcome: 'reported', drift: 3, operations: 0 });
    assert.deepEqual(await savedLines(), lines);
    assert.deepEqual(await counters(), before);
    assert.match(await ipvsadm('-L', '--timeout'), /700 30 60/);
    const { status } = await server.rest.get<RealServer>(WEB0);
    assert.equal(status.state, 'drifted');

    const web2 = `${CLUSTERS}/c/virtual-services/web/real-servers/r2`;
    assert.equal((await server.rest.call('PATCH', web2, { body: { spec: { weight: 3 } } })).status, 200);
    const edited = (line: string) => line.replace(`${SERVERS[2]}:80 -m -w 1`, `${SERVERS[2]}:80 -m -w 3`);
    assert.deepEqual((await savedLines()).toSorted(), lines.map(edited).toSorted());
    assert.equal((await server.rest.call('PATCH', web2, { body: { spec: { weight: 1 } } })).status, 200);

    await request();
    await expectComplete();
    assert.match(await ipvsadm('-L', '--timeout'), /600 30 60/);
    await assertIntact(server.rest);
  }));

async function expectComplete(): Promise<void> {
  assert.deepEqual((await savedLines()).toSorted(), complete);
}

async function request(): Promise<void> {
  const pass = await server.rest.call<Reconciliation>('POST', '/v1/directors/local/reconciliations');
  assert.deepEqual([pass.status, pass.body.outcome], [201, 'repaired']);
}

/** After so many passes from now, the first of which may have begun before. */
async function passes(count: number, expected: Partial<Reconciliation>): Promise<void> {
  let seen = '';
  for (let done = -1; done <= count; ) {
    const { lastReconciliation: last } = await server.rest.get<Director>('/v1/directors/local');
    if (last && last.time !== seen) {
      seen = last.time;
      done += 1;
      if (done > 1) {
        const { outcome, drift, operations } = last;
        assert.deepEqual({ outcome, drift, operations }, expected);
      }
    }
    await sleep(100);
  }
}
