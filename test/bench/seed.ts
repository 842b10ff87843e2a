/** `node seed.js DIRECTORY SIZE…`: makes the seeds of these sizes. `scripts/bench.mjs` calls it. */
import type { Size } from './bench.js';
import { makeSeeds } from './seeds.js';

const [directory = '', ...sizes] = process.argv.slice(2);
for (const size of sizes) await makeSeeds(directory, Number(size) as Size);
