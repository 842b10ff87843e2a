import { type BenchCase, largest, type Size } from '../bench.js';
import { CLUSTER_PATH, definitionOf, entryCount, REAL_SERVERS } from '../definition.js';
import { createLvsd } from '../lvsd-process.js';
import { alternate, type Comparison, timed } from '../sample.js';
import { insertResources, withRawDatabase } from '../sqlite-floor.js';

/** A whole definition put into an empty server: one transaction, one answer. */
export const changeSet: BenchCase = {
  name: 'change-set',
  title: 'One change of a whole definition, memory driver',
  place: 'host',
  limitSeconds: 600,
  usesSeeds: false,
  async run(bench) {
    const comparisons: Comparison[] = [];
    for (const size of bench.sizes) {
      const body = JSON.stringify(definitionOf(size));
      const { lvsd, raw } = await alternate(bench.rounds, {
        lvsd: async () => {
          const { worker, dataDir, end } = await createLvsd(bench, { size: null, kernel: 'none' });
          await worker.call('start', { dataDir, driver: 'memory' });
          const milliseconds = await worker.call('put', `${CLUSTER_PATH}/definition`, body);
          await end();
          return milliseconds;
        },
        raw: () => insertAndParse(size, body),
      });
      bench.progress(`${size * REAL_SERVERS} real servers`);
      comparisons.push({
        what: `${size * REAL_SERVERS} real servers of ${size} virtual services`,
        lvsd: { label: 'PUT of the definition', unit: 'ms', rounds: lvsd },
        reference: { label: 'raw SQLite insert and JSON.parse', unit: 'ms', rounds: raw },
        ...(size === largest(bench) && { target: { atMost: 4 } }),
      });
    }
    return { comparisons, figures: [] };
  },
};

function insertAndParse(size: Size, body: string): Promise<number> {
  return withRawDatabase(async (db) => {
    const parsing = await timed(() => JSON.parse(body));
    return parsing + (await insertResources(db, entryCount(size)));
  });
}
