/** `node main.js NAME`: runs one case here, prints its report and writes it as JSON. `scripts/bench.mjs` calls it. */
import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench } from './bench.js';
import { cases } from './cases.js';
import { printReport } from './report.js';
import { seedDirectory } from './seeds.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '' },
    out: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
  },
});
const found = cases.find(({ name }) => name === positionals[0]);
if (!found) throw new Error(`there is no case ${positionals[0]}`);

const bench: Bench = {
  rounds: values.quick ? { least: 2, most: 3 } : { least: 3, most: 5 },
  sizes: values.quick ? [100, 1000] : [100, 1000, 10_000],
  loadSeconds: values.quick ? 2 : 4,
  seed: (size, only) => seedDirectory(values.seeds, size, only),
  progress: (text) => console.error(`  … ${text}`),
};
const report = await found.run(bench);
console.log(printReport(report));
writeFileSync(values.out, JSON.stringify({ kernel: release(), ...report }));
