import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Control } from '../../src/control/control.js';
import type { Store } from '../../src/store/store.js';
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
import { newDestination, newService, setService } from '../support/operations.js';

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

test('a foreign service that took the key of a pending definition is left alone over a restart too', async (t) => {
  const world = createWorld(t);
  const first = await world.start();
  world.kernel.setAvailable(false);
  await createShop(first.control);
  await first.stop();
  world.kernel.setAvailable(true);
  await world.hand.apply([foreignService, foreignServer]);
  const second = await world.start();
  assert.deepEqual(summary(await world.hand.read()), untouched);
  const { status } = await second.control.virtualServices.get(admin, http);
  assert.deepEqual([status.state, status.directors[0]?.reason], ['refused', 'FOREIGN_ENTRY']);
  await second.stop();
  const { control, store } = await world.start();
  await control.clusters.delete(admin, shop, { cascade: true });
  assert.deepEqual(summary(await world.hand.read()), untouched);
  assert.equal(
    store.read((reader) => reader.entryCount()),
    0,
  );
});

test('what lvsd made is its own over a restart, whatever somebody makes of it meanwhile', async (t) => {
  const world = createWorld(t);
  const first = await world.start();
  await createShop(first.control);
  assert.deepEqual(origins(first.store), ['made', 'made']);
  await first.stop();
  await world.hand.apply([{ command: 'DEL_SERVICE', key: frontendText, frontend }, foreignService]);
  const { control, store } = await world.start();
  assert.equal((await control.clusters.get(admin, shop)).status.state, 'applied');
  assert.deepEqual(summary(await world.hand.read()), ours);
  assert.deepEqual(origins(store), ['made', 'made']);
});

test('a start that finds a pending definition in the kernel to the letter takes it for its own', async (t) => {
  const world = createWorld(t);
  const first = await world.start();
  world.kernel.setAvailable(false);
  await createShop(first.control);
  assert.deepEqual(origins(first.store), ['fresh', 'fresh']);
  await first.stop();
  world.kernel.setAvailable(true);
  await world.hand.apply([newService(frontend)]);
  const { control, store } = await world.start();
  assert.deepEqual(origins(store), ['found', 'made']);
  await world.hand.apply([setService(frontend, { scheduler: 'rr' })]);
  await control.directors.reconcile(admin, 'local');
  assert.deepEqual(summary(await world.hand.read()), ours);
});

test('a write that meets what it wants in a kernel it knows is refused all the same', async (t) => {
  const world = createWorld(t);
  const { control, store } = await world.start();
  await world.hand.apply([newService(frontend), newDestination(frontend, { address: '10.0.0.1', port: 80 })]);
  await assert.rejects(createShop(control), failsWith('FOREIGN_ENTRY'));
  assert.deepEqual(summary(await world.hand.read()), ours);
  assert.deepEqual(origins(store), []);
});

test('a refused write leaves what it had found in the kernel there', async (t) => {
  const world = createWorld(t, { localBroadcasts: ['10.0.0.255'] });
  world.kernel.setAvailable(false);
  const { control, store } = await world.start();
  world.kernel.setAvailable(true);
  await world.hand.apply([newService(frontend), foreignServer]);
  const before = summary(await world.hand.read());
  const realServers = { web1: { spec: { address: '10.0.0.1' } }, bad: { spec: { address: '10.0.0.255' } } };
  const virtualServices = { http: { spec: frontend, realServers } };
  await assert.rejects(
    control.definitions.replace(admin, shop, { virtualServices }, {}),
    failsWith('KERNEL_REFUSED'),
  );
  assert.deepEqual(summary(await world.hand.read()), before);
  assert.deepEqual(origins(store), []);
});

test('what a refused write made of a pending definition stays its own', async (t) => {
  const world = createWorld(t, { localBroadcasts: ['10.0.0.255'] });
  const { control, store } = await world.start();
  world.kernel.setAvailable(false);
  await createShop(control);
  world.kernel.setAvailable(true);
  const realServers = { web1: { spec: { address: '10.0.0.1' } }, bad: { spec: { address: '10.0.0.255' } } };
  const spec = { ...frontend, scheduler: 'rr' };
  await assert.rejects(
    control.definitions.replace(admin, shop, { virtualServices: { http: { spec, realServers } } }, {}),
    failsWith('KERNEL_REFUSED'),
  );
  assert.deepEqual(summary(await world.hand.read()), ours);
  assert.deepEqual(origins(store), ['made', 'made']);
});

/** Answers a preview of a service on this port with one real server, or why it would be refused. */
async function previewOf(control: Control, port: number): Promise<string[]> {
  const spec = { ...frontend, port };
  const virtualServices = { http: { spec, realServers: { web1: { spec: { address: '10.0.0.1' } } } } };
  const answer = await control.definitions.replace(admin, shop, { virtualServices }, { validateOnly: true });
  assert.ok('preview' in answer);
  return answer.preview.operations.map(({ command }) => command);
}

test('a preview is refused as the write would be, for what somebody else has in the kernel', async (t) => {
  const world = createWorld(t);
  const { control, store } = await world.start();
  await world.hand.apply([foreignService, foreignServer]);
  const revision = store.read((reader) => reader.revision());
  const isHeld = failsWith('FOREIGN_ENTRY', ({ metadata, message }) => {
    assert.equal(metadata.key, frontendText);
    assert.match(message, /Nothing was changed/);
  });
  await assert.rejects(previewOf(control, 80), isHeld);
  await world.hand.apply([setService(frontend)]);
  await assert.rejects(previewOf(control, 80), isHeld);
  assert.deepEqual(await previewOf(control, 81), ['NEW_SERVICE', 'NEW_DEST']);
  assert.equal(
    store.read((reader) => reader.revision()),
    revision,
  );
});

test('a preview is refused for a foreign real server behind our service, and for a service that is kept out', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  await createShop(control);
  await world.hand.apply([foreignServer]);
  const preview = (address: string) =>
    control.realServers.create(admin, http, { name: 'web9', spec: { address } }, { validateOnly: true });
  await assert.rejects(
    preview('10.0.0.99'),
    failsWith('FOREIGN_ENTRY', ({ metadata }) => {
      assert.equal(metadata.key, `${frontendText}->10.0.0.99:80`);
    }),
  );
  assert.ok('preview' in (await preview('10.0.0.9')));

  await control.clusters.delete(admin, shop, { cascade: true, drain: false });
  world.kernel.setAvailable(false);
  await createShop(control);
  world.kernel.setAvailable(true);
  await world.hand.apply([foreignService]);
  await control.directors.reconcile(admin, 'local');
  await assert.rejects(
    preview('10.0.0.9'),
    failsWith('FOREIGN_ENTRY', ({ metadata }) => assert.equal(metadata.key, frontendText)),
  );
});

test('a preview answers while the kernel is away, and looks at it as soon as it is back', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  await world.hand.apply([foreignService]);
  world.kernel.setAvailable(false);
  assert.deepEqual(await previewOf(control, 80), ['NEW_SERVICE', 'NEW_DEST']);
  world.kernel.setAvailable(true);
  await assert.rejects(previewOf(control, 80), failsWith('FOREIGN_ENTRY'));
  await eventually(async () => (await control.directors.get(admin, 'local')).reachable);
});

const ours = { [frontendText]: 'wlc', [`${frontendText}->10.0.0.1:80`]: 1 };

function origins(store: Store): string[] {
  return store.read((reader) => reader.entries({ after: '', limit: 9 })).map(({ origin }) => origin);
}
