import { type Bench, type BenchCase, largest } from '../bench.js';
import { CLUSTER_PATH, definitionOf, entryCount } from '../definition.js';
import { createLvsd, type LvsdProcess } from '../lvsd-process.js';
import type { Figure } from '../sample.js';

const TARGET = { atMost: 50 } as const;

/** One block of two seconds is a single sample among thousands, so the longest is stated beside the p99.9. */
export const eventLoop: BenchCase = {
  name: 'event-loop',
  title: 'Longest blocks of the event loop',
  place: 'guest',
  limitSeconds: 1800,
  usesSeeds: true,
  async run(bench) {
    const size = largest(bench);
    const entries = entryCount(size);
    const pushed = await createLvsd(bench, { size, kernel: 'empty' });
    const figures = [
      ...(await blocks(`full push of ${entries} entries at start`, pushed, async () => {
        await pushed.worker.call('start', { dataDir: pushed.dataDir, driver: 'netlink' });
      })),
      ...(await blocks(`full reconciliation of ${entries} entries`, pushed, () =>
        pushed.worker.call('reconcile'),
      )),
    ];
    await pushed.end();
    return { comparisons: [], figures: [...figures, ...(await definitionBlocks(bench))] };
  },
};

async function definitionBlocks(bench: Bench): Promise<Figure[]> {
  const size = largest(bench);
  const empty = await createLvsd(bench, { size: null, kernel: 'empty' });
  await empty.worker.call('start', { dataDir: empty.dataDir, driver: 'netlink' });
  const body = JSON.stringify(definitionOf(size));
  const figures = await blocks(`PUT of a definition of ${entryCount(size)} entries`, empty, () =>
    empty.worker.call('put', `${CLUSTER_PATH}/definition`, body),
  );
  await empty.end();
  return figures;
}

async function blocks(
  what: string,
  { worker }: LvsdProcess,
  work: () => Promise<unknown>,
): Promise<Figure[]> {
  await worker.call('watchLoop');
  await work();
  const { p999Ms, longestMs } = await worker.call('loopDelays');
  return [
    { what: `${what}, p99.9`, value: p999Ms, unit: 'ms', target: TARGET },
    { what: `${what}, longest`, value: longestMs, unit: 'ms' },
  ];
}
