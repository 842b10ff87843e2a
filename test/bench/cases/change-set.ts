import { type Bench, type BenchCase, largest, type Size } from '../bench.js';
import {
  CLUSTER_PATH,
  changeSetOf,
  definitionOf,
  entryCount,
  REAL_SERVERS,
  servicePath,
} from '../definition.js';
import { loopBlocks } from '../loop-blocks.js';
import { createLvsd, type LvsdProcess } from '../lvsd-process.js';
import { alternate, type Comparison, type Figure, timed } from '../sample.js';
import { insertAll, newestRevision, withRawDatabase, writtenAfter } from '../sqlite-floor.js';
import type { Started } from '../workers/lvsd.js';

/** Real servers of virtual services that are there already; and a whole definition put into an empty server. */
export const changeSet: BenchCase = {
  name: 'change-set',
  title: 'One change-set of many real servers, memory driver',
  place: 'host',
  limitSeconds: 900,
  async run(bench) {
    const size = largest(bench);
    const comparisons: Comparison[] = [];
    for (const one of bench.sizes) {
      comparisons.push({
        what: `change-set of ${one * REAL_SERVERS} real servers`,
        ...(await compare(bench, changeSetWrite(one))),
        point: { cost: 'change-set of all real servers', entries: entryCount(one) },
        ...(one === size && { target: { atMost: 4 } }),
      });
      bench.progress(`${one * REAL_SERVERS} real servers`);
    }
    comparisons.push({
      what: `PUT of a definition of ${entryCount(size)} entries`,
      ...(await compare(bench, definitionWrite(size))),
    });
    return { comparisons, figures: await blocks(bench, changeSetWrite(size)) };
  },
};

interface Write {
  readonly size: Size;
  readonly onto: 'services' | 'nothing';
  readonly method: 'POST' | 'PUT';
  readonly path: string;
  readonly body: string;
}

function changeSetWrite(size: Size): Write {
  const body = JSON.stringify(changeSetOf(size));
  return { size, onto: 'services', method: 'POST', path: '/v1/change-sets', body };
}

function definitionWrite(size: Size): Write {
  const body = JSON.stringify(definitionOf(size));
  return { size, onto: 'nothing', method: 'PUT', path: `${CLUSTER_PATH}/definition`, body };
}

/** The reference writes the rows that lvsd wrote in its latest round, and parses the same body. */
async function compare(bench: Bench, write: Write): Promise<Pick<Comparison, 'lvsd' | 'reference'>> {
  let tables: ReturnType<typeof writtenAfter> = [];
  const { lvsd, raw } = await alternate(bench.rounds, {
    lvsd: () =>
      withServer(bench, write, async ({ worker, dataDir }) => {
        const before = newestRevision(dataDir);
        const milliseconds = await worker.call('write', write.method, write.path, write.body);
        if (tables.length === 0) tables = writtenAfter(dataDir, before);
        return milliseconds;
      }),
    raw: () =>
      withRawDatabase(tables, async (db) => {
        const parsing = await timed(() => JSON.parse(write.body));
        return parsing + (await insertAll(db, tables));
      }),
  });
  const rows = tables.reduce((sum, table) => sum + table.rows.length, 0);
  return {
    lvsd: { label: `${write.method} of ${megabytes(write.body)} MB`, unit: 'ms', rounds: lvsd },
    reference: { label: `SQLite insert of the same ${rows} rows, JSON.parse`, unit: 'ms', rounds: raw },
  };
}

function blocks(bench: Bench, write: Write): Promise<Figure[]> {
  return withServer(bench, write, (lvsd, server) =>
    loopBlocks({
      what: `change-set of ${write.size * REAL_SERVERS} real servers`,
      lvsd,
      server,
      place: 'host',
      path: servicePath(0),
      work: () => lvsd.worker.call('write', write.method, write.path, write.body),
    }),
  );
}

async function withServer<T>(
  bench: Bench,
  { size, onto }: Write,
  work: (lvsd: LvsdProcess, server: Started) => Promise<T>,
): Promise<T> {
  const lvsd = await createLvsd(
    bench,
    onto === 'services' ? { size, only: onto, kernel: 'none' } : { size: null, kernel: 'none' },
  );
  try {
    return await work(lvsd, await lvsd.worker.call('start', { dataDir: lvsd.dataDir, driver: 'memory' }));
  } finally {
    await lvsd.end();
  }
}

function megabytes(text: string): string {
  return (Buffer.byteLength(text) / 1e6).toFixed(1);
}
