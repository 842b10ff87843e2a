/** Many long reads asked for at once leave room for others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { turnFor } from '../../src/control/long-reads.js';

test('one long read in each turn of the event loop, in the order of their calls', async () => {
  const done: string[] = [];
  const read = async (name: string) => {
    await turnFor(1000);
    done.push(name);
  };
  const reads = Promise.all(['a', 'b', 'c'].map(read));
  for (const turn of [1, 2]) {
    await nextTurn();
    done.push(`turn ${turn}`);
  }
  await reads;
  assert.deepEqual(done, ['turn 1', 'a', 'turn 2', 'b', 'c']);
});

test('a short read does not wait', () => {
  assert.equal(turnFor(50), undefined);
});
