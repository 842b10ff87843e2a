import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { type Bench, type BenchCase, largest } from '../bench.js';
import { changeSetOf, entryCount, REAL_SERVERS, realServerPath, servicePath } from '../definition.js';
import { loopBlocks } from '../loop-blocks.js';
import { createLvsd } from '../lvsd-process.js';
import type { Figure } from '../sample.js';

/** What the kernel starts to load modules. */
const HELPER = '/proc/sys/kernel/modprobe';

/** One block of two seconds is a single sample among thousands, so the longest is stated beside the p99.9. */
export const eventLoop: BenchCase = {
  name: 'event-loop',
  title: 'Blocks of the event loop, and a client that asks for one resource meanwhile',
  place: 'guest',
  limitSeconds: 900,
  async run(bench) {
    return { comparisons: [], figures: [...(await passes(bench)), ...(await changeSet(bench))] };
  },
};

/**
 * The server starts while the kernel has no IPVS, so that its API answers during the first pass that reaches the kernel.
 * In the guest's own network namespace: IPVS cannot go while another one has a table.
 */
async function passes(bench: Bench): Promise<Figure[]> {
  const size = largest(bench);
  const lvsd = await createLvsd(bench, { size, kernel: 'none' });
  const helper = readFileSync(HELPER, 'utf8').trim();
  writeFileSync(HELPER, '/bin/false');
  const modules = readFileSync('/proc/modules', 'utf8').match(/^ip_vs_\w+/gm) ?? [];
  execFileSync('rmmod', [...modules, 'ip_vs']);
  const server = await lvsd.worker.call('start', { dataDir: lvsd.dataDir, driver: 'netlink' });
  const meanwhile = { lvsd, server, place: 'guest', path: realServerPath(0, 0) } as const;
  const push = await loopBlocks({
    ...meanwhile,
    what: `push of ${entryCount(size)} entries`,
    async work() {
      writeFileSync(HELPER, helper);
      execFileSync('modprobe', ['ip_vs']);
      await lvsd.worker.call('reconcile');
    },
  });
  await lvsd.checkTable(size);
  bench.progress('pushed');
  const reconciliation = await loopBlocks({
    ...meanwhile,
    what: `reconciliation of ${entryCount(size)} entries`,
    work: () => lvsd.worker.call('reconcile'),
  });
  await lvsd.end();
  return [...push, ...reconciliation];
}

async function changeSet(bench: Bench): Promise<Figure[]> {
  const size = largest(bench);
  const lvsd = await createLvsd(bench, { size, only: 'services', kernel: 'empty' });
  const server = await lvsd.worker.call('start', { dataDir: lvsd.dataDir, driver: 'netlink' });
  const body = JSON.stringify(changeSetOf(size));
  const figures = await loopBlocks({
    what: `change-set of ${size * REAL_SERVERS} real servers`,
    lvsd,
    server,
    place: 'guest',
    path: servicePath(0),
    work: () => lvsd.worker.call('write', 'POST', '/v1/change-sets', body),
  });
  await lvsd.checkTable(size);
  await lvsd.end();
  return figures;
}
