/**
 * Group commit: the writes that one turn of the event loop asked for share one transaction, and so one fsync. Each runs in
 * a savepoint of its own, so that one that fails undoes only itself; one alone needs none. Nobody is answered before the commit. A group that
 * takes long pauses between its slices; what is asked for meanwhile is the next group. The disk's part of a very long one is
 * done beside the event loop.
 */
import type { Database } from 'better-sqlite3';
import type { ChainTip } from '../../audit/chain.js';
import { DomainError } from '../../domain/errors.js';
import { runSlice, type Slices } from '../../domain/slices.js';
import { storeError } from './database.js';
import type { WriteBack } from './write-back.js';

export interface Write {
  /** Runs on top of `tip`. What it throws undoes it. */
  run(tip: ChainTip): Slices<Outcome>;
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
  /** Runs what is waiting now; at the first pause it returns. */
  flush(): void;
  isRunning(): boolean;
  /** Whether a transaction is open that does not run just now: its connection shows what is not committed. */
  isPaused(): boolean;
  /** Undoes what is paused, commits of what is waiting what needs no pause, and rejects the rest: SHUTTING_DOWN. */
  close(): void;
}

interface Group {
  readonly writes: readonly Write[];
  /** Yields what its next slice is to wait for. */
  readonly work: Generator<Promise<void> | void, Done, void>;
  pauses: number;
}

interface Done {
  readonly tip: ChainTip;
  readonly answers: readonly (() => void)[];
}

/** Half a second's work and more. */
const VERY_LONG_PAUSES = 50;

export function createGroupCommit(
  db: Database,
  writeBack: WriteBack,
  hooks: {
    readonly readTip: () => ChainTip;
    /** Before a transaction begins. */
    readonly beforeBegin: () => void;
    /** First thing in every transaction. */
    readonly onBegin: () => void;
    /** When a transaction is over, undone or not. */
    readonly onEnd: () => void;
    readonly onCommit: (tip: ChainTip) => void;
  },
): GroupCommit {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  const savepoint = db.prepare('SAVEPOINT one_write');
  const undo = db.prepare('ROLLBACK TO one_write');
  const release = db.prepare('RELEASE one_write');
  let waiting: Write[] = [];
  let scheduled: NodeJS.Immediate | undefined;
  let open: Group | undefined;
  let isRunning = false;

  function* runInSavepoint(write: Write, tip: ChainTip): Slices<{ tip: ChainTip; answer: () => void }> {
    savepoint.run();
    try {
      const outcome = yield* write.run(tip);
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

  function* runAlone(write: Write, tip: ChainTip): Slices<{ tip: ChainTip; answer: () => void }> {
    const outcome = yield* write.run(tip);
    if (outcome.tip === undefined) {
      rollback.run();
      begin.run();
    }
    return { tip: outcome.tip ?? tip, answer: outcome.succeed };
  }

  /** Also undone when it is left at a pause. */
  function* runGroup(writes: readonly Write[]): Group['work'] {
    hooks.beforeBegin();
    begin.run();
    try {
      hooks.onBegin();
      let tip = hooks.readTip();
      const answers: (() => void)[] = [];
      const run = writes.length === 1 ? runAlone : runInSavepoint;
      for (const write of writes) {
        const result = yield* run(write, tip);
        tip = result.tip;
        answers.push(result.answer);
      }
      if (open && open.pauses >= VERY_LONG_PAUSES) {
        yield writeBack.syncLog();
        writeBack.afterwards(() => commit.run());
      } else commit.run();
      return { tip, answers };
    } finally {
      if (db.inTransaction) rollback.run();
      hooks.onEnd();
    }
  }

  function schedule(): void {
    scheduled ??= setImmediate(flush);
  }

  function flush(): void {
    clearImmediate(scheduled);
    scheduled = undefined;
    if (open || waiting.length === 0) return;
    open = { writes: waiting, work: runGroup(waiting), pauses: 0 };
    waiting = [];
    goOn();
  }

  function goOn(): void {
    if (!open) return;
    const group = open;
    const { writes, work } = group;
    let step: IteratorResult<Promise<void> | void, Done>;
    isRunning = true;
    try {
      step = runSlice(work);
    } catch (error) {
      end();
      for (const write of writes) write.fail(storeError(error));
      return;
    } finally {
      isRunning = false;
    }
    if (!step.done) {
      group.pauses += 1;
      if (step.value) void step.value.then(() => open === group && goOn());
      else setImmediate(goOn);
      return;
    }
    end();
    for (const answer of step.value.answers) answer();
    hooks.onCommit(step.value.tip);
  }

  function end(): void {
    open = undefined;
    if (waiting.length > 0) schedule();
  }

  function abandon(): void {
    if (!open) return;
    const { writes, work } = open;
    open = undefined;
    work.return(undefined as never);
    for (const write of writes) write.fail(stopping());
  }

  return {
    add(write) {
      waiting.push(write);
      if (!open) schedule();
    },
    flush,
    isRunning: () => isRunning,
    isPaused: () => open !== undefined && !isRunning,
    close() {
      abandon();
      flush();
      abandon();
    },
  };
}

function stopping(): DomainError {
  return new DomainError('SHUTTING_DOWN', 'lvsd is stopping, and nothing was stored: try again.');
}
