import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryDriver } from '../../src/driver/memory.js';
import {
  admin,
  createShop,
  createWorld,
  frontend,
  frontendText,
  http,
  project,
  shop,
  stored,
  summary,
  web1,
} from '../support/control-world.js';
import { newService, setService } from '../support/operations.js';

const complete = { [frontendText]: 'wlc', [`${frontendText}->10.0.0.1:80`]: 1 };

test('a stop leaves the kernel as it is, and the next start finds nothing to do', async (t) => {
  const world = createWorld(t);
  const first = await world.start();
  await createShop(first.control);
  await first.stop();
  assert.deepEqual(summary(await world.hand.read()), complete);
  const { control } = await world.start();
  const { lastReconciliation } = await control.directors.get(admin, 'local');
  assert.equal(lastReconciliation?.outcome, 'clean');
  assert.equal((await control.clusters.get(admin, shop)).status.state, 'applied');
});

test('a write that was committed and never told to the kernel is finished by the next start', async (t) => {
  const world = createWorld(t);
  const died = await world.start(createMemoryDriver());
  await createShop(died.control);
  await died.stop();
  assert.equal((await world.hand.read()).size, 0);
  await world.start();
  assert.deepEqual(summary(await world.hand.read()), complete);
});

test('a removal that the kernel was not told of is finished by the next start, and its rows go', async (t) => {
  const world = createWorld(t);
  const first = await world.start();
  await createShop(first.control);
  world.kernel.setAvailable(false);
  assert.deepEqual(await first.control.realServers.delete(admin, web1, {}), { pending: true });
  await first.stop();
  world.kernel.setAvailable(true);
  assert.deepEqual(summary(await world.hand.read()), complete);
  const { store } = await world.start();
  assert.deepEqual(summary(await world.hand.read()), { [frontendText]: 'wlc' });
  assert.deepEqual(
    store.read((reader) => reader.entries({ after: '', limit: 9 })).map(({ key }) => key),
    [frontendText],
  );
});

test('a removal that the kernel carried out before the server died only needs its rows to go', async (t) => {
  const world = createWorld(t);
  const first = await world.start();
  await createShop(first.control);
  world.kernel.setAvailable(false);
  await first.control.clusters.delete(admin, shop, { cascade: true });
  await first.stop();
  world.kernel.setAvailable(true);
  await world.hand.apply([{ command: 'DEL_SERVICE', key: frontendText, frontend }]);
  const { store } = await world.start();
  assert.equal(
    store.read((reader) => reader.entryCount()),
    0,
  );
});

test('a start edits in place what changed while the server was down, and audits it', async (t) => {
  const world = createWorld(t);
  const first = await world.start();
  await createShop(first.control);
  await first.stop();
  await world.hand.apply([
    setService(frontend, { scheduler: 'rr' }),
    newService({ ...frontend, port: 443 }, { scheduler: 'sh' }),
  ]);
  const { control } = await world.start();
  assert.deepEqual(summary(await world.hand.read()), { ...complete, 'tcp/192.0.2.10:443': 'sh' });
  const { items } = await control.auditEvents.list(admin, { kind: ['drift'] });
  assert.equal(items[0]?.before?.scheduler, 'rr');
  assert.match(items[0]?.detail ?? '', /Found at start/);
});

test('an empty kernel at the start is one event, and everything is made again', async (t) => {
  const world = createWorld(t);
  const first = await world.start();
  await createShop(first.control);
  await first.stop();
  await world.hand.apply([{ command: 'DEL_SERVICE', key: frontendText, frontend }]);
  const { control } = await world.start();
  assert.deepEqual(summary(await world.hand.read()), complete);
  const { items } = await control.auditEvents.list(admin, { kind: ['drift'] });
  assert.deepEqual(
    items.map(({ resource }) => resource),
    ['directors/local'],
  );
});

test('a server that starts without a kernel says so, takes writes, and catches up', async (t) => {
  const world = createWorld(t);
  world.kernel.setAvailable(false, 'no ip_vs');
  const { control } = await world.start();
  await control.clusters.create(admin, project, { name: 'shop' }, {});
  const made = stored(
    await control.virtualServices.create(admin, shop, { name: 'http', spec: frontend }, {}),
  );
  assert.equal(made.pending, true);
  assert.equal((await control.clusters.get(admin, shop)).status.state, 'pending');
  world.kernel.setAvailable(true);
  await control.realServers.create(admin, http, { name: 'web1', spec: { address: '10.0.0.1' } }, {});
  assert.deepEqual(summary(await world.hand.read()), complete);
});

test('a write that the kernel refuses, of a server that died before it could undo it, is refused by its status', async (t) => {
  const world = createWorld(t, { localBroadcasts: ['10.0.0.255'] });
  const died = await world.start(createMemoryDriver());
  await createShop(died.control);
  const bad = { name: 'bad', spec: { address: '10.0.0.255' } };
  await died.control.realServers.create(admin, http, bad, {});
  await died.stop();
  const { control } = await world.start();
  assert.deepEqual(summary(await world.hand.read()), complete);
  const { status } = await control.realServers.get(admin, { ...http, realServer: 'bad' });
  assert.deepEqual([status.state, status.directors[0]?.reason], ['refused', 'KERNEL_REFUSED']);
  assert.equal((await control.realServers.get(admin, web1)).status.state, 'applied');
  const { items } = await control.auditEvents.list(admin, { kind: ['refused'] });
  assert.equal(items[0]?.operations[0]?.errnoName, 'EINVAL');
  await control.realServers.delete(admin, { ...http, realServer: 'bad' }, {});
  assert.equal((await control.clusters.get(admin, shop)).status.state, 'applied');
});

test('half of a batch that reached the kernel is completed, and what is there already is not touched', async (t) => {
  const world = createWorld(t);
  const died = await world.start(createMemoryDriver());
  await createShop(died.control);
  await died.stop();
  await world.hand.apply([newService(frontend)]);
  const { control } = await world.start();
  assert.deepEqual(summary(await world.hand.read()), complete);
  const { items } = await control.auditEvents.list(admin, { kind: ['apply'], actor: 'system' });
  assert.deepEqual(
    items.flatMap(({ operations }) => operations.map(({ command }) => command)),
    ['NEW_DEST'],
  );
});
