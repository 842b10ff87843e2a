// npm test [-- STRATUM… WORD…]: everything a fresh clone needs, then build, lint and the strata. See docs/testing.md.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensurePackages } from './debian.mjs';
import { checkout } from './paths.mjs';
import { build, checkNode, ensureClientModules, ensureModules } from './prepare.mjs';
import { failure, noTests, runStratum, sum } from './run-tests.mjs';
import { selectStrata, testFiles } from './strata.mjs';

/** @typedef {import('./run-tests.mjs').Totals & { name: string, seconds: number }} Row */

const { selected, words } = selectStrata(process.argv.slice(2));
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort());

/** @type {Row[]} */
const rows = [];

if (await record('prepare', prepare)) {
  // A pick is for quick work on one part, often while others are unfinished.
  if (process.argv.length === 2) await record('lint', lint);
  for (const stratum of selected) await record(stratum.name, () => runSelected(stratum));
}
if (words.length > 0 && sum(rows).failed === 0 && sum(rows).passed === 0) {
  await record('select', () => failure(`no test file's name contains ${words.join(' or ')}`));
}
conclude();

/** Runs a step, adds its row and tells whether nothing in it failed. A step that throws has failed. */
async function record(name, step) {
  if (interrupted.signal.aborted) return false;
  const start = performance.now();
  let totals;
  try {
    totals = await step();
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    totals = failure(`${name}: ${error.message}`);
  }
  rows.push({ name, ...totals, seconds: (performance.now() - start) / 1000 });
  return totals.failed === 0;
}

function prepare() {
  checkNode();
  ensureModules();
  if (selected.some(({ name }) => name === 'api')) ensureClientModules();
  const groups = selected.flatMap(({ packages }) => packages);
  if (groups.length > 0) ensurePackages(...groups);
  build();
  return noTests();
}

function lint() {
  const biome = join(checkout, 'node_modules/.bin/biome');
  const { status } = spawnSync(biome, ['check', '--error-on-warnings', '.'], {
    cwd: checkout,
    stdio: 'inherit',
  });
  return status === 0 ? noTests() : failure('lint: biome found problems');
}

async function runSelected(stratum) {
  const files = testFiles(stratum.name, words);
  if (files.length === 0)
    return words.length > 0 ? noTests() : failure(`${stratum.name}: there are no test files`);
  console.log(`\n== ${stratum.name}: ${files.length} file${files.length > 1 ? 's' : ''}`);
  return runStratum(stratum, files, interrupted.signal);
}

/** Prints what failed, the table and, as the last line, the totals; sets the exit status. */
function conclude() {
  // In CI nothing may be left out silently: a test that did not run has not passed.
  const strict = process.env.CI === 'true';
  const judged = rows.map((row) => (strict ? { ...row, failed: row.failed + row.skipped, skipped: 0 } : row));
  const total = sum(judged);
  if (total.failures.length > 0)
    console.log(`\nfailed:\n${total.failures.map((text) => `  ${text}`).join('\n')}`);
  const skipped = sum(rows).skipped;
  if (strict && skipped > 0) console.log(`\nCI=true: ${skipped} skipped counted as failed`);
  if (interrupted.signal.aborted) console.log('\ninterrupted');
  console.log(`\n${table([...judged, { name: 'total', ...total, seconds: performance.now() / 1000 }])}\n`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = interrupted.signal.aborted ? 130 : Number(total.failed > 0);
}

/** @param {Row[]} lines */
function table(lines) {
  const cells = lines.map(({ name, passed, failed, skipped, seconds }) =>
    [name, passed + failed + skipped, passed, failed, skipped, seconds.toFixed(1)].map(String),
  );
  const heads = ['stratum', 'tests', 'passed', 'failed', 'skipped', 'seconds'];
  return [heads, ...cells]
    .map(([first, ...rest]) => first.padEnd(10) + rest.map((cell) => cell.padStart(9)).join(''))
    .join('\n');
}
