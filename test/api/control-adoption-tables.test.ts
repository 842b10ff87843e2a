import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Adoption } from '../../src/domain/schema/adoption.js';
import type { Operation } from '../../src/domain/table.js';
import { adopt, all, createScene, legacy, preview } from '../support/adoption-scene.js';
import { nearOperation } from '../support/arbitraries.js';
import { admin } from '../support/control-world.js';
import { anyDefinition } from '../support/definition-arbitrary.js';
import { operationsOf } from '../support/imported-table.js';
import { newDestination, newService } from '../support/operations.js';

/** `drawn` on a kernel of its own: what it takes of it is the table. */
async function adoptsExactly(t: TestContext, drawn: readonly Operation[]): Promise<Adoption> {
  const { control, driver, world, table, stop } = await createScene(t, []);
  await world.hand.apply(drawn);
  const before = await table();
  const { adoption, definition } = await preview(control, { select: all });
  assert.deepEqual(await adopt(control, { select: all }), adoption);
  const keys = [...adoption.adopted, ...adoption.leftOut].map(({ key }) => key);
  assert.deepEqual(keys.toSorted(), before.map(({ key }) => key).toSorted());
  const { differences, foreign } = await control.directors.drift(admin, 'local');
  assert.deepEqual([differences, foreign.length], [[], adoption.leftOut.length]);
  await control.directors.reconcile(admin, 'local');
  if (definition) {
    const same = await control.definitions.replace(admin, legacy, definition, { validateOnly: true });
    assert.ok('preview' in same);
    assert.deepEqual([same.preview.changes, same.preview.operations], [[], []]);
  }
  assert.deepEqual([driver.told, await table()], [0, before]);
  await stop();
  return adoption;
}

/** Less of what no definition can say. */
function tamed(operation: Operation): Operation {
  if (!('config' in operation)) return operation;
  if (!('backend' in operation)) {
    return newService(operation.frontend, { ...operation.config, schedulerFlags: [], onePacket: false });
  }
  const weight = operation.config.weight & 0xffff;
  const limits = { upperThreshold: 0, lowerThreshold: 0 };
  return newDestination(operation.frontend, operation.backend, { ...operation.config, weight, ...limits });
}

test('whatever is in the kernel, each entry is adopted as it is or left out, without an operation', async (t) => {
  let counts = [0, 0];
  const operation = fc.tuple(nearOperation, fc.boolean()).map(([one, isTame]) => (isTame ? tamed(one) : one));
  const property = fc.asyncProperty(
    fc.array(operation, { minLength: 20, maxLength: 80, size: 'max' }),
    async (drawn) => {
      const { adopted, leftOut: left } = await adoptsExactly(t, drawn);
      counts = [(counts[0] ?? 0) + adopted.length, (counts[1] ?? 0) + left.length];
    },
  );
  await fc.assert(property, { numRuns: 40 });
  t.diagnostic(`${counts[0]} adopted, ${counts[1]} left out`);
  assert.ok(
    counts.every((count) => count > 0),
    counts.join(),
  );
});

test('whatever a definition can say is adopted', async (t) => {
  const property = fc.asyncProperty(anyDefinition, async (definition) => {
    const drawn = operationsOf(definition);
    assert.deepEqual((await adoptsExactly(t, drawn)).leftOut, []);
  });
  await fc.assert(property, { numRuns: 25 });
});
