// Timeouts and synchronisation daemons that somebody wanted once: kept against ipvsadm, restarts and refusals.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, test } from 'node:test';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import type { Setting } from '../../src/domain/schema/director-settings.js';
import { ipvsadm } from '../support/ipvsadm.js';
import { explained, type KernelServer, NO_INTERVAL, startKernelServer } from '../support/kernel-server.js';

const TIMEOUTS = '/v1/directors/local/timeouts';
const SYNC_DAEMONS = '/v1/directors/local/sync-daemons';
const spec = { tcpSeconds: 600, tcpFinSeconds: 30, udpSeconds: 60 };
const SET = 'Timeout (tcp tcpfin udp): 600 30 60\n';
const BACKUP =
  'backup sync daemon (mcast=sync0, syncid=7, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n';
const MASTER = 'master sync daemon (mcast=sync0, syncid=0, maxlen=9000, group=239.1.1.1, port=9000, ttl=4)\n';

let server: KernelServer;
before(async () => {
  for (const command of [
    'link add sync0 type dummy',
    'address add 10.88.0.1/24 dev sync0',
    'link set sync0 up',
  ]) {
    execFileSync('ip', command.split(' '));
  }
  server = await startKernelServer({ intervalSeconds: NO_INTERVAL });
});

async function put(path: string, wanted: object | null): Promise<{ status: number; reason?: string }> {
  const { status, body } = await server.rest.call<{ reason?: string }>('PUT', path, {
    body: { spec: wanted },
  });
  return { status, ...(body.reason !== undefined && { reason: body.reason }) };
}

async function reconcile(): Promise<void> {
  const { status } = await server.rest.call('POST', '/v1/directors/local/reconciliations');
  assert.equal(status, 201);
}

test('ipvsadm reads what REST set, and what ipvsadm does to it is repaired and written down', (t) =>
  explained(t, server, async () => {
    assert.deepEqual(await put(TIMEOUTS, spec), { status: 200 });
    assert.equal(await ipvsadm('-L', '--timeout'), SET);
    const master = { interface: 'sync0', group: '239.1.1.1', port: 9000, ttl: 4, maxLength: 9000 };
    const daemons = { master, backup: { interface: 'sync0', syncId: 7 } };
    assert.deepEqual(await put(SYNC_DAEMONS, daemons), { status: 200 });
    assert.equal(await ipvsadm('-L', '--daemon'), MASTER + BACKUP);

    await ipvsadm('--set', '1', '2', '3');
    await ipvsadm('--stop-daemon', 'backup');
    await ipvsadm('--stop-daemon', 'master');
    await ipvsadm('--start-daemon', 'master', '--mcast-interface', 'lo');
    await reconcile();
    assert.equal(await ipvsadm('-L', '--timeout'), SET);
    assert.equal(await ipvsadm('-L', '--daemon'), MASTER + BACKUP);
    const { items } = await server.rest.get<{ items: AuditEvent[] }>(
      '/v1/audit-events?kind=drift&resource=directors/local',
    );
    assert.deepEqual(
      items.map(({ before }) => before?.tcpSeconds ?? before?.interface ?? null),
      [null, 'lo', 1],
    );
    await reconcile();
    const again = await server.rest.get<{ items: AuditEvent[] }>('/v1/audit-events?kind=drift');
    assert.equal(again.items.length, items.length, 'the kernel is as it should be');
  }));

test('settings are kept over a restart and made again after one in which the kernel lost them', (t) =>
  explained(t, server, async () => {
    await server.end('SIGKILL');
    await ipvsadm('--set', '900', '120', '300');
    await ipvsadm('--stop-daemon', 'master');
    await ipvsadm('--stop-daemon', 'backup');
    await server.start();
    await reconcile();
    assert.equal(await ipvsadm('-L', '--timeout'), SET);
    assert.equal(await ipvsadm('-L', '--daemon'), MASTER + BACKUP);
  }));

test('what the kernel refuses is undone and leaves the kernel as it was', (t) =>
  explained(t, server, async () => {
    const nowhere = { backup: { interface: 'nowhere0' } };
    assert.deepEqual(await put(SYNC_DAEMONS, nowhere), { status: 422, reason: 'KERNEL_REFUSED' });
    assert.equal(await ipvsadm('-L', '--daemon'), MASTER + BACKUP);
    const { spec: wanted, status } = await server.rest.get<Setting<'syncDaemons'>>(SYNC_DAEMONS);
    assert.deepEqual([wanted?.backup?.interface, status.state], ['sync0', 'applied']);
  }));

test('daemons that nobody wants are stopped, and nothing is stopped that is not managed', (t) =>
  explained(t, server, async () => {
    assert.deepEqual(await put(SYNC_DAEMONS, { master: null, backup: null }), { status: 200 });
    assert.equal(await ipvsadm('-L', '--daemon'), '');
    assert.deepEqual(await put(SYNC_DAEMONS, null), { status: 200 });
    await ipvsadm('--start-daemon', 'backup', '--mcast-interface', 'sync0', '--syncid', '7');
    await reconcile();
    assert.equal(await ipvsadm('-L', '--daemon'), BACKUP);
  }));
