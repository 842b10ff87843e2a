import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDepths } from '../../src/reconcile/depth.js';

test('of the passes that come by themselves every second one is quick', () => {
  let now = 0;
  const depths = createDepths({ intervalMs: 25_000, now: () => now });
  const depth = () => {
    const next = depths.next({ trigger: 'interval', isSynced: true });
    now += 27_000;
    return next;
  };
  assert.deepEqual([depth(), depth(), depth(), depth()], ['deep', 'quick', 'deep', 'quick']);
});

test('a pass is deep when the next might be later than a minute after the last deep one', () => {
  for (const [intervalMs, tookMs, expected] of [
    [30_000, 0, 'quick'],
    [30_000, 1, 'deep'],
    [25_000, 10_000, 'quick'],
    [25_000, 10_001, 'deep'],
    [3_600_000, 0, 'deep'],
  ] as const) {
    let now = 0;
    const depths = createDepths({ intervalMs, now: () => now });
    depths.next({ trigger: 'start', isSynced: false });
    now += tookMs + intervalMs;
    assert.equal(depths.next({ trigger: 'interval', isSynced: true }), expected);
  }
});

test('a pass at the start, on request, as a retry and after an outage is deep', () => {
  const depths = createDepths({ intervalMs: 1000, now: () => 0 });
  for (const [trigger, isSynced] of [
    ['start', false],
    ['request', true],
    ['retry', true],
    ['interval', false],
  ] as const) {
    assert.equal(depths.next({ trigger, isSynced }), 'deep');
  }
  assert.equal(depths.next({ trigger: 'interval', isSynced: true }), 'quick');
});
