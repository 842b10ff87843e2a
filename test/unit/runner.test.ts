import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createRunner } from '../../src/reconcile/runner.js';

type Cause = 'interval' | 'retry' | 'trigger';

/** Runs that end when the test says so, on a clock that the test turns. */
function createBench(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 1_000_000;
  t.mock.method(performance, 'now', () => now);
  const causes: Cause[] = [];
  let end: ((well: boolean) => void) | undefined;
  const runner = createRunner({
    run(cause) {
      assert.equal(end, undefined, 'runs overlap');
      causes.push(cause);
      return new Promise((resolve, reject) => {
        end = (well) => {
          end = undefined;
          if (well) resolve(true);
          else reject(new Error('failed'));
        };
      });
    },
    maxIntervalMs: 30_000,
    minIntervalMs: 1000,
    retryIntervalMs: 2000,
  });
  return {
    runner,
    causes,
    pass(ms: number) {
      now += ms;
      t.mock.timers.tick(ms);
    },
    async finish(well: boolean) {
      assert.ok(end, 'nothing runs');
      end(well);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test('a run follows the end of the one before after the longest interval', async (t) => {
  const { runner, causes, pass, finish } = createBench(t);
  runner.start();
  pass(29_999);
  assert.deepEqual(causes, []);
  pass(1);
  assert.deepEqual(causes, ['interval']);
  pass(60_000);
  await finish(true);
  pass(29_999);
  assert.deepEqual(causes, ['interval']);
  pass(1);
  assert.deepEqual(causes, ['interval', 'interval']);
});

test('triggers before a run make one run, at once when the last is long ago', async (t) => {
  const { runner, causes, pass, finish } = createBench(t);
  runner.start();
  runner.trigger();
  runner.trigger();
  pass(0);
  assert.deepEqual(causes, ['trigger']);
  await finish(true);
  pass(29_999);
  assert.deepEqual(causes, ['trigger']);
});

test('a trigger soon after a run waits for the shortest interval, however many follow it', async (t) => {
  const { runner, causes, pass, finish } = createBench(t);
  runner.start();
  runner.trigger();
  pass(0);
  await finish(true);
  for (let n = 0; n < 1999; n += 1) {
    runner.trigger();
    pass(0.5);
  }
  assert.deepEqual(causes, ['trigger']);
  runner.trigger();
  pass(0.5);
  assert.deepEqual(causes, ['trigger', 'trigger']);
});

test('triggers during a run cause one more run after it, and no overlap', async (t) => {
  const { runner, causes, pass, finish } = createBench(t);
  runner.start();
  runner.trigger();
  pass(0);
  runner.trigger();
  runner.trigger();
  pass(10_000);
  assert.deepEqual(causes, ['trigger']);
  await finish(true);
  pass(1000);
  assert.deepEqual(causes, ['trigger', 'trigger']);
  await finish(true);
  pass(29_999);
  assert.equal(causes.length, 2);
});

test('failures are retried at doubling intervals up to the longest, until one goes well', async (t) => {
  const { runner, causes, pass, finish } = createBench(t);
  runner.start();
  runner.trigger();
  pass(0);
  for (const interval of [2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    await finish(false);
    const before = causes.length;
    pass(interval - 1);
    assert.equal(causes.length, before, `too early for ${interval}`);
    pass(1);
    assert.equal(causes.at(-1), 'retry');
    assert.equal(causes.length, before + 1);
  }
  await finish(true);
  pass(30_000);
  assert.equal(causes.at(-1), 'interval');
  await finish(false);
  pass(2000);
  assert.equal(causes.at(-1), 'retry');
});

test('a stop waits for the run under way, and none follows', async (t) => {
  const { runner, causes, pass, finish } = createBench(t);
  runner.start();
  runner.trigger();
  pass(0);
  let stopped = false;
  const stop = runner.stop().then(() => {
    stopped = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(stopped, false);
  await finish(true);
  await stop;
  runner.trigger();
  pass(120_000);
  assert.deepEqual(causes, ['trigger']);
});

test('nothing runs before the start', (t) => {
  const { runner, causes, pass } = createBench(t);
  runner.trigger();
  pass(60_000);
  assert.deepEqual(causes, []);
  runner.start();
  pass(0);
  assert.deepEqual(causes, ['trigger']);
});
