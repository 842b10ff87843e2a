/** Which writes travel together, on a real store and the memory kernel: counted by the batches that the kernel gets. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { IpvsDriver } from '../../src/driver/driver.js';
import { KernelUnavailableError } from '../../src/driver/kernel-error.js';
import { createMemoryKernel } from '../../src/driver/memory.js';
import { takeBatch } from '../../src/reconcile/batch.js';
import { admin, createShop, createWorld, failsWith, http, project, shop } from '../support/control-world.js';

const job = (scope: string) => ({ job: { scope } });

function batchesOf(scopes: readonly string[]): string[][] {
  const queue = scopes.map(job);
  const batches: string[][] = [];
  while (queue.length > 0) batches.push(takeBatch(queue).map((one) => one.job.scope));
  return batches;
}

/** The memory kernel, and how many operations came in each batch. */
function countingDriver(): { driver: IpvsDriver; sizes: number[] } {
  const driver = createMemoryKernel().open();
  const sizes: number[] = [];
  return {
    sizes,
    driver: {
      ...driver,
      apply(operations) {
        sizes.push(operations.length);
        return driver.apply(operations);
      },
    },
  };
}

async function startCounting(t: TestContext) {
  const { driver, sizes } = countingDriver();
  const { control } = await createWorld(t).start(driver);
  await createShop(control);
  sizes.length = 0;
  return { control, sizes };
}

test('writes that have nothing to do with one another are one batch', () => {
  assert.deepEqual(batchesOf(['p/a', 'p/b', 'p/c/s/x', 'p/c/s/y']), [['p/a', 'p/b', 'p/c/s/x', 'p/c/s/y']]);
});

test('a write is not in one batch with one of the same resource, or of one above or below it', () => {
  assert.deepEqual(batchesOf(['p/a', 'p/a']), [['p/a'], ['p/a']]);
  assert.deepEqual(batchesOf(['p/a', 'p/a/s/x']), [['p/a'], ['p/a/s/x']]);
  assert.deepEqual(batchesOf(['p/a/s/x/r/y', 'p/a']), [['p/a/s/x/r/y'], ['p/a']]);
  assert.deepEqual(batchesOf(['p/a', 'p/ab']), [['p/a', 'p/ab']]);
});

test('order is kept: what comes after a conflict waits with it', () => {
  assert.deepEqual(batchesOf(['p/a', 'p/b', 'p/a', 'p/c']), [
    ['p/a', 'p/b'],
    ['p/a', 'p/c'],
  ]);
});

test('a batch has at most 256 writes', () => {
  const sizes = batchesOf(Array.from({ length: 600 }, (_, n) => `p/${n}`)).map(({ length }) => length);
  assert.deepEqual(sizes, [256, 256, 88]);
});

test('writes of one turn to different resources reach the kernel as one batch', async (t) => {
  const { control, sizes } = await startCounting(t);
  const names = Array.from({ length: 20 }, (_, n) => n + 2);
  await Promise.all(
    names.map((n) =>
      control.realServers.create(admin, http, { name: `w${n}`, spec: { address: `10.0.0.${n}` } }, {}),
    ),
  );
  assert.deepEqual(sizes, [20]);
});

test('writes of one turn above one another reach it one after the other', async (t) => {
  const { control, sizes } = await startCounting(t);
  await Promise.all([
    control.realServers.create(admin, http, { name: 'w2', spec: { address: '10.0.0.2' } }, {}),
    control.clusters.update(admin, shop, { spec: { forwarding: { method: 'nat' } } }, {}),
  ]);
  assert.deepEqual(sizes, [1, 2]);
});

test('a write that takes a key from another of its turn waits for the next batch', async (t) => {
  const { control, sizes } = await startCounting(t);
  await control.clusters.create(admin, project, { name: 'blog' }, {});
  const blog = { ...project, cluster: 'blog' };
  const frontend = { protocol: 'tcp', address: '192.0.2.10', port: 80 };
  await Promise.all([
    control.virtualServices.update(admin, http, { spec: { port: 81 } }, { drain: false }),
    control.virtualServices.create(admin, blog, { name: 'http', spec: frontend }, {}),
  ]);
  assert.deepEqual(sizes, [3, 1]);
  const { items } = await control.auditEvents.list(admin, { pageSize: 4 });
  const newest = items.map(({ kind, action }) => `${kind} ${action}`).reverse();
  assert.deepEqual(newest, [
    'change updateVirtualService',
    'apply updateVirtualService',
    'change createVirtualService',
    'apply createVirtualService',
  ]);
});

test('a defect below answers the caller, and a later pass finds out what the kernel has', async (t) => {
  const driver = createMemoryKernel().open();
  let isBroken = false;
  const { control } = await createWorld(t).start({
    ...driver,
    async apply(operations) {
      if (isBroken) throw new RangeError('a malformed answer');
      return driver.apply(operations);
    },
  });
  await createShop(control);
  isBroken = true;
  const web2 = { name: 'web2', spec: { address: '10.0.0.2' } };
  await assert.rejects(control.realServers.create(admin, http, web2, {}), /a malformed answer/);
  const names = { ...http, realServer: 'web2' };
  assert.equal((await control.realServers.get(admin, names)).status.state, 'pending');
  isBroken = false;
  await control.directors.reconcile(admin, 'local');
  assert.equal((await control.realServers.get(admin, names)).status.state, 'applied');
  assert.equal((await driver.read()).size, 3);
});

test('a refusal that cannot be undone in the kernel at once is finished by a pass', async (t) => {
  const driver = createMemoryKernel({ localBroadcasts: ['10.0.0.255'] }).open();
  let isLost = false;
  const { control, store } = await createWorld(t).start({
    ...driver,
    async readServices(keys) {
      if (isLost) throw new KernelUnavailableError('no answer in time');
      return driver.readServices(keys);
    },
  });
  await control.clusters.create(admin, project, { name: 'shop' }, {});
  const realServers = { a: { spec: { address: '10.0.0.1' } }, b: { spec: { address: '10.0.0.255' } } };
  const spec = { protocol: 'tcp', address: '192.0.2.10', port: 80 };
  isLost = true;
  await assert.rejects(
    control.definitions.replace(admin, shop, { virtualServices: { http: { spec, realServers } } }, {}),
    failsWith('KERNEL_REFUSED'),
  );
  assert.equal((await driver.read()).size, 2);
  assert.equal((await control.directors.get(admin, 'local')).driftCount, 2);
  isLost = false;
  await control.directors.reconcile(admin, 'local');
  assert.equal((await driver.read()).size, 0);
  assert.equal(
    store.read((reader) => reader.entryCount()),
    0,
  );
  assert.equal((await control.directors.get(admin, 'local')).driftCount, 0);
});
