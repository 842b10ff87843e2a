import type { BenchCase } from './bench.js';
import { changeSet } from './cases/change-set.js';
import { coldPush } from './cases/cold-push.js';
import { eventLoop } from './cases/event-loop.js';
import { grpcWrites } from './cases/grpc-writes.js';
import { memory } from './cases/memory.js';
import { readTable } from './cases/read-table.js';
import { restReads } from './cases/rest-reads.js';
import { restWrites } from './cases/rest-writes.js';
import { startUp } from './cases/start-up.js';
import { watchers } from './cases/watchers.js';
import { weightChange } from './cases/weight-change.js';

/** In the order in which they run. */
export const cases: readonly BenchCase[] = [
  restWrites,
  restReads,
  grpcWrites,
  watchers,
  changeSet,
  coldPush,
  readTable,
  weightChange,
  startUp,
  memory,
  eventLoop,
];
