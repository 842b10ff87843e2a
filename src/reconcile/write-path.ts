/**
 * The path of a write: commit, apply, record, answer. Writes of one turn travel together (one transaction, one netlink
 * batch); batches follow one another, so that a refused write is undone before anything can build on it.
 */
import { DomainError } from '../domain/errors.js';
import type { Operation } from '../domain/table.js';
import type { Committed, EntryChange, Transaction, WriteContext } from '../store/store.js';
import { applyChanges, type KernelSide, type Outcome, planChanges } from './apply-changes.js';
import { forgetGone, recordApplied, recordRefused } from './record.js';
import type { Turns } from './turns.js';
import { undo } from './undo.js';

export interface WriteJob<T> {
  readonly context: WriteContext;
  /** Path of the resource that the write is about: with those above and below it, it is not in one batch. */
  readonly scope: string;
  readonly change: (tx: Transaction) => T;
}

export interface Written<T> extends Committed<T> {
  /** Stored, and not yet in the kernel. */
  readonly pending: boolean;
}

export interface Previewed<T> extends Committed<T> {
  /** What the kernel would be told. */
  readonly operations: readonly Operation[];
}

export interface WritePath {
  /**
   * Resolves when the change is durable and the kernel has answered (or cannot be reached: `pending`). Rejects with what
   * `change` threw, or KERNEL_REFUSED / FOREIGN_ENTRY after undoing the change.
   */
  write<T>(job: WriteJob<T>): Promise<Written<T>>;
  /** Everything but the commit and the kernel. */
  preview<T>(job: WriteJob<T>): Promise<Previewed<T>>;
}

const BATCH_LIMIT = 256;

interface Queued {
  readonly job: WriteJob<unknown>;
  readonly resolve: (written: Written<unknown>) => void;
  readonly reject: (error: unknown) => void;
}

interface Live {
  readonly queued: Queued;
  readonly committed: Committed<unknown>;
}

export function createWritePath(
  side: KernelSide,
  { turns, onPending }: { turns: Turns; onPending: () => void },
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
      const batch = takeBatch(queue);
      schedule();
      await runBatch(batch);
    });
  }

  async function runBatch(batch: readonly Queued[]): Promise<void> {
    const live: Live[] = [];
    await Promise.all(
      batch.map(async (queued) => {
        const { context, change } = queued.job;
        try {
          const committed = await store.write(context, change);
          if (committed.entryChanges.length > 0) live.push({ queued, committed });
          else queued.resolve({ ...committed, pending: false });
        } catch (error) {
          queued.reject(error);
        }
      }),
    );
    if (live.length === 0) return;
    const outcomes = await applyChanges(
      side,
      live.map(({ committed }) => committed.entryChanges),
    );
    await Promise.all(
      live.map(async (one, index) => {
        try {
          await settle(one, outcomes[index] as Outcome);
        } catch (error) {
          one.queued.reject(error);
        }
      }),
    );
  }

  async function settle({ queued, committed }: Live, outcome: Outcome): Promise<void> {
    const { context, scope } = queued.job;
    const report = { director: side.director.name, resource: scope, ...outcome };
    if (outcome.state === 'refused') {
      const detail = refusalDetail(outcome);
      await store.write(context, (tx) => recordRefused(tx, { ...report, detail }));
      await undo(side, { context, scope, committed });
      throw refusalError(side, outcome);
    }
    noteState(side, committed.entryChanges, outcome);
    const { results, durationMicros } = outcome;
    if (results.length > 0 || outcome.gone.length > 0) {
      await store.write(context, (tx) => {
        recordApplied(tx, { director: report.director, resource: scope, results, durationMicros });
        forgetGone(tx, outcome.gone);
      });
    }
    if (outcome.state === 'pending') onPending();
    queued.resolve({ ...committed, pending: outcome.state === 'pending' });
  }

  return {
    write<T>(job: WriteJob<T>) {
      return new Promise<Written<T>>((resolve, reject) => {
        queue.push({ job, resolve: resolve as Queued['resolve'], reject });
        schedule();
      });
    },
    async preview({ context, change }) {
      const committed = await store.write(context, change, { dryRun: true });
      return { ...committed, operations: planChanges(committed.entryChanges) };
    },
  };
}

/** Lets the other requests that arrived in this turn join the batch. */
function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The longest head of the queue in which no write is about a resource above or below another's. */
function takeBatch(queue: Queued[]): Queued[] {
  const scopes = new Set<string>();
  const above = new Set<string>();
  let count = 0;
  for (const { job } of queue) {
    const ancestors = ancestorsOf(job.scope);
    if (count === BATCH_LIMIT || above.has(job.scope) || scopes.has(job.scope)) break;
    if (ancestors.some((path) => scopes.has(path))) break;
    scopes.add(job.scope);
    for (const path of ancestors) above.add(path);
    count += 1;
  }
  return queue.splice(0, count);
}

function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    ancestors.push(path.slice(0, end));
  }
  return ancestors;
}

function noteState({ problems }: KernelSide, changes: readonly EntryChange[], outcome: Outcome): void {
  for (const { key, before, after } of changes) {
    const entry = after ?? before;
    if (outcome.state !== 'pending' || !entry) {
      problems.delete(key);
      continue;
    }
    const earlier = problems.get(key);
    problems.set({
      key,
      path: entry.path,
      state: 'pending',
      reason: 'KERNEL_UNAVAILABLE',
      detail: `Stored; lvsd keeps trying to tell the kernel: ${outcome.detail ?? 'no answer'}`,
      observedRevision: earlier?.observedRevision ?? before?.revision ?? 0,
      fresh: earlier?.fresh ?? before === null,
    });
  }
}

function refusalDetail({ refusal }: Outcome): string {
  return refusal?.reason === 'FOREIGN_ENTRY'
    ? `The kernel already holds ${refusal.key}, and lvsd did not make it.`
    : `The kernel refused ${refusal?.result?.error?.message ?? 'the change'}.`;
}

function refusalError({ director }: KernelSide, outcome: Outcome): DomainError {
  const { refusal } = outcome;
  const error = refusal?.result?.error;
  const metadata = {
    director: director.name,
    key: refusal?.key ?? '',
    ...(error && { command: error.command, errno: String(error.errno), errnoName: error.errnoName }),
    ...(error?.extendedAck && { extendedAck: error.extendedAck }),
  };
  return refusal?.reason === 'FOREIGN_ENTRY'
    ? new DomainError(
        'FOREIGN_ENTRY',
        `${refusalDetail(outcome)} Nothing was changed: remove that entry or choose another.`,
        {
          metadata,
        },
      )
    : new DomainError('KERNEL_REFUSED', `${refusalDetail(outcome)} The change was undone.`, { metadata });
}
