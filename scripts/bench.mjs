// npm run bench [-- NAME… --quick --json FILE --markdown FILE --profile DIRECTORY]: lvsd against its references; see docs/performance.md.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePackages } from './debian.mjs';
import { quote, runInGuest } from './guest.mjs';
import { describeMachine } from './machine.mjs';
import { checkout } from './paths.mjs';
import { build, checkNode, ensureModules } from './prepare.mjs';

const usage = `usage: npm run bench -- [NAME…] [--quick] [--json FILE] [--markdown FILE] [--profile DIRECTORY]

Measures lvsd and a reference in turn and prints medians, spreads and ratios (lvsd's figure divided by the reference's).
--quick: up to 1,000 virtual services and fewer rounds. --json: all rounds of all cases. --markdown: the tables that are
printed at the end. --profile: the CPU profile of each process, on the host only.`;

/** Of the largest kernel table several times over, each in a network namespace. */
const GUEST_MEMORY = '6G';
/** Services of each definition that is prepared. */
const SEED_SIZES = [10, 100, 1000, 10_000];
const QUICK_SIZE_MAX = 1000;
const SEED_LIMIT_SECONDS = 300;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    markdown: { type: 'string' },
    profile: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort());

try {
  checkNode();
  ensureModules();
  build();
  const run = await runCases(await selectCases());
  const { jsonOf, markdownOf } = await import(join(checkout, 'dist/test/bench/summary.js'));
  const markdown = markdownOf(run);
  console.log(`\n${markdown}`);
  if (values.markdown) writeFileSync(values.markdown, markdown);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(jsonOf(run), null, 2)}\n`);
  // What could not be measured fails; what was measured never does.
  if (run.failed.length > 0 || interrupted.signal.aborted) process.exitCode = 1;
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}

async function selectCases() {
  const { cases } = await import(join(checkout, 'dist/test/bench/cases.js'));
  const unknown = positionals.filter((name) => !cases.some((one) => one.name === name));
  if (unknown.length > 0) {
    throw new Error(
      `there is no case ${unknown.join(', ')}; there are ${cases.map(({ name }) => name).join(', ')}`,
    );
  }
  return positionals.length === 0 ? cases : cases.filter(({ name }) => positionals.includes(name));
}

/** As `Run` of test/bench/summary.ts. A case that fails is reported, and the others go on. */
async function runCases(selected) {
  if (selected.some(({ place }) => place === 'guest')) ensurePackages('kernel');
  const run = { machine: describeMachine(), isQuick: values.quick, reports: {}, failed: [] };
  mkdirSync(join(checkout, 'dist/bench'), { recursive: true });
  // Inside the checkout, which a guest shares.
  const directory = mkdtempSync(join(checkout, 'dist/bench/run-'));
  const began = performance.now();
  try {
    await makeSeeds(directory);
    for (const one of selected) {
      if (interrupted.signal.aborted) break;
      console.log(`\n${one.title} (${one.name}, ${one.place})`);
      const caseBegan = performance.now();
      try {
        run.reports[one.name] = await runCase(one, directory);
      } catch (error) {
        console.error(`  ${one.name}: not measured: ${error.message}`);
        run.failed.push(one.name);
      }
      console.log(`  (${Math.round((performance.now() - caseBegan) / 1000)} s)`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  run.machine.took = `${Math.round((performance.now() - began) / 60_000)} minutes`;
  return run;
}

async function makeSeeds(directory) {
  const sizes = SEED_SIZES.filter((size) => !values.quick || size <= QUICK_SIZE_MAX);
  console.log(`preparing definitions of ${sizes.join(', ')} virtual services`);
  const status = await runOnHost(
    ['dist/test/bench/seed.js', directory, ...sizes.map(String)],
    SEED_LIMIT_SECONDS,
  );
  if (status !== 0) throw new Error(`preparing the definitions ended with status ${status}`);
}

/** The report of the case. */
async function runCase({ name, place, limitSeconds }, directory) {
  const out = join(directory, `${name}.json`);
  const args = ['dist/test/bench/main.js', name, '--seeds', directory, '--out', out];
  if (values.quick) args.push('--quick');
  const status =
    place === 'host' ? await runOnHost(args, limitSeconds) : await runAsGuest(args, limitSeconds);
  if (status !== 0) throw new Error(`it ended with status ${status}`);
  return JSON.parse(readFileSync(out, 'utf8'));
}

async function runAsGuest(args, limitSeconds) {
  const { status } = await runInGuest({
    command: [process.execPath, '--enable-source-maps', ...args].map(quote).join(' '),
    timeoutSeconds: limitSeconds,
    memory: GUEST_MEMORY,
    onStdout: (bytes) => process.stdout.write(bytes),
    onStderr: (bytes) => process.stderr.write(bytes),
    signal: interrupted.signal,
  });
  return status;
}

/** The exit status, or the signal that ended it; its children end with it. */
async function runOnHost(args, limitSeconds) {
  const child = spawn(process.execPath, ['--enable-source-maps', ...args], {
    cwd: checkout,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
    env: { ...process.env, ...(values.profile && { LVSD_BENCH_PROFILE: resolve(values.profile) }) },
  });
  const limit = AbortSignal.any([interrupted.signal, AbortSignal.timeout(limitSeconds * 1000)]);
  const kill = () => process.kill(-child.pid, 'SIGKILL');
  limit.addEventListener('abort', kill);
  const [status, signal] = await once(child, 'exit');
  limit.removeEventListener('abort', kill);
  return status ?? signal;
}
