/** lvsd in a worker, on a copy of a prepared data directory. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, Size } from './bench.js';
import { startWorker, type Worker } from './worker.js';
import type { LvsdCalls } from './workers/lvsd.js';

export interface LvsdProcess {
  readonly worker: Worker<LvsdCalls>;
  /** A data directory of its own; the worker has not started the server yet. */
  readonly dataDir: string;
  end(): Promise<void>;
}

interface LvsdOptions {
  readonly place: 'host' | 'guest';
  /** In a guest: the process whose kernel table it has too. Default: an empty table of its own. */
  readonly besides?: LvsdProcess;
}

/** `size` null: an empty data directory. */
export async function createLvsd(
  bench: Bench,
  size: Size | null,
  options: LvsdOptions,
): Promise<LvsdProcess> {
  const { place, besides } = options;
  const dataDir = mkdtempSync(join(tmpdir(), 'lvsd-bench-'));
  if (size !== null) cpSync(bench.seed(size), dataDir, { recursive: true });
  const network = besides ? { ofPid: besides.worker.pid } : 'own';
  const worker = startWorker<LvsdCalls>('lvsd', place === 'guest' ? { network } : {});
  if (place === 'guest') await worker.call('loopbackUp');
  return {
    worker,
    dataDir,
    async end() {
      await worker.end();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
