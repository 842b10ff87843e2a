/**
 * The path of a write: commit, apply, record, answer. Writes of one turn travel together (one transaction, one netlink
 * batch); batches follow one another, so that a refused write is undone before anything can build on it.
 */
import type { Slices } from '../domain/slices.js';
import type { Committed, EntryChange, Transaction, WriteContext } from '../store/store.js';
import { applyChanges, type KernelSide, type Outcome } from './apply-changes.js';
import { createClaims, Postponed, takeBatch } from './batch.js';
import { pendingFailure } from './note-convergence.js';
import { type Previewed, previewWrite } from './preview.js';
import { recordApplied, recordDrift, recordOwnership, recordRefused } from './record.js';
import { refusalDetail, refusalError } from './refusal.js';
import type { Turns } from './turns.js';
import { undo } from './undo.js';

export interface WriteJob<T> {
  readonly context: WriteContext;
  /** Path of the resource that the write is about, "" for all: with those above and below it, it is not in one batch. */
  readonly scope: string;
  readonly change: (tx: Transaction) => T | Slices<T>;
  /** What the kernel refuses is not undone: it stays, and the passes go on trying. */
  readonly irrevocable?: boolean;
}

export interface Written<T> extends Committed<T> {
  /** Stored, and not yet in the kernel. */
  readonly pending: boolean;
}

export interface WritePath {
  /**
   * Resolves when the change is durable and the kernel has answered (or cannot be reached: `pending`). Rejects with what
   * `change` threw, or KERNEL_REFUSED / FOREIGN_ENTRY after undoing the change (an irrevocable one is `pending` then).
   */
  write<T>(job: WriteJob<T>): Promise<Written<T>>;
  /** Everything but the commit and the change of the kernel: rejects FOREIGN_ENTRY as the write would. */
  preview<T>(job: WriteJob<T>): Promise<Previewed<T>>;
}

interface Queued {
  readonly job: WriteJob<unknown>;
  readonly resolve: (written: Written<unknown>) => void;
  readonly reject: (error: unknown) => void;
}

interface Live {
  readonly queued: Queued;
  readonly committed: Committed<unknown>;
}

