import { frontendKeyOf } from '../domain/keys.js';
import { type Difference, describeDifference } from '../domain/plan.js';
import type { OwnedEntry } from '../store/store.js';
import type { Convergence, KeptOut } from './converge.js';
import type { Problem, Problems } from './problems.js';
import { judge } from './verdict.js';

/**
 * Brings the known problems up to date with what a convergence found. Returns those that were not known before. Drift that
 * it left becomes known only when it is to be reported, for a reason.
 */
export function noteConvergence(
  problems: Problems,
  convergence: Convergence,
  reportLeftAs?: DriftReason,
): Problem[] {
  clearSolved(problems, convergence);
  const failures = failuresOf(convergence);
  if (reportLeftAs) {
    for (const one of convergence.left) failures.set(one.desired.key, driftFailure(one, reportLeftAs));
  }
  const added: Problem[] = [];
  for (const entry of convergence.entries) {
    const failure = failures.get(entry.key);
    if (!failure) continue;
    const earlier = problems.get(entry.key);
    const problem: Problem = {
      key: entry.key,
      path: entry.path,
      observedRevision: failure.state === 'drifted' ? entry.revision : (earlier?.observedRevision ?? 0),
      ...failure,
    };
    problems.set(problem);
    if (earlier?.state !== problem.state || earlier.detail !== problem.detail) added.push(problem);
  }
  return added;
}

/** Forgets the problems of all entries that are now as they should be, but for those of some keys. */
export function clearSolved(
  problems: Problems,
  convergence: Convergence,
  except: ReadonlySet<string> = new Set(),
): void {
  if (problems.size === 0) return;
  const failures = failuresOf(convergence);
  const left = new Set(convergence.left.map(({ desired }) => desired.key));
  for (const { key } of convergence.entries) {
    if (!failures.has(key) && !left.has(key) && !except.has(key)) problems.delete(key);
  }
}

/** Entries of which it is not known what the kernel has: it could not be reached. */
export function notePending(problems: Problems, entries: readonly OwnedEntry[], why: string): void {
  for (const { key, path } of entries) {
    const earlier = problems.get(key);
    problems.set({
      key,
      path,
      ...pendingFailure(why),
      observedRevision: earlier?.observedRevision ?? 0,
    });
  }
}

type Failure = Pick<Problem, 'state' | 'reason' | 'detail'>;

function failuresOf({ results, keptOut, blocked }: Convergence): Map<string, Failure> {
  const failures = new Map<string, Failure>();
  for (const one of blocked) failures.set(one.desired.key, blockedFailure(one));
  for (const one of keptOut) failures.set(one.entry.key, foreignFailure(one));
  for (const result of results) {
    const verdict = judge(result);
    if (verdict === 'done') continue;
    const detail = result.error?.message ?? 'no answer';
    failures.set(
      result.operation.key,
      verdict === 'refused'
        ? { state: 'refused', reason: 'KERNEL_REFUSED', detail: `The kernel refused ${detail}.` }
        : pendingFailure(detail),
    );
  }
  return failures;
}

export function pendingFailure(why: string): Failure {
  return {
    state: 'pending',
    reason: 'KERNEL_UNAVAILABLE',
    detail: `Stored; lvsd keeps trying to tell the kernel: ${why}`,
  };
}

export type DriftReason = 'DRIFT_REPORTED' | 'DRIFT_HELD';

const WHY_LEFT = {
  DRIFT_REPORTED: 'the drift policy is to report that',
  DRIFT_HELD: 'too much else is otherwise than it should be',
} as const satisfies Record<DriftReason, string>;

function driftFailure(difference: Difference<OwnedEntry>, reason: DriftReason): Failure {
  const what = `${difference.desired.key} ${describeDifference(difference)}`;
  return { state: 'drifted', reason, detail: `${what}, and ${WHY_LEFT[reason]}: ${REMEDY}` };
}

export function blockedFailure({ desired }: Difference<OwnedEntry>): Failure {
  return {
    state: 'pending',
    reason: 'DRIFT_REPORTED',
    detail: `Stored, but its service ${frontendKeyOf(desired.key)} is missing from the kernel, and left so: ${REMEDY}`,
  };
}

const REMEDY = 'a requested reconciliation puts it right.';

function foreignFailure({ entry, held }: KeptOut): Failure {
  return {
    state: 'refused',
    reason: 'FOREIGN_ENTRY',
    detail: `The kernel already holds ${held}, and lvsd did not make it: remove it there, or delete ${entry.path} here.`,
  };
}
