import assert from 'node:assert/strict';
import { test } from 'node:test';
import { number, printReport } from '../bench/report.js';
import { alternate, type Comparison, percentile, ratioOf, spreadOf } from '../bench/sample.js';
import { jsonOf, markdownOf, type Run } from '../bench/summary.js';

const comparison: Comparison = {
  what: 'push of 1100 entries',
  lvsd: { label: 'driver', unit: 'ms', rounds: [30, 10, 20] },
  reference: { label: 'floor', unit: 'ms', rounds: [10, 10, 10] },
  target: { atMost: 1.5 },
  point: { cost: 'push', entries: 1100 },
};

const run: Run = {
  machine: { Node: 'v20' },
  isQuick: false,
  reports: {
    push: {
      kernel: '6.1',
      comparisons: [
        comparison,
        {
          ...comparison,
          what: 'push of 11000 entries',
          lvsd: { ...comparison.lvsd, rounds: [10, 12, 11] },
          point: { cost: 'push', entries: 11_000 },
        },
      ],
      figures: [{ what: 'memory', value: 1234.5, unit: 'MiB', target: { atMost: 250 } }],
    },
  },
  failed: ['reads'],
};

test('percentiles are nearest ranks, and there are none of nothing', () => {
  assert.equal(percentile([3, 1, 2], 50), 2);
  assert.equal(percentile([4, 3, 2, 1], 50), 2);
  assert.equal(percentile([1, 2], 99), 2);
  assert.equal(percentile([5], 0), 5);
  assert.throws(() => percentile([], 50), RangeError);
});

test('a ratio is of the same round, not of the medians', () => {
  const lvsd = { ...comparison.lvsd, rounds: [10, 100, 20] };
  const reference = { ...comparison.reference, rounds: [10, 50, 5] };
  assert.deepEqual(ratioOf({ ...comparison, lvsd, reference }), { median: 2, lowest: 1, highest: 4 });
});

test('things are measured in turn, every second round in the opposite order', async () => {
  const order: string[] = [];
  const measure = (name: string) => async () => order.push(name);
  await alternate({ least: 3, most: 3 }, { a: measure('a'), b: measure('b') });
  assert.equal(order.join(''), 'abbaab');
});

test('rounds end once every figure is steady, not before the least and not after the most', async () => {
  const roundsOf = async (a: number[], b: number[]) => {
    const take = (values: number[]) => async () => values.shift() ?? 0;
    const measured = await alternate({ least: 2, most: 4 }, { a: take(a), b: take(b) });
    return [measured.a.length, measured.b.length];
  };
  assert.deepEqual(await roundsOf([100, 109, 0, 0], [10, 10, 0, 0]), [2, 2]);
  assert.deepEqual(await roundsOf([100, 100, 100, 100], [10, 20, 10, 20]), [4, 4]);
  assert.deepEqual(spreadOf([100, 109]), { median: 100, lowest: 100, highest: 109 });
});

test('numbers have three significant digits', () => {
  assert.deepEqual([0, 0.01234, 1.5, 99.96, 1234.5, 110_000].map(number), [
    '0',
    '0.0123',
    '1.50',
    '100.0',
    '1,235',
    '110,000',
  ]);
});

test('a report says the median, the spread, the ratio and whether the target is met', () => {
  assert.equal(
    printReport({ comparisons: [comparison], figures: run.reports.push?.figures ?? [] }),
    [
      '  push of 1100 entries: ratio 2.00 (1.00 to 3.00), target at most 1.50: MISSED',
      '    driver: 20.0 ms (10.0 to 30.0, 3 rounds)',
      '    floor: 10.0 ms (10.0 to 10.0, 3 rounds)',
      '  memory: 1,235 MiB, target at most 250: MISSED',
    ].join('\n'),
  );
});

test('the tables of a run have every comparison and figure, what failed, and the growth of each cost', () => {
  const lines = markdownOf(run).split('\n');
  const row = (...cells: string[]) => `| ${cells.join(' | ')} |`;
  assert.ok(lines.includes(row('Node', 'v20')));
  assert.ok(
    lines.includes(
      row(
        ...['push', 'push of 1100 entries', '20.0 ms, driver', '10.0 ms, floor'],
        ...['2.00 (1.00 to 3.00)', 'at most 1.50', '**missed**'],
      ),
    ),
  );
  assert.ok(lines.some((line) => line.includes('push of 11000 entries') && line.endsWith('met |')));
  assert.ok(lines.includes(row('push', 'memory', '1,235 MiB', '', '', 'at most 250', '**missed**')));
  assert.ok(lines.includes('**`reads` could not be measured.**'));
  assert.ok(lines.includes(row('cost', '1,100 entries', '11,000 entries', 'growth')));
  assert.ok(lines.includes(row('push', '20.0 ms', '11.0 ms', '× 0.550 for × 10.0')));
});

test('the machine-readable file has every round and what follows from it', () => {
  const { cases, failed } = jsonOf(run) as {
    cases: { name: string; comparisons: Record<string, unknown>[]; figures: object[] }[];
    failed: string[];
  };
  assert.deepEqual(failed, ['reads']);
  assert.equal(cases[0]?.name, 'push');
  assert.deepEqual(cases[0]?.comparisons[0]?.lvsd, {
    ...comparison.lvsd,
    ...{ median: 20, lowest: 10, highest: 30 },
  });
  assert.deepEqual(cases[0]?.comparisons[0]?.ratio, { median: 2, lowest: 1, highest: 3 });
  assert.equal(cases[0]?.comparisons[0]?.isMet, false);
  assert.equal(cases[0]?.comparisons[1]?.isMet, true);
});
