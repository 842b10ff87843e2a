import type { BenchCase } from '../bench.js';
import { realServerPath } from '../definition.js';
import { httpRequest, weightChanges } from '../http-requests.js';
import { compareLoads } from '../load-comparison.js';
import { createLvsd } from '../lvsd-process.js';
import { alternate, type Comparison, type Sample } from '../sample.js';
import { groupCommitRate, withRawDatabase } from '../sqlite-floor.js';
import { startWorker } from '../worker.js';
import type { ConstantRestCalls } from '../workers/constant-rest.js';
import type { HttpLoadCalls } from '../workers/http-load.js';

const CLIENTS = 64;

/** Weight changes of 64 real servers among 1,100 entries. */
export const restWrites: BenchCase = {
  name: 'rest-writes',
  title: 'Durable single writes of 64 concurrent REST clients, memory driver',
  place: 'host',
  limitSeconds: 300,
  usesSeeds: true,
  async run(bench) {
    const lvsd = await createLvsd(bench, { size: 100, kernel: 'none' });
    const { httpPort, token } = await lvsd.worker.call('start', { dataDir: lvsd.dataDir, driver: 'memory' });
    const url = `http://127.0.0.1:${httpPort}${realServerPath(0, 0)}`;
    const answer = await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).text();

    const constant = startWorker<ConstantRestCalls>('constant-rest');
    const constantPort = await constant.call('start', answer.length);
    const generator = startWorker<HttpLoadCalls>('http-load');
    const connections = weightChanges(CLIENTS, token);
    const loadOn = (port: number) => (seconds: number) =>
      generator.call('run', { port, seconds, connections });

    const comparisons = await compareLoads(bench, {
      what: `${CLIENTS} clients`,
      lvsd: {
        label: 'PATCH of a real server',
        load: loadOn(httpPort),
        cpuMicros: async () => (await lvsd.worker.call('usage')).cpuMicros,
      },
      reference: {
        label: `fastify, constant of ${answer.length} bytes`,
        load: loadOn(constantPort),
        cpuMicros: () => constant.call('cpuMicros'),
      },
      target: { atLeast: 0.5 },
    });
    bench.progress('against the constant route: done');

    const single = [
      [
        httpRequest({ method: 'PATCH', path: realServerPath(0, 0), token, body: '{"spec":{"weight":3}}' }),
        httpRequest({ method: 'PATCH', path: realServerPath(0, 0), token, body: '{"spec":{"weight":4}}' }),
      ],
    ];
    const { lvsd64, raw64, lvsd1, raw1 } = await withRawDatabase((db) =>
      alternate(bench.rounds, {
        lvsd64: async () => (await loadOn(httpPort)(bench.loadSeconds)).requestsPerSecond,
        raw64: () => groupCommitRate(db, CLIENTS, bench.loadSeconds / 2),
        lvsd1: async () =>
          (await generator.call('run', { port: httpPort, seconds: bench.loadSeconds, connections: single }))
            .requestsPerSecond,
        raw1: () => groupCommitRate(db, 1, bench.loadSeconds / 2),
      }),
    );
    const rate = (label: string, rounds: readonly number[]): Sample => ({
      label,
      unit: 'requests/s',
      rounds,
    });
    const rawComparisons: Comparison[] = [
      {
        what: `${CLIENTS} clients against SQLite alone`,
        lvsd: rate('PATCH of a real server', lvsd64),
        reference: rate(`raw SQLite, groups of ${CLIENTS}`, raw64),
      },
      {
        what: 'one client against SQLite alone',
        lvsd: rate('PATCH of a real server', lvsd1),
        reference: rate('raw SQLite, one by one', raw1),
      },
    ];
    for (const worker of [constant, generator]) await worker.end();
    await lvsd.end();
    return { comparisons: [...comparisons, ...rawComparisons], figures: [] };
  },
};
