import { type Bench, type BenchCase, largest, roundsFor, type Size } from '../bench.js';
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
    comparisons.push(await perEntry(bench));
    return { comparisons, figures: [] };
  },
};

async function pushes(bench: Bench, size: Size): Promise<Comparison[]> {
  const { driver, fresh, pass, encoded } = await alternate(roundsFor(bench, size), {
    driver: () => push('driver', size),
    fresh: () => push('coldDriver', size),
    pass: () => firstPass(bench, size),
    encoded: () => push('encoded', size),
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
      ...(size === largest(bench) && { target: { atMost: 1.5 } }),
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
  ];
}

/** Both make a table of their own size. */
async function perEntry(bench: Bench): Promise<Comparison> {
  const size = largest(bench);
  const small = Math.min(size, IPVSADM_SERVICES_MAX);
  const { driver, ipvsadm } = await alternate(bench.rounds, {
    driver: () => push('driver', size),
    ipvsadm: () => push('ipvsadm', small),
  });
  return {
    what: `cold push for each entry, ${entryCount(size)} of lvsd and ${entryCount(small)} of ipvsadm`,
    lvsd: microsPerEntry('driver.apply', driver, size),
    reference: microsPerEntry('ipvsadm -R', ipvsadm, small),
    target: { atMost: 0.01 },
  };
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

function microsPerEntry(label: string, milliseconds: readonly number[], services: number): Sample {
  const rounds = milliseconds.map((value) => (value * 1000) / entryCount(services));
  return { label, unit: 'µs/entry', rounds };
}
