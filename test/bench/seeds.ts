/** Data directories with definitions of several sizes, made by lvsd itself. */
import { join } from 'node:path';
import type { Size } from './bench.js';
import { CLUSTER_PATH, definitionOf, REAL_SERVERS } from './definition.js';
import { startWorker } from './worker.js';
import type { LvsdCalls } from './workers/lvsd.js';

export function seedDirectory(directory: string, size: Size, only?: 'services'): string {
  return join(directory, only === undefined ? String(size) : `${size}-${only}`);
}

/** Both kinds of that size. */
export async function makeSeeds(directory: string, size: Size): Promise<void> {
  await makeSeed(seedDirectory(directory, size), definitionOf(size, REAL_SERVERS));
  await makeSeed(seedDirectory(directory, size, 'services'), definitionOf(size, 0));
}

async function makeSeed(dataDir: string, definition: object): Promise<void> {
  const worker = startWorker<LvsdCalls>('lvsd');
  await worker.call('start', { dataDir, driver: 'memory' });
  await worker.call('write', 'PUT', `${CLUSTER_PATH}/definition`, JSON.stringify(definition));
  await worker.call('stop');
  await worker.end();
}
