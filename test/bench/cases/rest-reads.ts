import type { BenchCase } from '../bench.js';
import { CLUSTER_PATH, range, realServerPath } from '../definition.js';
import { httpRequest } from '../http-requests.js';
import { compareLoads } from '../load-comparison.js';
import { createLvsd } from '../lvsd-process.js';
import type { Comparison, Target } from '../sample.js';
import { startWorker } from '../worker.js';
import type { ConstantRestCalls } from '../workers/constant-rest.js';
import type { HttpLoadCalls } from '../workers/http-load.js';

const CLIENTS = 16;

const READS: readonly { what: string; path: string; target?: Target }[] = [
  { what: 'GET of one real server', path: realServerPath(7, 3), target: { atLeast: 0.5 } },
  { what: 'GET of a page of 1,000 virtual services', path: `${CLUSTER_PATH}/virtual-services?pageSize=1000` },
];

export const restReads: BenchCase = {
  name: 'rest-reads',
  title: 'Reads over REST among 11,000 entries',
  place: 'host',
  limitSeconds: 300,
  usesSeeds: true,
  async run(bench) {
    const lvsd = await createLvsd(bench, { size: 1000, kernel: 'none' });
    const { httpPort, token } = await lvsd.worker.call('start', { dataDir: lvsd.dataDir, driver: 'memory' });
    const generator = startWorker<HttpLoadCalls>('http-load');
    const comparisons: Comparison[] = [];
    for (const { what, path, target } of READS) {
      const url = `http://127.0.0.1:${httpPort}${path}`;
      const answer = await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).text();
      const constant = startWorker<ConstantRestCalls>('constant-rest');
      const constantPort = await constant.call('start', answer.length);
      const connections = range(CLIENTS).map(() => [httpRequest({ method: 'GET', path, token })]);
      const loadOn = (port: number) => (seconds: number) =>
        generator.call('run', { port, seconds, connections });
      comparisons.push(
        ...(await compareLoads(bench, {
          what,
          lvsd: {
            label: `lvsd, ${CLIENTS} clients`,
            load: loadOn(httpPort),
            cpuMicros: async () => (await lvsd.worker.call('usage')).cpuMicros,
          },
          reference: {
            label: `fastify, constant of ${answer.length} bytes`,
            load: loadOn(constantPort),
            cpuMicros: () => constant.call('cpuMicros'),
          },
          ...(target && { target }),
        })),
      );
      await constant.end();
      bench.progress(what);
    }
    await generator.end();
    await lvsd.end();
    return { comparisons, figures: [] };
  },
};
