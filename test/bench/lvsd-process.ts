/** lvsd in a worker, on a copy of a prepared data directory. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, Size } from './bench.js';
import { type Command, startCommand } from './command.js';
import { startWorker, type Worker, type WorkerOptions } from './worker.js';
import type { KernelPushCalls } from './workers/kernel-push.js';
import type { LvsdCalls } from './workers/lvsd.js';

export interface LvsdProcess {
  readonly worker: Worker<LvsdCalls>;
  /** A data directory of its own; the worker has not started the server yet. */
  readonly dataDir: string;
  /** Of a shell, in its network namespace. */
  command(text: string): Command;
  /** Rejects unless the kernel's table is the definition of that size, line for line. */
  checkTable(size: Size): Promise<void>;
  end(): Promise<void>;
}

interface LvsdOptions {
  /** With the definition of that size; null: an empty data directory. */
  readonly size: Size | null;
  /** Only its virtual services. */
  readonly only?: 'services';
  /**
   * none: for the memory driver, on the host. empty, filled: in a guest, a kernel table of its own, in which nothing or
   * the definition is.
   */
  readonly kernel: 'none' | 'empty' | 'filled';
}

export async function createLvsd(bench: Bench, { size, only, kernel }: LvsdOptions): Promise<LvsdProcess> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lvsd-bench-'));
  if (size !== null) cpSync(bench.seed(size, only), dataDir, { recursive: true });
  const worker = await startIn(kernel, size ?? 0);
  const commands: Command[] = [];
  return {
    worker,
    dataDir,
    command(text) {
      const command = startCommand(worker.pid, text);
      commands.push(command);
      return command;
    },
    async checkTable(of) {
      const witness = startWorker<KernelPushCalls>('kernel-push', { network: { ofPid: worker.pid } });
      await witness.call('check', of);
      await witness.end();
    },
    async end() {
      for (const command of commands) command.end();
      await worker.end();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function startIn(kernel: LvsdOptions['kernel'], services: number): Promise<Worker<LvsdCalls>> {
  if (kernel === 'none') return startWorker<LvsdCalls>('lvsd');
  const filler = startWorker<KernelPushCalls>('kernel-push', { network: 'own' });
  if (kernel === 'filled') await filler.call('fill', services);
  else await filler.call('loopbackUp');
  const network: WorkerOptions['network'] = { ofPid: filler.pid };
  const worker = startWorker<LvsdCalls>('lvsd', { network });
  // It has to have joined before the namespace would go with its first process.
  await worker.call('usage');
  await filler.end();
  return worker;
}
