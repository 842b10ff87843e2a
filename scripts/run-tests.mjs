// Runs the files of one stratum, on the host or in guests, and counts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { GuestDied, quote, runInGuest } from './guest.mjs';
import { checkout } from './paths.mjs';
import { prefixLines } from './prefix-lines.mjs';
import { needsOf } from './strata.mjs';

/** Guests at a time, besides files that mostly wait: each has one processor. */
const guestsAtOnce = 2;

/** In a guest, node gives the one file the time of its longest test: nearly all that there is, so that a hang is named. */
const guestTestTimeoutMs = (limitSeconds) => Math.max(120, limitSeconds - 20) * 1000;

/** @typedef {{ passed: number, failed: number, skipped: number, failures: string[] }} Totals */

/** @returns {Totals} */
export const noTests = () => ({ passed: 0, failed: 0, skipped: 0, failures: [] });

/** One failure that no test could report, such as a guest that died. @returns {Totals} */
export const failure = (message) => ({ ...noTests(), failed: 1, failures: [message] });

/** @param {Totals[]} list @returns {Totals} */
export function sum(list) {
  return list.reduce(
    (all, one) => ({
      passed: all.passed + one.passed,
      failed: all.failed + one.failed,
      skipped: all.skipped + one.skipped,
      failures: [...all.failures, ...one.failures],
    }),
    noTests(),
  );
}

/**
 * Runs test files of a stratum; output goes to standard output. Every way of not running to the end is a failure.
 *
 * @param {{ name: string, place: 'host' | 'guest', limitSeconds: number, testLimitSeconds?: number }} stratum
 * @param {{ source: string, compiled: string }[]} files
 * @param {AbortSignal} signal
 * @returns {Promise<Totals>}
 */
export async function runStratum(stratum, files, signal) {
  const missing = files.filter(({ compiled }) => !existsSync(join(checkout, compiled)));
  if (missing.length > 0) return failure(`not compiled: ${missing.map(({ source }) => source).join(', ')}`);
  if (stratum.place === 'host') return runOnHost(stratum, files, signal);
  const jobs = files
    .map((file) => ({ file, needs: needsOf(file, stratum.limitSeconds) }))
    // The longest first, so that no guest is left alone with it at the end.
    .sort((a, b) => b.needs.limitSeconds - a.needs.limitSeconds);
  const run = (job) => runFileInGuest(job, signal);
  const [beside, inTurn] = [true, false].map((is) => jobs.filter(({ needs }) => needs.isBeside === is));
  const totals = await Promise.all([
    inParallel(beside.length, beside, run),
    inParallel(guestsAtOnce, inTurn, run),
  ]);
  return sum(totals.flat());
}

async function runOnHost({ name, limitSeconds, testLimitSeconds }, files, signal) {
  const totalsFile = freshTotalsFile(name);
  const [command, ...args] = nodeCommand(
    files.map(({ compiled }) => compiled),
    testLimitSeconds * 1000,
  );
  const child = spawn(command, args, {
    cwd: checkout,
    env: { ...process.env, LVSD_TEST_TOTALS: totalsFile },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(limitSeconds * 1000)]);
  const kill = () => process.kill(-child.pid, 'SIGKILL');
  limit.addEventListener('abort', kill);
  const [status] = await once(child, 'exit');
  limit.removeEventListener('abort', kill);
  const timedOut = limit.aborted && !signal.aborted;
  return readTotals(totalsFile, name, timedOut ? `took longer than ${limitSeconds} s` : exitReason(status));
}

async function runFileInGuest({ file, needs }, signal) {
  const totalsFile = freshTotalsFile(file.source);
  const output = prefixLines(`${file.source.replace(/^test\/(.*)\.test\.ts$/, '$1')} | `, (text) =>
    process.stdout.write(text),
  );
  try {
    const { status, timedOut } = await runInGuest({
      command: nodeCommand([file.compiled], guestTestTimeoutMs(needs.limitSeconds)).map(quote).join(' '),
      timeoutSeconds: needs.limitSeconds,
      memory: needs.memory,
      env: { ...process.env, LVSD_TEST_TOTALS: totalsFile },
      onStdout: output.write,
      onStderr: output.write,
      signal,
    });
    const problem = timedOut ? `took longer than ${needs.limitSeconds} s` : exitReason(status);
    return readTotals(totalsFile, file.source, problem);
  } catch (error) {
    if (error instanceof GuestDied) output.write(Buffer.from(error.console));
    return failure(`${file.source}: ${error.message}`);
  } finally {
    output.end();
  }
}

const nodeCommand = (compiled, timeoutMs) => [
  process.execPath,
  '--enable-source-maps',
  '--test',
  `--test-concurrency=${availableParallelism()}`,
  `--test-timeout=${timeoutMs}`,
  `--test-reporter=./scripts/reporter.mjs`,
  '--test-reporter-destination=stdout',
  ...compiled,
];

const exitReason = (status) => (status === 0 ? undefined : `ended with status ${status}`);

/** A path for the reporter's totals inside the checkout, which a guest shares; the folders exist, the file does not. */
function freshTotalsFile(name) {
  const folder = join(checkout, 'dist/test-totals');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name.replaceAll('/', '-')}.json`);
  rmSync(path, { force: true });
  return path;
}

/** What the reporter counted; a problem that it did not see as a failure becomes one. */
function readTotals(path, name, problem) {
  if (!existsSync(path)) return failure(`${name}: ${problem ?? 'reported no totals'}`);
  const totals = JSON.parse(readFileSync(path, 'utf8'));
  if (problem !== undefined && totals.failed === 0) return sum([totals, failure(`${name}: ${problem}`)]);
  return totals;
}

/** Maps items to results in order, at most `limit` at a time. */
async function inParallel(limit, items, work) {
  const results = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
