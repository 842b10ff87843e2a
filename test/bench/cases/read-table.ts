import { type Bench, type BenchCase, largest, roundsFor, type Size } from '../bench.js';
import { entryCount } from '../definition.js';
import { createLvsd } from '../lvsd-process.js';
import { alternate, type Comparison, type Figure, spreadOf } from '../sample.js';

/** Every second pass that comes by itself is quick; the first quick one after a start learns what to expect. */
const PASSES_TO_A_WARM_QUICK_ONE = 3;
/** Between passes; the least. */
const INTERVAL_SECONDS = 1;

/** All attributes of all entries; and whole passes that find nothing to do. */
export const readTable: BenchCase = {
  name: 'read-table',
  title: 'Reading the whole table, and reconciling one that is as it should be',
  place: 'guest',
  limitSeconds: 900,
  async run(bench) {
    const comparisons: Comparison[] = [];
    const figures: Figure[] = [];
    for (const size of bench.sizes) {
      const measured = await measure(bench, size);
      bench.progress(`${entryCount(size)} entries read`);
      comparisons.push(...compare(size, { ...measured, isLargest: size === largest(bench) }));
      const value = spreadOf(measured.nothing).median;
      figures.push({
        what: `fork to exit of /bin/true beside ${entryCount(size)} entries`,
        value,
        unit: 'ms',
      });
    }
    return { comparisons, figures };
  },
};

type Measured = Record<'read' | 'save' | 'deep' | 'quick' | 'cat' | 'nothing', number[]>;

/** The server runs only while it is measured, or a pass of its own could fall into what is measured beside it. */
async function measure(bench: Bench, size: Size): Promise<Measured> {
  const { worker, dataDir, command, end } = await createLvsd(bench, { size, kernel: 'filled' });
  const running = async <T>(intervalSeconds: number | undefined, work: () => Promise<T>) => {
    const interval = intervalSeconds === undefined ? {} : { intervalSeconds };
    await worker.call('start', { dataDir, driver: 'netlink', ...interval });
    const result = await work();
    await worker.call('stop');
    return result;
  };
  const commands = {
    save: command('ipvsadm -Sn'),
    cat: command('cat /proc/net/ip_vs'),
    nothing: command('/bin/true'),
  };
  const measured = await alternate(roundsFor(bench, size), {
    read: () => worker.call('readTable'),
    save: () => commands.save.run(),
    deep: () => running(undefined, () => worker.call('reconcile')),
    quick: async () => {
      const passes = await running(INTERVAL_SECONDS, () =>
        worker.call('ownPasses', PASSES_TO_A_WARM_QUICK_ONE),
      );
      return passes.at(-1) ?? Number.NaN;
    },
    cat: () => commands.cat.run(),
    nothing: () => commands.nothing.run(),
  });
  await end();
  return measured;
}

function compare(size: Size, { isLargest, ...rounds }: Measured & { isLargest: boolean }): Comparison[] {
  const entries = entryCount(size);
  const cat = { label: 'cat /proc/net/ip_vs', unit: 'ms', rounds: rounds.cat } as const;
  return [
    {
      what: `read of ${entries} entries`,
      lvsd: { label: 'driver.read', unit: 'ms', rounds: rounds.read },
      reference: { label: 'ipvsadm -Sn', unit: 'ms', rounds: rounds.save },
      point: { cost: 'read of the table', entries },
      ...(isLargest && { target: { atMost: 1 / 3 } }),
    },
    {
      what: `quick pass over ${entries} entries without differences`,
      lvsd: { label: 'a pass that came by itself', unit: 'ms', rounds: rounds.quick },
      reference: cat,
      point: { cost: 'quick pass without differences', entries },
      ...(isLargest && { target: { atMost: 2 } }),
    },
    {
      what: `deep pass over ${entries} entries without differences`,
      lvsd: { label: 'POST reconciliations', unit: 'ms', rounds: rounds.deep },
      reference: cat,
      point: { cost: 'deep pass without differences', entries },
    },
  ];
}
