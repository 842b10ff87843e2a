/** Timeouts and synchronisation daemons through both doors of one server. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Setting } from '../../src/domain/schema/director-settings.js';
import { type GrpcSession, startGrpcSession } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';

const session: GrpcSession = await startGrpcSession();
const rest = createRestClient(session.server);
after(() => session.stop());

const TIMEOUTS = '/v1/directors/local/timeouts';
const SYNC_DAEMONS = '/v1/directors/local/sync-daemons';
const spec = { tcpSeconds: 600, tcpFinSeconds: 30, udpSeconds: 60 };

test('what one door wrote is what both show, and can be sent back', async () => {
  const put = await rest<Setting<'timeouts'>>('PUT', TIMEOUTS, { body: { spec } });
  assert.deepEqual(
    [put.status, put.body.status.state, put.headers.get('etag')],
    [200, 'applied', put.body.etag],
  );
  const { timeouts } = await session.call('DirectorService/GetTimeouts', { director: 'local' });
  assert.deepEqual((timeouts as Record<string, unknown>).spec, spec);

  const got = await rest<Setting<'timeouts'>>('GET', TIMEOUTS);
  assert.equal((await rest('PUT', TIMEOUTS, { body: got.body })).status, 200);
  const unchanged = { headers: { 'if-none-match': got.body.etag } };
  assert.equal((await rest('GET', TIMEOUTS, unchanged)).status, 304);

  const daemon = { interface: 'eth0', syncId: 3 };
  const answer = await session.call('DirectorService/ReplaceSyncDaemons', {
    director: 'local',
    spec: { master: daemon },
    reason: 'failover',
  });
  assert.equal(answer.pending, false);
  const shown = await rest<Setting<'syncDaemons'>>('GET', SYNC_DAEMONS);
  assert.equal(shown.body.spec?.master?.syncId, 3);
  assert.equal(shown.body.status.actual?.master?.maxLength, 1472);
  assert.equal(shown.body.spec?.backup, null);

  await session.call('DirectorService/ReplaceSyncDaemons', { director: 'local' });
  assert.equal((await rest<Setting<'syncDaemons'>>('GET', SYNC_DAEMONS)).body.status.state, 'unmanaged');
});

test("both doors refuse alike, with the kernel's own word", async () => {
  const master = { interface: 'nowhere0' };
  const put = await rest('PUT', SYNC_DAEMONS, { body: { spec: { master } } });
  assert.deepEqual([put.status, put.body.reason], [422, 'KERNEL_REFUSED']);
  assert.equal(put.body.metadata?.errnoName, 'ENODEV');
  const refusal = await session.refused(
    session.call('DirectorService/ReplaceSyncDaemons', { director: 'local', spec: { master } }),
  );
  assert.deepEqual([refusal.code, refusal.reason], ['FAILED_PRECONDITION', 'KERNEL_REFUSED']);

  const unknown = await rest('PUT', TIMEOUTS, { body: { spec, seconds: 1 } });
  assert.deepEqual([unknown.status, unknown.body.reason], [400, 'FIELD_UNKNOWN']);
  const missing = await session.refused(
    session.call('DirectorService/ReplaceTimeouts', { director: 'local', spec: { tcpSeconds: 1 } }),
  );
  assert.deepEqual(missing.violations, [
    ['spec.tcp_fin_seconds', 'FIELD_REQUIRED'],
    ['spec.udp_seconds', 'FIELD_REQUIRED'],
  ]);
  const elsewhere = await rest('GET', '/v1/directors/remote/timeouts');
  assert.deepEqual([elsewhere.status, elsewhere.body.reason], [404, 'DIRECTOR_NOT_FOUND']);
  const stale = await rest('PUT', TIMEOUTS, { body: { spec }, headers: { 'if-match': '"0"' } });
  assert.deepEqual([stale.status, stale.body.reason], [412, 'ETAG_MISMATCH']);
});

test('settings are answered as ipvsadm prints what the kernel has, where the client accepts text', async () => {
  const { kernel } = session.server;
  await kernel.open().applyDirector([
    {
      command: 'SET_CONFIG',
      key: 'timeouts',
      config: { tcpSeconds: 700, tcpFinSeconds: 30, udpSeconds: 60 },
    },
  ]);
  const headers = { accept: 'text/plain' };
  const timeouts = await rest<string>('GET', TIMEOUTS, { headers });
  assert.equal(timeouts.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.deepEqual([timeouts.headers.get('vary'), timeouts.headers.get('etag')], ['accept', null]);
  assert.equal(timeouts.body, 'Timeout (tcp tcpfin udp): 700 30 60\n');

  assert.equal((await rest<string>('GET', SYNC_DAEMONS, { headers })).body, '');
  await rest('PUT', SYNC_DAEMONS, { body: { spec: { backup: { interface: 'lo', syncId: 2 } } } });
  const daemons = await rest<string>('GET', SYNC_DAEMONS, { headers });
  const line = 'backup sync daemon (mcast=lo, syncid=2, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n';
  assert.equal(daemons.body, line);

  const image = await rest('GET', TIMEOUTS, { headers: { accept: 'image/png' } });
  assert.deepEqual([image.status, image.body.reason], [406, 'NOT_ACCEPTABLE']);
  kernel.setAvailable(false);
  const away = await rest('GET', TIMEOUTS, { headers });
  assert.deepEqual([away.status, away.body.reason], [503, 'KERNEL_UNAVAILABLE']);
  assert.equal((await rest('GET', TIMEOUTS)).status, 200);
  kernel.setAvailable(true);
});
