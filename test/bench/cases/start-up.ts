import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, type BenchCase, largest, type Size } from '../bench.js';
import { entryCount } from '../definition.js';
import { createLvsd, type LvsdProcess } from '../lvsd-process.js';
import { alternate, type Comparison, type Figure } from '../sample.js';
import type { Usage } from '../workers/lvsd.js';

const MIB = 2 ** 20;
const IDLE_MS = 5000;

/** A start after which nothing is to do, and the memory that it leaves. */
export const startUp: BenchCase = {
  name: 'start-up',
  title: 'Start when the kernel is as the definition says, and memory when idle',
  place: 'guest',
  limitSeconds: 600,
  usesSeeds: true,
  async run(bench) {
    const comparisons: Comparison[] = [];
    for (const size of bench.sizes) comparisons.push(await restarts(bench, size));
    return { comparisons, figures: await idleMemory(bench) };
  },
};

async function restarts(bench: Bench, size: Size): Promise<Comparison> {
  const { worker, dataDir, end } = await createLvsd(bench, { size, kernel: 'filled' });
  const { start, rows } = await alternate(bench.rounds, {
    start: async () => {
      const { milliseconds } = await worker.call('start', { dataDir, driver: 'netlink' });
      await worker.call('stop');
      return milliseconds;
    },
    rows: () => worker.call('readRows', dataDir),
  });
  await end();
  bench.progress(`started with ${entryCount(size)} entries`);
  return {
    what: `${entryCount(size)} entries`,
    lvsd: { label: 'start until both APIs answer', unit: 'ms', rounds: start },
    reference: { label: 'opening the database and reading the rows', unit: 'ms', rounds: rows },
    ...(size === largest(bench) && { target: { atMost: 3 } }),
  };
}

/** In fresh processes: one without entries, and one that finds its kernel filled. */
async function idleMemory(bench: Bench): Promise<Figure[]> {
  const size = largest(bench);
  const full = await idleUsage(await createLvsd(bench, { size, kernel: 'filled' }));
  const bare = await idleUsage(await createLvsd(bench, { size: null, kernel: 'empty' }));
  const figure = (what: string, bytes: number): Figure => ({ what, value: bytes / MIB, unit: 'MiB' });
  return [
    {
      ...figure(`resident at ${entryCount(size)} entries, idle`, full.rssBytes),
      target: { atMost: 250 },
    },
    figure('resident without entries', bare.rssBytes),
    figure('heap in use, more than without entries', full.heapUsedBytes - bare.heapUsedBytes),
    figure('heap kept for later use', full.heapTotalBytes - full.heapUsedBytes),
    figure('buffers outside the heap', full.externalBytes),
  ];
}

async function idleUsage({ worker, dataDir, end }: LvsdProcess): Promise<Usage> {
  await worker.call('start', { dataDir, driver: 'netlink' });
  await sleep(IDLE_MS);
  const usage = await worker.call('usage');
  await end();
  return usage;
}
