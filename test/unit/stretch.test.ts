/** Work has its stretch of time, and few looks at the clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginStretch } from '../../src/domain/stretch.js';

/** Works in steps of so many milliseconds until the stretch is over. */
function work(stepMs: (step: number) => number): { steps: number; looks: number; tookMs: number } {
  let [time, looks, steps] = [0, 0, 0];
  const stretch = beginStretch(() => {
    looks += 1;
    return time;
  });
  do {
    time += stepMs(steps);
    steps += 1;
  } while (!stretch.isOver());
  return { steps, looks, tookMs: time };
}

test('short steps share a look at the clock', () => {
  const { steps, looks, tookMs } = work(() => 0.005);
  assert.ok(tookMs >= 10 && tookMs < 11, `${tookMs} ms`);
  assert.ok(looks < steps / 20, `${looks} looks for ${steps} steps`);
});

test('long steps have a look each', () => {
  assert.deepEqual(
    work(() => 4),
    { steps: 3, looks: 4, tookMs: 12 },
  );
});

test('steps that become long are noticed', () => {
  const { tookMs } = work((step) => (step < 500 ? 0.001 : 1));
  assert.ok(tookMs < 10 + 64 + 1, `${tookMs} ms`);
});

test('a time that is known needs no look', () => {
  let looks = 0;
  const stretch = beginStretch(() => {
    looks += 1;
    return 0;
  });
  assert.deepEqual([stretch.isOver(9.9), stretch.isOver(10), looks], [false, true, 1]);
});
