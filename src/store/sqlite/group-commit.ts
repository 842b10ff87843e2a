/**
 * Group commit: the writes that one turn of the event loop asked for share one transaction, and so one fsync. Each runs in
 * a savepoint of its own, so that one that fails undoes only itself. Nobody is answered before the commit.
 */
import type { Database } from 'better-sqlite3';
import type { ChainTip } from '../../audit/chain.js';
import { storeError } from './database.js';

export interface Write {
  /** Runs on top of `tip`. What it throws undoes it. */
  run(tip: ChainTip): Outcome;
  fail(error: unknown): void;
}

export interface Outcome {
  /** The newest event after this write, or undefined when everything that it did is to be undone. */
  readonly tip: ChainTip | undefined;
  /** Called when the group is durable. */
  succeed(): void;
}

export interface GroupCommit {
  add(write: Write): void;
  /** Commits now what is waiting. */
  flush(): void;
}

export function createGroupCommit(
  db: Database,
  { readTip, onCommit }: { readTip: () => ChainTip; onCommit: (tip: ChainTip) => void },
): GroupCommit {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  const savepoint = db.prepare('SAVEPOINT one_write');
  const undo = db.prepare('ROLLBACK TO one_write');
  const release = db.prepare('RELEASE one_write');
  let waiting: Write[] = [];

  function runInSavepoint(write: Write, tip: ChainTip): { tip: ChainTip; answer: () => void } {
    savepoint.run();
    try {
      const outcome = write.run(tip);
      if (outcome.tip === undefined) undo.run();
      release.run();
      return { tip: outcome.tip ?? tip, answer: outcome.succeed };
    } catch (error) {
      if (!db.inTransaction) throw error; // a full disk, for one, makes SQLite undo the whole transaction
      undo.run();
      release.run();
      return { tip, answer: () => write.fail(storeError(error)) };
    }
  }

  function runGroup(writes: readonly Write[]): { tip: ChainTip; answers: (() => void)[] } {
    begin.run();
    try {
      let tip = readTip();
      const answers = writes.map((write) => {
        const result = runInSavepoint(write, tip);
        tip = result.tip;
        return result.answer;
      });
      commit.run();
      return { tip, answers };
    } catch (error) {
      if (db.inTransaction) rollback.run();
      throw error;
    }
  }

  function flush(): void {
    const writes = waiting;
    if (writes.length === 0) return;
    waiting = [];
    let group: ReturnType<typeof runGroup>;
    try {
      group = runGroup(writes);
    } catch (error) {
      for (const write of writes) write.fail(storeError(error));
      return;
    }
    for (const answer of group.answers) answer();
    onCommit(group.tip);
  }

  return {
    add(write) {
      if (waiting.push(write) === 1) setImmediate(flush);
    },
    flush,
  };
}