/** `requestPass` is called when the kernel may not be, or is not known to be, as the database says. */
export function createWritePath(
  side: KernelSide,
  { turns, requestPass }: { turns: Turns; requestPass: () => void },
): WritePath {
  const { store } = side;
  const queue: Queued[] = [];
  let scheduled = false;

  function schedule(): void {
    if (scheduled || queue.length === 0) return;
    scheduled = true;
    void turns.run(async () => {
      await endOfTurn();
      scheduled = false;
      const postponed = await runBatch(takeBatch(queue));
      queue.unshift(...postponed);
      schedule();
    });
  }

  /** Returns the writes that have to wait for the next batch. Never rejects: each write has its own answer. */
  async function runBatch(batch: readonly Queued[]): Promise<Queued[]> {
    const { live, postponed } = await commitBatch(batch);
    if (live.length > 0) await applyBatch(live);
    if (!side.director.synced) requestPass();
    return postponed;
  }

  async function commitBatch(batch: readonly Queued[]): Promise<{ live: Live[]; postponed: Queued[] }> {
    const live: Live[] = [];
    const postponed: Queued[] = [];
    const claiming = batch.length > 1 ? createClaims() : alone;
    await Promise.all(
      batch.map(async (queued) => {
        const { context, change } = queued.job;
        try {
          const committed = await store.write(context, (tx) => change(claiming(queued, tx)));
          if (committed.entryChanges.length > 0) live.push({ queued, committed });
          else queued.resolve({ ...committed, pending: false });
        } catch (error) {
          if (error instanceof Postponed) postponed.push(queued);
          else queued.reject(error);
        }
      }),
    );
    return { live, postponed };
  }

  async function applyBatch(live: readonly Live[]): Promise<void> {
    try {
      const outcomes = await applyChanges(
        side,
        live.map(({ committed }) => committed.entryChanges),
      );
      await Promise.all(live.map((one, index) => settleOrDistrust(one, outcomes[index] as Outcome)));
    } catch (error) {
      for (const one of live) distrust(one, error);
    }
  }

  async function settleOrDistrust(one: Live, outcome: Outcome): Promise<void> {
    try {
      await settle(one, outcome);
    } catch (error) {
      distrust(one, error);
    }
  }

  /** A defect or a store fault in the middle of a write: it is stored, and only a pass can tell what the kernel has. */
  function distrust({ queued, committed }: Live, error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    noteState(side, committed.entryChanges, { state: 'pending', detail });
    requestPass();
    queued.reject(error);
  }

  async function settle({ queued, committed }: Live, answered: Outcome): Promise<void> {
    const { context, scope, irrevocable = false } = queued.job;
    const outcome = irrevocable ? insisting(answered) : answered;
    const director = side.director.name;
    const { state, results, durationMicros, gone, found, drift } = outcome;
    if (state === 'refused') {
      const detail = refusalDetail(outcome);
      await store.write(context, function* (tx) {
        for (const one of drift) recordDrift(tx, one, { director });
        yield* recordRefused(tx, { director, resource: scope, results, durationMicros, detail });
      });
      await undo(side, { context, scope, committed });
      queued.reject(refusalError(director, outcome, committed.entryChanges));
      return;
    }
    noteState(side, committed.entryChanges, outcome);
    const owing = outcome.state === 'pending' || committed.entryChanges.some(({ key }) => side.owed.has(key));
    if (owing || results.length + gone.length + found.length + drift.length > 0) {
      await store.write(context, function* (tx) {
        if (owing) yield* recordOwed(side, tx, { committed, state });
        for (const one of drift) recordDrift(tx, one, { director });
        yield* recordApplied(tx, { director, resource: scope, results, durationMicros });
        yield* recordOwnership(tx, side, outcome);
      });
    }
    if (state === 'pending') requestPass();
    queued.resolve({ ...committed, pending: state === 'pending' });
  }

  return {
    write<T>(job: WriteJob<T>) {
      return new Promise<Written<T>>((resolve, reject) => {
        queue.push({ job, resolve: resolve as Queued['resolve'], reject });
        schedule();
      });
    },
    async preview(job) {
      const previewed = await previewWrite(side, job);
      if (!side.director.synced) requestPass();
      return previewed;
    },
  };
}

function* recordOwed(
  { owed }: KernelSide,
  tx: Transaction,
  { committed, state }: Pick<Live, 'committed'> & Pick<Outcome, 'state'>,
): Slices<void> {
  for (const { key, after } of committed.entryChanges) {
    if (state === 'pending' && after) owed.add(tx, key);
    else owed.remove(tx, key);
    yield;
  }
}

/** Who is alone in a batch meets nobody. */
function alone(_: object, tx: Transaction): Transaction {
  return tx;
}

/** A refused change that stays is one to be tried again. */
function insisting(outcome: Outcome): Outcome {
  return outcome.state === 'refused'
    ? { ...outcome, state: 'pending', refusal: null, detail: refusalDetail(outcome) }
    : outcome;
}

/** Lets the other requests that arrived in this turn join the batch. */
function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function noteState(
  { problems }: KernelSide,
  changes: readonly EntryChange[],
  { state, detail }: Pick<Outcome, 'state' | 'detail'>,
): void {
  for (const { key, before, after } of changes) {
    const entry = after ?? before;
    if (state !== 'pending' || !entry) {
      problems.delete(key);
      continue;
    }
    const earlier = problems.get(key);
    problems.set({
      key,
      path: entry.path,
      ...pendingFailure(detail ?? 'no answer'),
      observedRevision: earlier?.observedRevision ?? before?.revision ?? 0,
    });
  }
}
