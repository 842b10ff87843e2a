/**
 * What the disk has to do for a long write, beside the event loop. COMMIT waits until all that the write has put into SQLite's
 * log is on the disk, and then writes it back into the database: both take as long as the write was large.
 */
import { open } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { CHECKPOINT_PAGES } from './database.js';

export interface WriteBack {
  /** Has the log on the disk as it is now, so that COMMIT has little left to wait for. Never rejects: COMMIT sees to it too. */
  syncLog(): Promise<void>;
  /** Runs `commit`, which leaves the log as it is; a thread writes it back. */
  afterwards(commit: () => void): void;
}

export function createWriteBack(db: Database, file: string): WriteBack {
  let thread: Worker | undefined;
  let isDueAgain = false;

  function start(): void {
    thread = new Worker(new URL('./write-back-thread.js', import.meta.url), { workerData: file });
    thread.unref();
    // What it leaves undone falls to the next COMMIT that finds the log long.
    thread.on('error', () => {});
    thread.on('exit', () => {
      thread = undefined;
      if (!db.open) return;
      if (isDueAgain) start();
      else db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      isDueAgain = false;
    });
  }

  return {
    async syncLog() {
      const log = await open(`${file}-wal`).catch(() => undefined);
      await log?.datasync().catch(() => {});
      await log?.close();
    },
    afterwards(commit) {
      db.pragma('wal_autocheckpoint = 0');
      try {
        commit();
      } finally {
        if (thread) isDueAgain = true;
        else start();
      }
    },
  };
}
