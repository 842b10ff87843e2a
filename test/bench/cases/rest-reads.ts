import { type Bench, type BenchCase, largest, type Size } from '../bench.js';
import { CLUSTER_PATH, entryCount, range, realServerPath } from '../definition.js';
import { httpRequest } from '../http-requests.js';
import { compareLoads } from '../load-comparison.js';
import { createLvsd } from '../lvsd-process.js';
import type { Comparison, Target } from '../sample.js';
import { startWorker } from '../worker.js';
import type { ConstantRestCalls } from '../workers/constant-rest.js';
import type { HttpLoadCalls } from '../workers/http-load.js';

const CLIENTS = 16;

interface Read {
  readonly what: string;
  readonly path: string;
  readonly leastServices: number;
  readonly target?: Target;
}

const READS: readonly Read[] = [
  { what: 'GET of one real server', path: realServerPath(7, 3), leastServices: 1, target: { atLeast: 0.5 } },
  {
    what: 'GET of a page of 1,000 virtual services',
    path: `${CLUSTER_PATH}/virtual-services?pageSize=1000`,
    leastServices: 1000,
  },
];

export const restReads: BenchCase = {
  name: 'rest-reads',
  title: 'Reads over REST',
  place: 'host',
  limitSeconds: 600,
  async run(bench) {
    const comparisons: Comparison[] = [];
    for (const size of bench.sizes) comparisons.push(...(await reads(bench, size)));
    return { comparisons, figures: [] };
  },
};

async function reads(bench: Bench, size: Size): Promise<Comparison[]> {
  const entries = entryCount(size);
  const lvsd = await createLvsd(bench, { size, kernel: 'none' });
  const { httpPort, token } = await lvsd.worker.call('start', { dataDir: lvsd.dataDir, driver: 'memory' });
  const generator = startWorker<HttpLoadCalls>('http-load');
  const comparisons: Comparison[] = [];
  for (const { what, path, target } of READS.filter(({ leastServices }) => leastServices <= size)) {
    const url = `http://127.0.0.1:${httpPort}${path}`;
    const answer = await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).text();
    const constant = startWorker<ConstantRestCalls>('constant-rest');
    const constantPort = await constant.call('start', answer.length);
    const connections = range(CLIENTS).map(() => [httpRequest({ method: 'GET', path, token })]);
    const loadOn = (port: number) => (seconds: number) =>
      generator.call('run', { port, seconds, connections });
    const isLargest = size === largest(bench);
    comparisons.push(
      ...(await compareLoads(isLargest ? bench : { ...bench, loadSeconds: bench.loadSeconds / 2 }, {
        what: `${what} among ${entries} entries`,
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
        growth: { cost: `${what}, processor time`, entries },
        ...(isLargest && target && { target }),
      })),
    );
    await constant.end();
    bench.progress(`${what} among ${entries} entries`);
  }
  await generator.end();
  await lvsd.end();
  return comparisons;
}
