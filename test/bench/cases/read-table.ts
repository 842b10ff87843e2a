import { type BenchCase, largest } from '../bench.js';
import { entryCount } from '../definition.js';
import { createLvsd } from '../lvsd-process.js';
import { alternate, type Comparison, type Figure, spreadOf } from '../sample.js';

/** All attributes of all entries; and a whole reconciliation that finds nothing to do. */
export const readTable: BenchCase = {
  name: 'read-table',
  title: 'Reading the whole table, and reconciling one that is as it should be',
  place: 'guest',
  limitSeconds: 600,
  async run(bench) {
    const comparisons: Comparison[] = [];
    const figures: Figure[] = [];
    for (const size of bench.sizes) {
      const entries = entryCount(size);
      const { worker, dataDir, command, end } = await createLvsd(bench, { size, kernel: 'filled' });
      await worker.call('start', { dataDir, driver: 'netlink' });
      const commands = {
        save: command('ipvsadm -Sn'),
        cat: command('cat /proc/net/ip_vs'),
        nothing: command('/bin/true'),
      };
      const { read, save, reconcile, cat, nothing } = await alternate(bench.rounds, {
        read: () => worker.call('readTable'),
        save: () => commands.save.run(),
        reconcile: () => worker.call('reconcile'),
        cat: () => commands.cat.run(),
        nothing: () => commands.nothing.run(),
      });
      await end();
      bench.progress(`${entries} entries read`);
      const isLargest = size === largest(bench);
      comparisons.push(
        {
          what: `read of ${entries} entries`,
          lvsd: { label: 'driver.read', unit: 'ms', rounds: read },
          reference: { label: 'ipvsadm -Sn', unit: 'ms', rounds: save },
          point: { cost: 'read of the table', entries },
          ...(isLargest && { target: { atMost: 1 / 3 } }),
        },
        {
          what: `reconciliation of ${entries} entries without differences`,
          lvsd: { label: 'POST reconciliations', unit: 'ms', rounds: reconcile },
          reference: { label: 'cat /proc/net/ip_vs', unit: 'ms', rounds: cat },
          point: { cost: 'reconciliation without differences', entries },
          ...(isLargest && { target: { atMost: 2 } }),
        },
      );
      if (isLargest) {
        figures.push({ what: 'fork to exit of /bin/true', value: spreadOf(nothing).median, unit: 'ms' });
      }
    }
    return { comparisons, figures };
  },
};
