import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMemoryDriver } from '../../src/driver/memory.js';
import { createNetlinkDriver } from '../../src/driver/netlink/client.js';
import { nearOperation } from '../support/arbitraries.js';
import { clearTable, comparableEntries } from '../support/tables.js';

const { EEXIST, EINVAL, ENOENT, ERANGE, ESRCH } = constants.errno;

const minimumOperations = 10_000;

/** A run of the property: batches of up to 40 operations, one after another, on a table that starts empty. */
const batches = fc.array(fc.array(nearOperation, { minLength: 1, maxLength: 40, size: 'max' }), {
  minLength: 1,
  maxLength: 30,
  size: 'max',
});

/** To repeat a run, give the seed that it printed in LVSD_SEED. */
const seed = Number(process.env.LVSD_SEED ?? Date.now() % 2 ** 31);

test('the memory kernel answers and keeps what the real kernel does, whatever the operations', async (t) => {
  t.diagnostic(`seed ${seed}`);
  const real = createNetlinkDriver();
  const answers = new Map<number, number>();
  const property = fc.asyncProperty(batches, async (run) => {
    await clearTable(real);
    const memory = createMemoryDriver();
    for (const operations of run) {
      const expected = (await memory.apply(operations)).map((error) => error?.errno ?? 0);
      const actual = (await real.apply(operations)).map((error) => error?.errno ?? 0);
      assert.deepEqual(actual, expected);
      for (const errno of actual) answers.set(errno, (answers.get(errno) ?? 0) + 1);
      const options = { stats: operations.length % 2 === 0 };
      const table = comparableEntries(await real.read(options));
      assert.deepEqual(table, comparableEntries(await memory.read(options)));
    }
  });
  try {
    await fc.assert(property, { seed, numRuns: 80, includeErrorInReport: true });
  } finally {
    await clearTable(real);
    real.close();
  }
  const total = [...answers.values()].reduce((sum, count) => sum + count, 0);
  t.diagnostic(`${total} operations; by errno ${JSON.stringify(Object.fromEntries(answers))}`);
  assert.ok(total >= minimumOperations, `only ${total} operations`);
  for (const errno of [0, EEXIST, EINVAL, ENOENT, ERANGE, ESRCH]) {
    assert.ok((answers.get(errno) ?? 0) >= 100, `errno ${errno} was seen too rarely`);
  }
});
