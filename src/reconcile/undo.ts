import { frontendKeyOf } from '../domain/keys.js';
import { KernelUnavailableError } from '../driver/kernel-error.js';
import type { Committed, Store, Transaction, WriteContext } from '../store/store.js';
import { attempt, type KernelSide } from './apply-changes.js';
import { type Convergence, converge } from './converge.js';
import { noteConvergence, notePending } from './note-convergence.js';
import { recordApplied, recordOwnership } from './record.js';

interface Undoable {
  readonly context: WriteContext;
  readonly scope: string;
  readonly committed: Committed<unknown>;
}

/**
 * Reverts a write that the kernel refused: a compensating revision puts back what was, and the kernel is converged with it,
 * because part of the write may have been carried out.
 */
export async function undo(side: KernelSide, undoable: Undoable): Promise<void> {
  const { context, scope, committed } = undoable;
  const system = undoContext(context, 'which the kernel refused');
  await side.store.write(system, (tx) => putBack(tx, committed));
  const frontends = new Set(committed.entryChanges.map(({ key }) => frontendKeyOf(key)));
  const convergence = await attempt(side, () => converge(side, frontends));
  if (convergence instanceof KernelUnavailableError) {
    const entries = side.store.read((reader) =>
      committed.entryChanges.flatMap(({ key }) => reader.entry(key) ?? []),
    );
    notePending(side.problems, entries, convergence.message);
    return;
  }
  await recordConvergence(side.store, system, { director: side.director.name, scope, convergence });
  noteConvergence(side.problems, convergence);
}

/**
 * In reverse order: what was made goes before its parent, what was removed comes back after it. Only what this write made in
 * the kernel is to be removed there; of what it did not make, somebody else's entries included, just the row goes.
 */
export function putBack(tx: Transaction, { changes, entryChanges }: Committed<unknown>): void {
  for (const { path, before } of [...changes].reverse()) {
    if (before) tx.put(before);
    else tx.remove(path);
  }
  for (const { key, before, after } of [...entryChanges].reverse()) {
    const isMade = tx.entry(key)?.origin === 'made';
    if (before) tx.putEntry(isMade ? { ...before, origin: 'made' } : before);
    else if (after && isMade) tx.putEntry({ ...after, state: 'removing', origin: 'made' });
    else tx.removeEntry(key);
  }
}

/** Under which a write is undone by lvsd itself; `why` ends the sentence. */
export function undoContext(context: WriteContext, why: string): WriteContext {
  return {
    ...context,
    actor: { principal: 'system', credentialId: null, roles: [] },
    transport: 'system',
    sourceAddress: null,
    reason: `undoes ${context.action}, ${why}`,
    action: 'undo',
  };
}

async function recordConvergence(
  store: Store,
  context: WriteContext,
  { director, scope, convergence }: { director: string; scope: string; convergence: Convergence },
): Promise<void> {
  const { results, durationMicros } = convergence;
  await store.write(context, (tx) => {
    recordApplied(tx, { director, resource: scope, results, durationMicros });
    recordOwnership(tx, convergence);
  });
}
