import { frontendKeyOf } from '../domain/keys.js';
import type { Slices } from '../domain/slices.js';
import { KernelUnavailableError } from '../driver/kernel-error.js';
import type { Committed, Transaction, WriteContext } from '../store/store.js';
import { attempt, type KernelSide } from './apply-changes.js';
import { type Convergence, converge } from './converge.js';
import { permitOfWrite } from './drift-policy.js';
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
  await side.store.write(system, function* (tx) {
    yield* putBack(side, tx, committed);
    dropAnswer(tx, context);
  });
  const keys = new Set(committed.entryChanges.map(({ key }) => key));
  const frontends = new Set([...keys].map(frontendKeyOf));
  const permit = permitOfWrite(side, keys);
  const convergence = await attempt(side, () => converge(side, frontends, permit));
  if (convergence instanceof KernelUnavailableError) {
    const entries = side.store.read((reader) =>
      committed.entryChanges.flatMap(({ key }) => reader.entry(key) ?? []),
    );
    await side.store.write(system, function* (tx) {
      for (const { key } of entries) {
        side.owed.add(tx, key);
        yield;
      }
    });
    notePending(side.problems, entries, convergence.message);
    return;
  }
  await recordConvergence(side, system, { scope, convergence });
  noteConvergence(side.problems, convergence);
}

/**
 * In reverse order: what was made goes before its parent, what was removed comes back after it. Only what this write made in
 * the kernel is to be removed there; of what it did not make, somebody else's entries included, just the row goes.
 */
export function* putBack(
  { owed }: Pick<KernelSide, 'owed'>,
  tx: Transaction,
  { changes, entryChanges }: Committed<unknown>,
): Slices<void> {
  for (const { path, before } of changes.toReversed()) {
    if (before) tx.put(before);
    else tx.remove(path);
    yield;
  }
  for (const { key, before, after } of entryChanges.toReversed()) {
    yield;
    const isMade = tx.entry(key)?.origin === 'made';
    if (before) tx.putEntry(isMade ? { ...before, origin: 'made' } : before);
    else if (after && isMade) tx.putEntry({ ...after, state: 'removing', origin: 'made' });
    else {
      tx.removeEntry(key);
      owed.remove(tx, key);
    }
  }
}

/** A write that was undone is not answered from memory: its retry is a new attempt. */
export function dropAnswer(tx: Transaction, { answerKey }: WriteContext): void {
  if (answerKey) tx.removeAnswer(answerKey);
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
  side: KernelSide,
  context: WriteContext,
  { scope, convergence }: { scope: string; convergence: Convergence },
): Promise<void> {
  const { results, durationMicros } = convergence;
  await side.store.write(context, function* (tx) {
    yield* recordApplied(tx, { director: side.director.name, resource: scope, results, durationMicros });
    yield* recordOwnership(tx, side, convergence);
  });
}
