import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  admin,
  callOf,
  createShop,
  createWorld,
  failsWith,
  frontend,
  http,
  project,
  shop,
  stored,
  systemContext,
  web1,
} from '../support/control-world.js';

const operator = callOf({ name: 'night-shift', role: 'operator' });
const denied = failsWith('PERMISSION_DENIED');

test('an operator steers weight and admin state, and nothing else', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  const patch = { spec: { weight: 0, adminState: 'drain' } };
  const { resource } = stored(await control.realServers.update(operator, web1, patch, {}));
  assert.deepEqual([resource.spec.weight, resource.spec.adminState], [0, 'drain']);
  for (const beyond of [
    { spec: { address: '10.0.0.9' } },
    { spec: { weight: 5, upperThreshold: 10 } },
    { spec: { forwarding: { method: 'nat' } } },
    { labels: { team: 'web' } },
  ]) {
    await assert.rejects(control.realServers.update(operator, web1, beyond, {}), denied);
  }
  await assert.rejects(
    control.realServers.replace(operator, web1, { spec: { address: '10.0.0.1' } }, {}),
    denied,
  );
  await assert.rejects(control.realServers.delete(operator, web1, {}), denied);
  await assert.rejects(control.clusters.update(operator, shop, { labels: { a: 'b' } }, {}), denied);
  assert.equal((await control.realServers.get(operator, web1)).spec.weight, 0);
  await control.directors.reconcile(operator, 'local');
});

test('a call that a role does not allow is audited, without end only as a count', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  const viewer = callOf({ name: 'eve', role: 'viewer' });
  const tenant = callOf({ name: 'tenant', role: 'admin', project: 'elsewhere' });
  for (let i = 0; i < 3; i += 1) {
    await assert.rejects(control.clusters.delete(viewer, shop, { cascade: true }), denied);
  }
  await assert.rejects(control.clusters.get(tenant, shop), failsWith('PROJECT_NOT_FOUND'));
  const elsewhere = { resource: 'projects/default', signal: new AbortController().signal };
  assert.throws(() => control.auditEvents.watch(tenant, elsewhere), failsWith('PROJECT_NOT_FOUND'));
  await setImmediate(); // the end of a turn commits
  await setImmediate();
  const { items } = await control.auditEvents.list(admin, { kind: ['auth'] });
  assert.deepEqual(
    items.map(({ actor, action, resource }) => [actor.principal, action, resource]),
    [
      ['tenant', 'watch', ''],
      ['tenant', 'getCluster', ''],
      ['eve', 'deleteCluster', 'projects/default'],
    ],
  );
});

test('a viewer reads everything and changes nothing', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  const viewer = callOf({ role: 'viewer' });
  await control.definitions.get(viewer, shop);
  await control.auditEvents.list(viewer, {});
  await assert.rejects(control.realServers.update(viewer, web1, { spec: { weight: 0 } }, {}), denied);
  await assert.rejects(
    control.virtualServices.create(viewer, shop, { name: 'x', spec: frontend }, {}),
    denied,
  );
  await assert.rejects(control.directors.reconcile(viewer, 'local'), denied);
});

test('for a principal of one project the others do not exist, nor does what concerns the whole server', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  const outsider = callOf({ role: 'admin', project: 'blog' });
  const hidden = failsWith('PROJECT_NOT_FOUND');
  await assert.rejects(control.clusters.list(outsider, project, {}), hidden);
  await assert.rejects(control.clusters.get(outsider, shop), hidden);
  await assert.rejects(control.clusters.delete(outsider, shop, { cascade: true }), hidden);
  await assert.rejects(control.definitions.get(outsider, shop), hidden);
  await assert.rejects(control.definitions.replace(outsider, shop, {}, {}), hidden);
  await assert.rejects(control.realServers.update(outsider, web1, { spec: { weight: 0 } }, {}), hidden);
  await assert.rejects(control.clusters.list(outsider, { project: 'blog' }, {}), hidden);
  await assert.rejects(control.auditEvents.list(outsider, { resource: 'projects/default' }), hidden);
  for (const resource of ['', 'directors/local'])
    assert.deepEqual((await control.auditEvents.list(outsider, { resource })).items, []);
  await assert.rejects(control.directors.table(outsider, 'local', {}), denied);
  const { signal } = new AbortController();
  assert.throws(() => control.auditEvents.watch(outsider, { project: 'default', signal }), hidden);
  await assert.rejects(control.connections.list(outsider, 'local', {}, signal), denied);
  assert.throws(() => control.connections.stream(outsider, 'local', {}, signal), denied);
});

test('the owner of a frontend in another project is not named', async (t) => {
  const { control, store, reconciler } = await createWorld(t).start();
  await createShop(control);
  await store.write(systemContext, (tx) =>
    tx.put({ kind: 'project', path: 'projects/blog', labels: {}, spec: {} }),
  );
  const blogger = callOf({ role: 'editor', project: 'blog' });
  await control.clusters.create(blogger, { project: 'blog' }, { name: 'shop' }, {});
  await assert.rejects(
    control.virtualServices.create(
      blogger,
      { project: 'blog', cluster: 'shop' },
      { name: 'http', spec: frontend },
      {},
    ),
    failsWith('FRONTEND_TAKEN', ({ metadata, message }) => {
      assert.equal(metadata.owner, 'another project');
      assert.doesNotMatch(message, /projects\/default/);
    }),
  );
  assert.equal((await control.virtualServices.get(admin, http)).status.state, 'applied');
  assert.equal(reconciler.problems.size, 0);
});
