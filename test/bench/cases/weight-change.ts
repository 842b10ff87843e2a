import { type Bench, type BenchCase, largest, roundsFor, type Size } from '../bench.js';
import { entryCount } from '../definition.js';
import { createLvsd, type LvsdProcess } from '../lvsd-process.js';
import { alternate, type Comparison, percentile } from '../sample.js';

const SMALL: Size = 10;
/** No more: each of the small table's real servers once. */
const CHANGES_PER_ROUND = 100;

/** A kernel entry that `definition.ts` makes whatever the size. */
const EDIT = 'ipvsadm -e -t 10.1.0.1:80 -r 10.16.0.1:80 -g -w "$argument"';

/** From a client's PATCH to its answer: durable, audited and in the kernel. Client and server share one process. */
export const weightChange: BenchCase = {
  name: 'weight-change',
  title: 'One weight change, from the call to the kernel',
  place: 'guest',
  limitSeconds: 600,
  async run(bench) {
    const small = await runningLvsd(bench, SMALL);
    const comparisons: Comparison[] = [];
    for (const size of bench.sizes) {
      const large = await runningLvsd(bench, size);
      comparisons.push(...(await compare(bench, { size, small, large })));
      await large.end();
    }
    await small.end();
    return { comparisons, figures: [] };
  },
};

interface Pair {
  readonly size: Size;
  readonly small: LvsdProcess;
  readonly large: LvsdProcess;
}

async function compare(bench: Bench, { size, small, large }: Pair): Promise<Comparison[]> {
  const p99: Record<'small' | 'large', number[]> = { small: [], large: [] };
  const changes = async (name: 'small' | 'large', services: Size) => {
    const { worker } = { small, large }[name];
    const latencies = await worker.call('changeWeights', services, CHANGES_PER_ROUND);
    p99[name].push(percentile(latencies, 99));
    return percentile(latencies, 50);
  };
  // The first round of a process compiles its code.
  await changes('small', SMALL);
  await changes('large', size);
  for (const values of Object.values(p99)) values.length = 0;
  const edit = large.command(EDIT);
  let weight = 1;
  const p50 = await alternate(roundsFor(bench, size), {
    large: () => changes('large', size),
    small: () => changes('small', SMALL),
    ipvsadm: () => {
      weight += 1;
      return edit.run(String(weight));
    },
  });
  bench.progress(`changes among ${entryCount(size)} entries`);
  const isLargest = size === largest(bench);
  const label = (services: Size) => `PATCH among ${entryCount(services)} entries`;
  return [
    {
      what: `weight change, p50 among ${entryCount(size)} entries against ${entryCount(SMALL)}`,
      lvsd: { label: label(size), unit: 'ms', rounds: p50.large },
      reference: { label: label(SMALL), unit: 'ms', rounds: p50.small },
      point: { cost: 'weight change, p50', entries: entryCount(size) },
      ...(isLargest && { target: { atMost: 1.2 } }),
    },
    {
      what: `weight change, p99 among ${entryCount(size)} entries against ${entryCount(SMALL)}`,
      lvsd: { label: label(size), unit: 'ms', rounds: p99.large },
      reference: { label: label(SMALL), unit: 'ms', rounds: p99.small },
      point: { cost: 'weight change, p99', entries: entryCount(size) },
    },
    {
      what: `weight change, p50 among ${entryCount(size)} entries against one ipvsadm`,
      lvsd: { label: label(size), unit: 'ms', rounds: p50.large },
      reference: { label: 'ipvsadm -e, fork to exit', unit: 'ms', rounds: p50.ipvsadm },
      ...(isLargest && { target: { atMost: 1 } }),
    },
  ];
}

async function runningLvsd(bench: Bench, size: Size): Promise<LvsdProcess> {
  const lvsd = await createLvsd(bench, { size, kernel: 'filled' });
  await lvsd.worker.call('start', { dataDir: lvsd.dataDir, driver: 'netlink' });
  return lvsd;
}
