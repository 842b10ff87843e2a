import { type BenchCase, largest } from '../bench.js';
import { entryCount } from '../definition.js';
import { createLvsd } from '../lvsd-process.js';
import { alternate, type Comparison } from '../sample.js';

/** All attributes of all entries; and a whole reconciliation that finds nothing to do, which is that read and a comparison. */
export const readTable: BenchCase = {
  name: 'read-table',
  title: 'Reading the whole table, and reconciling one that is as it should be',
  place: 'guest',
  limitSeconds: 600,
  usesSeeds: true,
  async run(bench) {
    const comparisons: Comparison[] = [];
    for (const size of bench.sizes) {
      const { worker, dataDir, end } = await createLvsd(bench, { size, kernel: 'filled' });
      await worker.call('start', { dataDir, driver: 'netlink' });
      const { read, save, reconcile, cat } = await alternate(bench.rounds, {
        read: () => worker.call('readTable'),
        save: () => worker.call('run', 'ipvsadm', '-Sn'),
        reconcile: () => worker.call('reconcile'),
        cat: () => worker.call('run', 'cat', '/proc/net/ip_vs'),
      });
      await end();
      bench.progress(`${entryCount(size)} entries read`);
      const isLargest = size === largest(bench);
      comparisons.push(
        {
          what: `${entryCount(size)} entries, read`,
          lvsd: { label: 'driver.read', unit: 'ms', rounds: read },
          reference: { label: 'ipvsadm -Sn', unit: 'ms', rounds: save },
          ...(isLargest && { target: { atMost: 1 / 3 } }),
        },
        {
          what: `${entryCount(size)} entries, reconciliation without differences`,
          lvsd: { label: 'POST reconciliations', unit: 'ms', rounds: reconcile },
          reference: { label: 'cat /proc/net/ip_vs', unit: 'ms', rounds: cat },
          ...(isLargest && { target: { atMost: 2 } }),
        },
      );
    }
    return { comparisons, figures: [] };
  },
};
