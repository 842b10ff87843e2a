import { type Bench, type BenchCase, largest, type Size } from '../bench.js';
import { entryCount } from '../definition.js';
import { createLvsd } from '../lvsd-process.js';
import { alternate, type Comparison, type Sample } from '../sample.js';
import { startWorker } from '../worker.js';
import type { KernelPushCalls } from '../workers/kernel-push.js';

/** More takes ipvsadm minutes. */
const IPVSADM_SERVICES_MAX = 1000;

/** After every push, whoever made it, the table is compared with the definition, line for line. */
export const coldPush: BenchCase = {
  name: 'cold-push',
  title: 'Cold push of a whole definition into an empty kernel',
  place: 'guest',
  limitSeconds: 1200,
  async run(bench) {
    const comparisons: Comparison[] = [];
    for (const size of bench.sizes) comparisons.push(...(await pushes(bench, size)));
    return { comparisons, figures: [] };
  },
};

/** The fewest rounds: one takes two minutes, most of them to compare tables. */
async function pushes(bench: Bench, size: Size): Promise<Comparison[]> {
  const isLargest = size === largest(bench);
  const small = Math.min(size, IPVSADM_SERVICES_MAX);
  const rounds = { ...bench.rounds, most: bench.rounds.least };
  const { driver, fresh, pass, encoded, ipvsadm } = await alternate(rounds, {
    driver: () => push('driver', size),
    fresh: () => push('coldDriver', size),
    pass: () => firstPass(bench, size),
    encoded: () => push('encoded', size),
    ipvsadm: () => push('ipvsadm', small),
  });
  const entries = entryCount(size);
  bench.progress(`${entries} entries pushed`);
  const reference = ms('messages encoded beforehand', encoded);
  return [
    {
      what: `cold push of ${entries} entries, driver`,
      lvsd: ms('driver.apply', driver),
      reference,
      point: { cost: 'cold push, driver', entries },
      ...(isLargest && { target: { atMost: 1.5 } }),
    },
    {
      what: `cold push of ${entries} entries, driver in a new process`,
      lvsd: ms('driver.apply', fresh),
      reference,
      point: { cost: 'cold push, driver in a new process', entries },
    },
    {
      what: `first pass of ${entries} entries, with audit`,
      lvsd: ms('first pass after start', pass),
      reference,
      point: { cost: 'first pass, with audit', entries },
    },
    {
      what: `cold push for each entry, ${entries} of lvsd and ${entryCount(small)} of ipvsadm`,
      lvsd: perEntry('driver.apply', driver, size),
      reference: perEntry('ipvsadm -R', ipvsadm, small),
      ...(isLargest && { target: { atMost: 0.01 } }),
    },
  ];
}

/** In a new network namespace: a kernel is slow to take again what it has just let go. */
async function push(way: 'driver' | 'coldDriver' | 'encoded' | 'ipvsadm', services: number): Promise<number> {
  const worker = startWorker<KernelPushCalls>('kernel-push', { network: 'own' });
  try {
    return await worker.call(way, services);
  } finally {
    await worker.end();
  }
}

async function firstPass(bench: Bench, size: Size): Promise<number> {
  const lvsd = await createLvsd(bench, { size, kernel: 'empty' });
  try {
    const { passMilliseconds } = await lvsd.worker.call('start', {
      dataDir: lvsd.dataDir,
      driver: 'netlink',
    });
    await lvsd.checkTable(size);
    return passMilliseconds;
  } finally {
    await lvsd.end();
  }
}

function ms(label: string, rounds: readonly number[]): Sample {
  return { label, unit: 'ms', rounds };
}

function perEntry(label: string, milliseconds: readonly number[], services: number): Sample {
  const rounds = milliseconds.map((value) => (value * 1000) / entryCount(services));
  return { label, unit: 'µs/entry', rounds };
}
