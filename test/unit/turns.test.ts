import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from '../../src/reconcile/turns.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('work runs one after the other, in the order in which it was asked for', async () => {
  const turns = createTurns();
  const seen: string[] = [];
  const work = (name: string, rounds: number) => async () => {
    seen.push(`${name} begins`);
    for (let n = 0; n < rounds; n += 1) await nextTurn();
    seen.push(`${name} ends`);
    return name;
  };
  const results = await Promise.all([
    turns.run(work('a', 3)),
    turns.run(work('b', 1)),
    turns.run(work('c', 0)),
  ]);
  assert.deepEqual(results, ['a', 'b', 'c']);
  assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('a failure is its own, and the next has its turn all the same', async () => {
  const turns = createTurns();
  const failed = turns.run(async () => {
    throw new Error('broken');
  });
  const next = turns.run(async () => 'done');
  await assert.rejects(failed, /broken/);
  assert.equal(await next, 'done');
});
