import { type Bench, type BenchCase, largest, roundsFor, type Size } from '../bench.js';
import { entryCount } from '../definition.js';
import { createLvsd } from '../lvsd-process.js';
import { alternate, type Comparison } from '../sample.js';

/** A start after which nothing is to do. */
export const startUp: BenchCase = {
  name: 'start-up',
  title: 'Start when the kernel is as the definition says',
  place: 'guest',
  limitSeconds: 600,
  async run(bench) {
    const comparisons: Comparison[] = [];
    for (const size of bench.sizes) comparisons.push(await restarts(bench, size));
    return { comparisons, figures: [] };
  },
};

async function restarts(bench: Bench, size: Size): Promise<Comparison> {
  const entries = entryCount(size);
  const { worker, dataDir, end } = await createLvsd(bench, { size, kernel: 'filled' });
  const { start, rows } = await alternate(roundsFor(bench, size), {
    start: async () => {
      const { milliseconds } = await worker.call('start', { dataDir, driver: 'netlink' });
      await worker.call('stop');
      return milliseconds;
    },
    rows: () => worker.call('readRows', dataDir),
  });
  await end();
  bench.progress(`started with ${entries} entries`);
  return {
    what: `start with ${entries} entries`,
    lvsd: { label: 'until both APIs answer', unit: 'ms', rounds: start },
    reference: { label: 'opening the database and reading the rows', unit: 'ms', rounds: rows },
    point: { cost: 'start, the kernel as it should be', entries },
    ...(size === largest(bench) && { target: { atMost: 3 } }),
  };
}
