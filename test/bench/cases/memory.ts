import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, type BenchCase, largest, type Size } from '../bench.js';
import { entryCount } from '../definition.js';
import { createLvsd } from '../lvsd-process.js';
import type { Figure } from '../sample.js';
import type { Usage } from '../workers/lvsd.js';

const MIB = 2 ** 20;
/** Between passes. */
const INTERVAL_SECONDS = 5;
/** After a pass; less than the interval. */
const IDLE_MS = 3000;

/** In fresh processes that find their kernel filled, after a deep pass and a quick one, which each keep memory of their own. */
export const memory: BenchCase = {
  name: 'memory',
  title: 'Resident memory, idle',
  place: 'guest',
  limitSeconds: 300,
  async run(bench) {
    const figures = [resident(0, await idleUsage(bench, null))];
    for (const size of bench.sizes) {
      const usage = await idleUsage(bench, size);
      const isLargest = size === largest(bench);
      figures.push(
        { ...resident(entryCount(size), usage), ...(isLargest && { target: { atMost: 250 } }) },
        ...(isLargest ? breakdown(usage) : []),
      );
    }
    return { comparisons: [], figures };
  },
};

function resident(entries: number, { rssBytes }: Usage): Figure {
  return {
    ...figure(`resident at ${entries} entries`, rssBytes),
    ...(entries > 0 && { point: { cost: 'resident memory, idle', entries } }),
  };
}

/** Adds up to what is resident. */
function breakdown(usage: Usage): Figure[] {
  const spaces = Object.entries(usage.heapSpaces).filter(([, bytes]) => bytes >= MIB / 2);
  const heap = Object.values(usage.heapSpaces).reduce((sum, bytes) => sum + bytes, 0);
  const rest = usage.rssBytes - usage.fileBytes - heap - usage.externalBytes;
  return [
    figure('of that: program and libraries (pages of files)', usage.fileBytes),
    ...spaces.map(([name, bytes]) => figure(`of that: heap, ${name}`, bytes)),
    figure('of that: heap, smaller spaces', heap - spaces.reduce((sum, [, bytes]) => sum + bytes, 0)),
    figure('of that: buffers of JavaScript outside the heap', usage.externalBytes),
    figure('of that: SQLite, V8 itself, threads, allocator', rest),
    figure('in use of the heap', usage.heapUsedBytes),
  ];
}

function figure(what: string, bytes: number): Figure {
  return { what, value: bytes / MIB, unit: 'MiB' };
}

async function idleUsage(bench: Bench, size: Size | null): Promise<Usage> {
  const { worker, dataDir, end } = await createLvsd(bench, {
    size,
    kernel: size === null ? 'empty' : 'filled',
  });
  await worker.call('start', { dataDir, driver: 'netlink', intervalSeconds: INTERVAL_SECONDS });
  await worker.call('ownPasses', 1);
  await sleep(IDLE_MS);
  const usage = await worker.call('usage');
  await end();
  return usage;
}
