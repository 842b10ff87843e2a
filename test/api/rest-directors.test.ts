import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, test } from 'node:test';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import type { Director, Drift, KernelTable, Reconciliation } from '../../src/domain/schema/director.js';
import type { Cluster, RealServer } from '../../src/domain/schema/resource.js';
import { deleteDestination, newDestination, newService, setDestination } from '../support/operations.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { putShop, REAL_SERVERS, removeShop, SHOP, WEB_1, web1Spec } from '../support/shop.js';

const LOCAL = '/v1/directors/local';
const TABLE = `${LOCAL}/table`;
const http = { protocol: 'tcp', address: '192.168.10.88', port: 80 } as const;
const web1 = { address: '192.168.10.11', port: 8080 };
const foreign = { protocol: 'tcp', address: '192.168.10.99', port: 443 } as const;

const server = await startTestServer({ kernel: { localBroadcasts: ['192.168.10.255'] } });
const rest = createRestClient(server);
/** Somebody else with the same kernel. */
const other = server.kernel.open();
after(() => server.stop());
beforeEach(() => putShop(rest));
afterEach(async () => {
  server.kernel.setAvailable(true);
  await rest('POST', `${LOCAL}/reconciliations`);
});

test('the director says which driver it has and why, and what its kernel can do', async () => {
  const list = await rest<{ items: Director[] }>('GET', '/v1/directors');
  const { body: director } = await rest<Director>('GET', LOCAL);
  assert.deepEqual(
    list.body.items.map(({ name }) => name),
    ['local'],
  );
  assert.deepEqual([director.driver, director.driverReason, director.reachable], ['memory', 'a test', true]);
  assert.equal(director.managedEntries, 2);
  assert.ok(director.capabilities?.schedulers?.includes('wrr'));
  const { status, body } = await rest('GET', '/v1/directors/remote');
  assert.deepEqual([status, body.reason], [404, 'DIRECTOR_NOT_FOUND']);
});

