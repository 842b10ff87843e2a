import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  admin,
  createShop,
  createWorld,
  eventually,
  failsWith,
  frontend,
  frontendText,
  http,
  project,
  shop,
  stored,
  summary,
  web1,
} from '../support/control-world.js';
import { newDestination, newService } from '../support/operations.js';

const foreignService = newService(frontend, { scheduler: 'rr' });
const foreignServer = newDestination(frontend, { address: '10.0.0.99', port: 80 }, { weight: 7 });
const untouched = { [frontendText]: 'rr', [`${frontendText}->10.0.0.99:80`]: 7 };

test('a virtual service whose frontend somebody else has in the kernel is refused and the other stays', async (t) => {
  const world = createWorld(t);
  const { control, store } = await world.start();
  await world.hand.apply([foreignService, foreignServer]);
  await control.clusters.create(admin, project, { name: 'shop' }, {});
  await assert.rejects(
    control.virtualServices.create(admin, shop, { name: 'http', spec: frontend }, {}),
    failsWith('FOREIGN_ENTRY', ({ metadata }) => assert.equal(metadata.key, frontendText)),
  );
  assert.deepEqual(summary(await world.hand.read()), untouched);
  assert.equal(
    store.read((reader) => reader.entryCount()),
    0,
  );
  await assert.rejects(control.virtualServices.get(admin, http), failsWith('VIRTUAL_SERVICE_NOT_FOUND'));
});

test('a definition that meets a foreign service takes its own destinations out of it again', async (t) => {
  const world = createWorld(t);
  const { control, store } = await world.start();
  await world.hand.apply([foreignService, foreignServer]);
  const realServers = { web1: { spec: { address: '10.0.0.1' } }, web99: { spec: { address: '10.0.0.99' } } };
  const virtualServices = { http: { spec: frontend, realServers } };
  await assert.rejects(
    control.definitions.replace(admin, shop, { virtualServices }, {}),
    failsWith('FOREIGN_ENTRY'),
  );
  assert.deepEqual(summary(await world.hand.read()), untouched);
  assert.equal(
    store.read((reader) => reader.entryCount()),
    0,
  );
  await assert.rejects(control.clusters.get(admin, shop), failsWith('CLUSTER_NOT_FOUND'));
});

test('a real server that somebody else put behind our service is refused and the other stays', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  await createShop(control);
  await world.hand.apply([foreignServer]);
  const before = summary(await world.hand.read());
  await assert.rejects(
    control.realServers.create(admin, http, { name: 'web99', spec: { address: '10.0.0.99' } }, {}),
    failsWith('FOREIGN_ENTRY'),
  );
  assert.deepEqual(summary(await world.hand.read()), before);
});

test('a foreign service found after an outage is left alone, and status says why ours is not there', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  await world.hand.apply([foreignService, foreignServer]);
  world.kernel.setAvailable(false);
  await control.clusters.create(admin, project, { name: 'shop' }, {});
  const service = { name: 'http', spec: frontend };
  assert.equal(stored(await control.virtualServices.create(admin, shop, service, {})).pending, true);
  await control.realServers.create(admin, http, { name: 'web1', spec: { address: '10.0.0.1' } }, {});
  world.kernel.setAvailable(true);
  await eventually(async () => (await control.virtualServices.get(admin, http)).status.state === 'refused');

  const [ofService] = (await control.virtualServices.get(admin, http)).status.directors;
  const [ofServer] = (await control.realServers.get(admin, web1)).status.directors;
  assert.equal(ofService?.reason, 'FOREIGN_ENTRY');
  assert.deepEqual([ofServer?.state, ofServer?.reason], ['refused', 'FOREIGN_ENTRY']);
  await assert.rejects(
    control.realServers.create(admin, http, { name: 'web2', spec: { address: '10.0.0.2' } }, {}),
    failsWith('FOREIGN_ENTRY'),
  );
  assert.deepEqual(summary(await world.hand.read()), untouched);

  await control.clusters.delete(admin, shop, { cascade: true });
  await control.directors.reconcile(admin, 'local');
  assert.deepEqual(summary(await world.hand.read()), untouched);
  assert.equal((await control.directors.get(admin, 'local')).driftCount, 0);
});

test('a foreign service that goes makes room for ours', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  await world.hand.apply([foreignService]);
  world.kernel.setAvailable(false);
  await createShop(control);
  world.kernel.setAvailable(true);
  await control.directors.reconcile(admin, 'local');
  assert.deepEqual(summary(await world.hand.read()), { [frontendText]: 'rr' });
  await world.hand.apply([{ command: 'DEL_SERVICE', key: frontendText, frontend }]);
  await control.directors.reconcile(admin, 'local');
  assert.deepEqual(summary(await world.hand.read()), {
    [frontendText]: 'wlc',
    [`${frontendText}->10.0.0.1:80`]: 1,
  });
  assert.equal((await control.clusters.get(admin, shop)).status.state, 'applied');
});

test('a service that never reached the kernel and is deleted leaves a foreign one of its frontend alone', async (t) => {
  const world = createWorld(t);
  const { control, store } = await world.start();
  await world.hand.apply([foreignService, foreignServer]);
  world.kernel.setAvailable(false);
  await createShop(control);
  await control.clusters.delete(admin, shop, { cascade: true });
  world.kernel.setAvailable(true);
  await control.directors.reconcile(admin, 'local');
  assert.deepEqual(summary(await world.hand.read()), untouched);
  assert.equal(
    store.read((reader) => reader.entryCount()),
    0,
  );
});
