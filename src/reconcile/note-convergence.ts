import type { OwnedEntry } from '../store/store.js';
import type { KernelSide } from './apply-changes.js';
import type { Convergence } from './converge.js';
import type { Problem } from './problems.js';
import { judge } from './verdict.js';

/** Brings the known problems up to date with what a convergence found. Returns those that were not known before. */
export function noteConvergence({ problems }: KernelSide, convergence: Convergence): Problem[] {
  const failures = failuresOf(convergence);
  const added: Problem[] = [];
  for (const entry of convergence.entries) {
    const failure = failures.get(entry.key);
    const earlier = problems.get(entry.key);
    if (!failure) {
      if (earlier) problems.delete(entry.key);
      continue;
    }
    const problem: Problem = {
      key: entry.key,
      path: entry.path,
      observedRevision: earlier?.observedRevision ?? 0,
      fresh: earlier?.fresh ?? false,
      ...failure,
    };
    problems.set(problem);
    if (earlier?.state !== problem.state || earlier.detail !== problem.detail) added.push(problem);
  }
  return added;
}

type Failure = Pick<Problem, 'state' | 'reason' | 'detail'>;

function failuresOf({ results, foreign }: Convergence): Map<string, Failure> {
  const failures = new Map<string, Failure>();
  for (const entry of foreign) failures.set(entry.key, foreignFailure(entry));
  for (const result of results) {
    const verdict = judge(result);
    if (verdict === 'done') continue;
    const detail = result.error?.message ?? 'no answer';
    failures.set(
      result.operation.key,
      verdict === 'refused'
        ? { state: 'refused', reason: 'KERNEL_REFUSED', detail: `The kernel refused ${detail}.` }
        : { state: 'pending', reason: 'KERNEL_UNAVAILABLE', detail: `lvsd keeps trying: ${detail}` },
    );
  }
  return failures;
}

function foreignFailure({ key, path }: OwnedEntry): Failure {
  return {
    state: 'refused',
    reason: 'FOREIGN_ENTRY',
    detail: `The kernel already holds ${key}, and lvsd did not make it: remove it there, or delete ${path} here.`,
  };
}