test('the table is answered as JSON, as ipvsadm -Ln and as ipvsadm -Sn, as the client accepts', async () => {
  const asJson = await rest<KernelTable>('GET', TABLE);
  assert.equal(asJson.body.services[0]?.resource, 'projects/default/clusters/shop/virtual-services/http');
  assert.equal(asJson.body.services[0]?.destinations[0]?.managed, true);
  assert.equal(asJson.body.services[0]?.stats, undefined);

  const withStats = await rest<KernelTable>('GET', `${TABLE}?stats=true`);
  assert.equal(withStats.body.services[0]?.stats?.connections, '0');

  const list = await rest<string>('GET', TABLE, { headers: { accept: 'text/plain' } });
  assert.equal(list.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(list.headers.get('vary'), 'accept');
  assert.equal(
    list.body,
    `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  192.168.10.88:80 wrr
  -> 192.168.10.11:8080           Masq    3      0          0         
`,
  );

  const save = await rest<string>('GET', TABLE, { headers: { accept: 'text/x-ipvsadm-save' } });
  assert.equal(save.headers.get('content-type'), 'text/x-ipvsadm-save; charset=utf-8');
  assert.equal(
    save.body,
    '-A -t 192.168.10.88:80 -s wrr\n-a -t 192.168.10.88:80 -r 192.168.10.11:8080 -m -w 3\n',
  );

  const { status, body } = await rest('GET', TABLE, { headers: { accept: 'image/png' } });
  assert.deepEqual([status, body.reason], [406, 'NOT_ACCEPTABLE']);
});

test('one service is read by its key, in every form of the table', async () => {
  await other.apply([newService(foreign)]);
  const one = `${TABLE}?frontend=tcp/192.168.10.99:443`;
  const { body } = await rest<KernelTable>('GET', one);
  assert.deepEqual(
    body.services.map(({ key, managed }) => [key, managed]),
    [['tcp/192.168.10.99:443', false]],
  );
  const list = await rest<string>('GET', one, { headers: { accept: 'text/plain' } });
  assert.equal(
    list.body,
    `Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  192.168.10.99:443 wlc
`,
  );
  const save = await rest<string>('GET', one, { headers: { accept: 'text/x-ipvsadm-save' } });
  assert.equal(save.body, '-A -t 192.168.10.99:443 -s wlc\n');
  await other.apply([{ command: 'DEL_SERVICE', key: 'tcp/192.168.10.99:443', frontend: foreign }]);

  assert.deepEqual((await rest<KernelTable>('GET', one)).body.services, []);
  for (const key of [
    '192.168.10.99:443',
    'tcp/192.168.10.88:80->192.168.10.11:8080',
    'tcp/192.168.10.088:80',
  ]) {
    const wrong = await rest('GET', `${TABLE}?frontend=${encodeURIComponent(key)}`);
    assert.deepEqual([wrong.status, wrong.body.reason], [400, 'FIELD_INVALID'], key);
    assert.match(wrong.body.detail, /^frontend .* like tcp\/192\.0\.2\.1:80/);
  }
});

test('what others did to owned entries is drift, and a reconciliation removes it; the rest stays', async () => {
  await other.apply([
    setDestination(http, web1, { method: 'nat', weight: 50 }),
    newDestination(http, { address: '192.168.10.66', port: 80 }, { method: 'nat' }),
    newService(foreign),
  ]);
  const drift = await rest<Drift>('GET', `${LOCAL}/drift`);
  assert.deepEqual(
    drift.body.differences.map(({ type, key }) => [type, key]),
    [['different', 'tcp/192.168.10.88:80->192.168.10.11:8080']],
  );
  assert.deepEqual(drift.body.foreign.sort(), [
    'tcp/192.168.10.88:80->192.168.10.66:80',
    'tcp/192.168.10.99:443',
  ]);
  assert.deepEqual(
    drift.body.operations.map(({ command }) => command),
    ['SET_DEST'],
  );

  const pass = await rest<Reconciliation>('POST', `${LOCAL}/reconciliations`, {
    headers: { 'x-audit-reason': 'Prüfung 4711' },
  });
  assert.deepEqual([pass.status, pass.body.outcome, pass.body.drift], [201, 'repaired', 1]);
  const after = await rest<Drift>('GET', `${LOCAL}/drift`);
  assert.deepEqual([after.body.differences, after.body.foreign.length], [[], 2]);

  const found = await rest<{ items: AuditEvent[] }>('GET', '/v1/audit-events?kind=drift&pageSize=1');
  assert.equal(found.body.items[0]?.reason, 'Prüfung 4711');
  assert.equal(found.body.items[0]?.before?.weight, 50);
  await other.apply([deleteDestination(http, { address: '192.168.10.66', port: 80 })]);
});

test('a reconciliation takes no body but an empty object', async () => {
  assert.equal((await rest('POST', `${LOCAL}/reconciliations`, { body: {} })).status, 201);
  const { status, body } = await rest('POST', `${LOCAL}/reconciliations`, { body: { force: true } });
  assert.deepEqual([status, body.reason], [400, 'FIELD_UNKNOWN']);
});

test('what the kernel refuses is undone and answered 422 with errno and command', async () => {
  const before = (await rest<Cluster>('GET', SHOP)).body;
  const body = { name: 'broadcast', spec: { ...web1Spec, address: '192.168.10.255' } };
  const refused = await rest('POST', REAL_SERVERS, { body, headers: { 'x-request-id': 'refused-1' } });
  assert.deepEqual([refused.status, refused.body.reason], [422, 'KERNEL_REFUSED']);
  assert.equal(refused.body.metadata?.errno, '22');
  assert.equal(refused.body.metadata?.errnoName, 'EINVAL');
  assert.equal(refused.body.metadata?.command, 'NEW_DEST');
  assert.equal((await rest('GET', `${REAL_SERVERS}/broadcast`)).status, 404);
  assert.deepEqual((await rest<Cluster>('GET', SHOP)).body, before);
  const events = await rest<{ items: AuditEvent[] }>('GET', '/v1/audit-events?requestId=refused-1');
  assert.deepEqual(events.body.items.map(({ kind }) => kind).sort(), ['change', 'change', 'refused']);
});

test('a write while the kernel is away is stored, answered 202, and follows when it is back', async () => {
  server.kernel.setAvailable(false, 'the cable is out');
  const changed = await rest<RealServer>('PATCH', WEB_1, { body: { spec: { weight: 8 } } });
  assert.equal(changed.status, 202);
  assert.equal(changed.body.status.state, 'pending');
  assert.match(changed.body.status.directors[0]?.detail ?? '', /the cable is out/);
  const created = await rest<RealServer>('POST', REAL_SERVERS, {
    body: { name: 'web-2', spec: { ...web1Spec, address: '192.168.10.12' } },
  });
  assert.deepEqual([created.status, created.headers.get('location')], [202, `${REAL_SERVERS}/web-2`]);
  const deleted = await rest('DELETE', `${REAL_SERVERS}/web-2`);
  assert.deepEqual([deleted.status, deleted.body], [202, undefined]);

  const table = await rest('GET', TABLE);
  assert.deepEqual([table.status, table.body.reason], [503, 'KERNEL_UNAVAILABLE']);
  const ready = await rest<{ ready: boolean }>('GET', '/readyz', { token: null });
  assert.deepEqual([ready.status, ready.body.ready], [503, false]);

  server.kernel.setAvailable(true);
  await rest('POST', `${LOCAL}/reconciliations`);
  const { body } = await rest<RealServer>('GET', WEB_1);
  assert.equal(body.status.state, 'applied');
  const list = await rest<string>('GET', TABLE, { headers: { accept: 'text/x-ipvsadm-save' } });
  assert.equal(list.body.split('\n')[1], '-a -t 192.168.10.88:80 -r 192.168.10.11:8080 -m -w 8');
  assert.equal((await rest('GET', '/readyz', { token: null })).status, 200);
});

test('a frontend that somebody else has in the kernel cannot be taken', async () => {
  await removeShop(rest);
  await other.apply([newService(http)]);
  const { status, body } = await rest('PUT', `${SHOP}/definition`, {
    body: { virtualServices: { http: { spec: http } } },
  });
  assert.deepEqual([status, body.reason], [409, 'FOREIGN_ENTRY']);
  await other.apply([{ command: 'DEL_SERVICE', key: 'tcp/192.168.10.88:80', frontend: http }]);
});
