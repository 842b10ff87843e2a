import type { Bench, BenchCase } from '../bench.js';
import { range, realServerPath } from '../definition.js';
import { weightChanges } from '../http-requests.js';
import { compareLoads } from '../load-comparison.js';
import { createLvsd } from '../lvsd-process.js';
import { alternate, type Comparison, type Sample } from '../sample.js';
import { groupCommitRate, newestRevision, withRawDatabase, writtenAfter } from '../sqlite-floor.js';
import { startWorker } from '../worker.js';
import type { ConstantRestCalls } from '../workers/constant-rest.js';
import type { HttpLoadCalls, Load } from '../workers/http-load.js';

const CLIENTS = 64;

/** Weight changes of 64 real servers among 1,100 entries. */
export const restWrites: BenchCase = {
  name: 'rest-writes',
  title: 'Durable single writes of 64 concurrent REST clients, memory driver',
  place: 'host',
  limitSeconds: 300,
  async run(bench) {
    const lvsd = await createLvsd(bench, { size: 100, kernel: 'none' });
    const { httpPort, token } = await lvsd.worker.call('start', { dataDir: lvsd.dataDir, driver: 'memory' });
    const before = newestRevision(lvsd.dataDir);
    const answers = await Promise.all(range(CLIENTS).map((client) => changeOnce(client, httpPort, token)));
    const tables = writtenAfter(lvsd.dataDir, before);
    const bytes = answers[0]?.length ?? 0;

    const constant = startWorker<ConstantRestCalls>('constant-rest');
    const constantPort = await constant.call('start', bytes);
    const generator = startWorker<HttpLoadCalls>('http-load');
    const loadOn = (port: number, connections: Load['connections']) => (seconds: number) =>
      generator.call('run', { port, seconds, connections });
    const changes = weightChanges(CLIENTS, token);
    const againstConstant = await compareLoads(bench, {
      what: `REST writes, ${CLIENTS} clients`,
      lvsd: {
        label: 'PATCH of a real server',
        load: loadOn(httpPort, changes),
        cpuMicros: async () => (await lvsd.worker.call('usage')).cpuMicros,
      },
      reference: {
        label: `fastify, constant of ${bytes} bytes`,
        load: loadOn(constantPort, changes),
        cpuMicros: () => constant.call('cpuMicros'),
      },
      target: { atLeast: 0.5 },
    });
    bench.progress('against the constant route: done');
    const againstSqlite: Comparison[] = [];
    for (const clients of [CLIENTS, 1]) {
      againstSqlite.push(
        await compareWithSqlite(bench, {
          clients,
          tables,
          load: loadOn(httpPort, weightChanges(clients, token)),
        }),
      );
    }
    for (const worker of [constant, generator]) await worker.end();
    await lvsd.end();
    return { comparisons: [...againstConstant, ...againstSqlite], figures: [] };
  },
};

/** So that the rows which a change writes can be read. */
async function changeOnce(client: number, port: number, token: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${realServerPath(client, 0)}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ spec: { weight: 99 } }),
  });
  return response.text();
}

interface AgainstSqlite {
  readonly clients: number;
  /** What one change of each of `CLIENTS` wrote. */
  readonly tables: ReturnType<typeof writtenAfter>;
  load(seconds: number): Promise<{ requestsPerSecond: number }>;
}

async function compareWithSqlite(
  bench: Bench,
  { clients, tables, load }: AgainstSqlite,
): Promise<Comparison> {
  const commits = { tables, changes: CLIENTS, group: clients, seconds: bench.loadSeconds / 2 };
  const { lvsd, raw } = await withRawDatabase(tables, (db) =>
    alternate(bench.rounds, {
      lvsd: async () => (await load(bench.loadSeconds / 2)).requestsPerSecond,
      raw: () => groupCommitRate(db, commits),
    }),
  );
  const rate = (label: string, rounds: readonly number[]): Sample => ({ label, unit: 'requests/s', rounds });
  return {
    what: `REST writes, ${clients === 1 ? 'one client' : `${clients} clients`}, against SQLite alone`,
    lvsd: rate('PATCH of a real server', lvsd),
    reference: rate(`SQLite, the same rows, ${clients} to a commit`, raw),
  };
}
