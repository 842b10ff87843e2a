import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adopt, all, createScene, legacy, nat, rip, webFarm } from '../support/adoption-scene.js';
import { admin, failsWith, frontend, frontendText, project, shop } from '../support/control-world.js';
import { deleteDestination, deleteService, setDestination } from '../support/operations.js';
import { watchDriver } from '../support/watched-driver.js';

const LOST = [
  ['vanishes', [deleteDestination(frontend, rip)]],
  ['vanishes with its service', [deleteService(frontend)]],
  ['is changed', [setDestination(frontend, rip, { ...nat, weight: 3 })]],
] as const;

for (const [what, operations] of LOST) {
  test(`what ${what} before the first look is not adopted`, async (t) => {
    const { control, driver, byHand, table } = await createScene(t, webFarm);
    driver.beforeServices(0, () => byHand(operations));
    const { adopted } = await adopt(control, { select: all });
    const there = new Set((await table()).map(({ key }) => key));
    assert.deepEqual(new Set(adopted.map(({ key }) => key)), there);
    assert.deepEqual((await control.directors.drift(admin, 'local')).differences, []);
    assert.equal(driver.told, 0);
  });

  test(`when something ${what} while it is being adopted, nothing is adopted and nothing made`, async (t) => {
    const { control, driver, byHand, table, store } = await createScene(t, webFarm);
    driver.beforeServices(1, () => byHand(operations));
    await assert.rejects(
      adopt(control, { select: all }),
      failsWith('KERNEL_TABLE_CHANGED', ({ metadata }) => assert.equal(metadata.director, 'local')),
    );
    const left = await table();
    await assert.rejects(control.clusters.get(admin, legacy), failsWith('CLUSTER_NOT_FOUND'));
    assert.equal(
      store.read((reader) => reader.entryCount()),
      0,
    );
    await control.directors.reconcile(admin, 'local');
    assert.deepEqual([driver.told, await table()], [0, left]);
    const { items } = await control.auditEvents.list(admin, { kind: ['refused'] });
    assert.match(items[0]?.detail ?? '', /nothing was adopted/);
    assert.equal((await adopt(control, { select: all })).adopted.length, left.length);
  });
}

test('without the kernel nothing is adopted, also when it is lost in the middle', async (t) => {
  const { control, driver, world, store, table } = await createScene(t, webFarm);
  for (const reads of [0, 1]) {
    driver.beforeServices(reads, async () => world.kernel.setAvailable(false));
    await assert.rejects(adopt(control, { select: all }), failsWith('KERNEL_UNAVAILABLE'));
    assert.equal(
      store.read((reader) => reader.entryCount()),
      0,
    );
    await assert.rejects(adopt(control, { select: all }), failsWith('KERNEL_UNAVAILABLE'));
    world.kernel.setAvailable(true);
  }
  assert.deepEqual([driver.told, (await table()).length], [0, 3]);
});

test('a creation of a frontend that is being adopted is refused, before and after, and told why', async (t) => {
  const { control, driver, table } = await createScene(t, webFarm);
  await control.clusters.create(admin, project, { name: 'shop' }, {});
  const before = await table();
  const create = () => control.virtualServices.create(admin, shop, { name: 'http', spec: frontend }, {});
  const isRefused = assert.rejects(create(), failsWith('FOREIGN_ENTRY'));
  let isTaken = Promise.resolve();
  driver.beforeServices(0, async () => {
    isTaken = assert.rejects(create(), failsWith('FRONTEND_TAKEN'));
  });
  assert.equal((await adopt(control, { select: { keys: [frontendText] } })).adopted.length, 3);
  await Promise.all([isRefused, isTaken]);
  assert.deepEqual(await table(), before);
});

test('a crash before the second look leaves rows that the next start finds in the kernel, or keeps off what was changed', async (t) => {
  for (const [operations, outcome, left] of [
    [[], 'clean', []],
    [[setDestination(frontend, rip, { ...nat, weight: 3 })], 'refused', [`${frontendText}->10.0.0.1:80`]],
  ] as const) {
    const { control, driver, byHand, table, store, world } = await createScene(t, webFarm);
    driver.beforeServices(1, async () => {
      await byHand(operations);
      store.close();
    });
    await assert.rejects(adopt(control, { select: all }));
    const before = await table();
    const second = watchDriver(world.kernel.open());
    const life = await world.start(second);
    const { lastReconciliation } = await life.control.directors.get(admin, 'local');
    assert.equal(lastReconciliation?.outcome, outcome);
    const { differences } = await life.control.directors.drift(admin, 'local');
    assert.deepEqual(
      differences.map(({ key }) => key),
      left,
    );
    assert.deepEqual([driver.told, second.told, await table()], [0, 0, before]);
  }
});
