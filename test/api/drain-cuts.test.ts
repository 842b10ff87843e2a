/** Drains that have begun and are cut, at the control layer and through both doors. */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { Preview } from '../../src/domain/schema/preview.js';
import {
  admin,
  callOf,
  createShop,
  createWorld,
  eventually,
  failsWith,
  frontendText,
  http,
  shop,
  summary,
  web1,
} from '../support/control-world.js';
import { startGrpcSession } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';

const KEY = `${frontendText}->10.0.0.1:80`;
const operator = callOf({ name: 'night-shift', role: 'operator' });

/** The shop, whose real server has one connection. */
async function createScene(t: TestContext) {
  const world = createWorld(t);
  const { control, store } = await world.start();
  await createShop(control);
  world.kernel.setConnectionCounts(KEY, { active: 1 });
  return { ...world, control, store, table: async () => summary(await world.hand.read()) };
}

test('an operator cuts the drain of a deleted real server, and the audit log says who', async (t) => {
  const { control, table } = await createScene(t);
  await control.realServers.delete(admin, web1, {});
  assert.deepEqual(await table(), { [frontendText]: 'wlc', [KEY]: 0 });
  const preview = await control.directors.cutDrain(operator, 'local', KEY, { validateOnly: true });
  assert.ok('preview' in preview);
  assert.deepEqual(
    preview.preview.operations.map(({ command, key }) => [command, key]),
    [['DEL_DEST', KEY]],
  );
  assert.equal((await table())[KEY], 0);
  assert.deepEqual(await control.directors.cutDrain(operator, 'local', KEY, {}), { pending: false });
  assert.deepEqual(await table(), { [frontendText]: 'wlc' });
  const { items } = await control.auditEvents.list(admin, { action: 'deleteDrain' });
  assert.deepEqual(items.map(({ kind, actor }) => [kind, actor.principal]).toReversed(), [
    ['drain', 'night-shift'],
    ['apply', 'night-shift'],
  ]);
  await assert.rejects(
    control.directors.cutDrain(operator, 'local', KEY, {}),
    failsWith('DRAIN_NOT_FOUND', ({ metadata }) => assert.equal(metadata.key, KEY)),
  );
});

test('the drain of a virtual service is cut with everything behind it', async (t) => {
  const { control, store, table } = await createScene(t);
  await control.clusters.delete(admin, shop, { cascade: true });
  assert.deepEqual(await table(), { [frontendText]: 'wlc', [KEY]: 0 });
  await control.directors.cutDrain(operator, 'local', frontendText, {});
  assert.deepEqual(await table(), {});
  await eventually(() => store.read((reader) => reader.entryCount()) === 0);
});

test('what stays is not cut here but with drain=false, which ends its drain whoever says so', async (t) => {
  const { control, table, kernel } = await createScene(t);
  await control.realServers.update(operator, web1, { spec: { adminState: 'drain' } }, {});
  await assert.rejects(
    control.directors.cutDrain(operator, 'local', KEY, {}),
    failsWith('DRAIN_CANNOT_BE_CUT', ({ message }) => assert.match(message, /drain=false/)),
  );
  assert.equal((await table())[KEY], 0);
  const disabled = { spec: { adminState: 'disabled' } };
  await control.realServers.update(operator, web1, disabled, { drain: false });
  assert.deepEqual(await table(), { [frontendText]: 'wlc' });

  await control.realServers.update(operator, web1, { spec: { adminState: 'drain' } }, {});
  kernel.setConnectionCounts(KEY, { active: 1 });
  await control.realServers.update(operator, web1, disabled, {});
  assert.equal((await table())[KEY], 0, 'it drains');
  await control.realServers.update(operator, web1, disabled, { drain: false });
  assert.deepEqual(await table(), { [frontendText]: 'wlc' });

  await control.realServers.update(operator, web1, { spec: { adminState: 'drain' } }, {});
  kernel.setConnectionCounts(KEY, { active: 1 });
  await control.realServers.delete(admin, web1, { drain: false });
  assert.deepEqual(await table(), { [frontendText]: 'wlc' });
});

test('what does not drain cannot be cut, nor by everybody; without the kernel it is cut later', async (t) => {
  const { control, table, kernel } = await createScene(t);
  const cut = (call = operator, director = 'local') => control.directors.cutDrain(call, director, KEY, {});
  await assert.rejects(cut(), failsWith('DRAIN_NOT_FOUND'));
  await assert.rejects(cut(callOf({ role: 'viewer' })), failsWith('PERMISSION_DENIED'));
  await assert.rejects(cut(callOf({ role: 'operator', project: 'default' })), failsWith('PERMISSION_DENIED'));
  await assert.rejects(cut(operator, 'remote'), failsWith('DIRECTOR_NOT_FOUND'));
  await control.realServers.delete(admin, { ...http, realServer: 'web1' }, {});
  kernel.setAvailable(false);
  assert.deepEqual(await cut(), { pending: true });
  kernel.setAvailable(true);
  await eventually(async () => !(KEY in (await table())));
});

test('both doors cut, preview and refuse alike', async () => {
  const session = await startGrpcSession();
  after(() => session.stop());
  const rest = createRestClient(session.server);
  const cluster = '/v1/projects/default/clusters/shop';
  const drains = '/v1/directors/local/drains';
  const spec = { protocol: 'tcp', address: '192.0.2.10', port: 80 };
  const virtualServices = { http: { spec, realServers: { web1: { spec: { address: '10.0.0.1' } } } } };
  for (const cut of ['rest', 'grpc']) {
    await rest('PUT', `${cluster}/definition`, { body: { virtualServices } });
    session.server.kernel.setConnectionCounts(KEY, { active: 1 });
    await rest('DELETE', `${cluster}?cascade=true`);
    if (cut === 'rest') {
      const url = `${drains}?key=${encodeURIComponent(KEY)}`;
      const preview = await rest<Preview>('DELETE', `${url}&validateOnly=true`);
      assert.deepEqual([preview.status, preview.body.operations.length], [200, 1]);
      assert.equal((await rest('DELETE', url)).status, 204);
      const gone = await rest('DELETE', url);
      assert.deepEqual([gone.status, gone.body.reason], [404, 'DRAIN_NOT_FOUND']);
      const without = await rest('DELETE', drains);
      assert.deepEqual([without.status, without.body.reason], [400, 'FIELD_REQUIRED']);
    } else {
      const request = { director: 'local', key: frontendText };
      const answer = await session.call('DirectorService/DeleteDrain', { ...request, reason: 'enough' });
      assert.equal(answer.pending, false);
      const refusal = await session.refused(session.call('DirectorService/DeleteDrain', request));
      const nothing = await session.refused(
        session.call('DirectorService/DeleteDrain', { director: 'local' }),
      );
      assert.deepEqual(nothing.violations, [['key', 'FIELD_REQUIRED']]);
      assert.deepEqual([refusal.code, refusal.reason], ['NOT_FOUND', 'DRAIN_NOT_FOUND']);
    }
    await eventually(async () => (await session.server.kernel.open().read()).size === 0);
  }
});
