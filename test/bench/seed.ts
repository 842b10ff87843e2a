/** `node seed.js DIRECTORY SIZE…`: data directories with definitions of these sizes, made by lvsd itself. */
import { join } from 'node:path';
import { CLUSTER_PATH, definitionOf } from './definition.js';
import { startWorker } from './worker.js';
import type { LvsdCalls } from './workers/lvsd.js';

const [directory = '', ...sizes] = process.argv.slice(2);
for (const size of sizes) {
  const worker = startWorker<LvsdCalls>('lvsd');
  await worker.call('start', { dataDir: join(directory, size), driver: 'memory' });
  await worker.call('put', `${CLUSTER_PATH}/definition`, JSON.stringify(definitionOf(Number(size))));
  await worker.call('stop');
  await worker.end();
}
