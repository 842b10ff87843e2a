/** The part of a pass that reads some frontends, in turn with the writes, and removes and writes down what differs. */
import { kindAt, parentPath } from '../domain/names.js';
import type { Difference } from '../domain/plan.js';
import type { Slices } from '../domain/slices.js';
import type { OwnedEntry, Transaction, WriteContext } from '../store/store.js';
import type { KernelSide } from './apply-changes.js';
import { type Convergence, converge } from './converge.js';
import { type Permit, policyOf } from './drift-policy.js';
import { noteConvergence } from './note-convergence.js';
import { isRequested } from './owed.js';
import type { Tally, Trigger } from './pass.js';
import type { Problem } from './problems.js';
import { recordApplied, recordDrift, recordOwnership, recordRefused } from './record.js';
import { type EntryResult, judge } from './verdict.js';

interface Options {
  readonly frontends: ReadonlySet<string>;
  readonly permit: Permit;
  readonly context: WriteContext;
  readonly trigger: Trigger;
  readonly tally: Tally;
  /** One event has told of all drift: none for each entry. */
  readonly isTold: boolean;
}

export async function convergeAndRecord(side: KernelSide, options: Options): Promise<void> {
  const { frontends, permit, tally, context, isTold } = options;
  const convergence = await converge(side, frontends, permit);
  const repaired = driftOf(side, convergence.differences);
  const isReported = policyOf(side).mode === 'report';
  const news = isTold ? [] : repaired.filter(({ desired }) => isUntold(side, desired.key));
  const added = noteConvergence(side.problems, convergence, isReported ? 'DRIFT_REPORTED' : 'DRIFT_HELD');
  count(tally, convergence, repaired.length);

  const failed = added.filter(({ state }) => state !== 'drifted');
  const told = convergence.entries.filter(({ key }) => side.owed.has(key) && !side.problems.get(key));
  const results = resultsByService(convergence, new Set(failed.map(({ key }) => key)));
  const reported = isReported && !isTold ? newlyLeft(convergence, added) : [];
  const { gone, found } = convergence;
  const sizes = [news, reported, failed, gone, found, told].map(({ length }) => length);
  if (results.size === 0 && sizes.every((size) => size === 0)) return;

  const director = side.director.name;
  const remark = options.trigger === 'start' ? FOUND_AT_START : '';
  await side.store.write(context, function* (tx) {
    for (const one of news) {
      recordDrift(tx, one, { director, remark });
      yield;
    }
    for (const one of reported) {
      recordDrift(tx, one, { director, remark, isLeft: true });
      yield;
    }
    for (const [resource, group] of results) {
      yield* recordApplied(tx, {
        director,
        resource,
        results: group,
        durationMicros: convergence.durationMicros,
      });
    }
    yield* recordFailed(tx, { director, failed, results: convergence.results });
    yield* recordOwnership(tx, side, convergence);
    for (const { key } of told) side.owed.remove(tx, key);
  });
}

const FOUND_AT_START = ' Found at start: edited, or left unfinished, while lvsd was down.';

/** Without what is known to fail and tried again. */
function driftOf(side: KernelSide, found: Convergence['differences']): Difference<OwnedEntry>[] {
  return found.filter(({ desired }) => {
    const problem = side.problems.get(desired.key);
    return !isRequested(side, desired) && (!problem || problem.state === 'drifted');
  });
}

/** What was held has only been told of as a whole. */
function isUntold({ problems }: KernelSide, key: string): boolean {
  const problem = problems.get(key);
  return !problem || problem.reason === 'DRIFT_HELD';
}

function newlyLeft({ left }: Convergence, added: readonly Problem[]): Difference<OwnedEntry>[] {
  const keys = new Set(added.filter(({ state }) => state === 'drifted').map(({ key }) => key));
  return left.filter(({ desired }) => keys.has(desired.key));
}

function count(tally: Tally, { left, results, keptOut }: Convergence, repaired: number): void {
  tally.drift += repaired + left.length;
  tally.left += left.length;
  tally.operations += results.length;
  tally.refused += keptOut.length + results.filter((result) => judge(result) === 'refused').length;
}

function* recordFailed(
  tx: Transaction,
  {
    director,
    failed,
    results,
  }: { director: string; failed: readonly Problem[]; results: readonly EntryResult[] },
): Slices<void> {
  for (const { path, key, detail } of failed) {
    const own = results.filter(({ operation }) => operation.key === key);
    yield* recordRefused(tx, { director, resource: path, results: own, durationMicros: 0, detail });
  }
}

/**
 * One event for each virtual service, found under the real server when nothing else of its service is in it: an event for
 * each entry would be ten times as many. What failed as it did in the pass before is left out: every pass tries again, and
 * the log would fill with it.
 */
function resultsByService(
  { results, entries }: Convergence,
  newlyFailed: ReadonlySet<string>,
): Map<string, EntryResult[]> {
  const paths = new Map(entries.map(({ key, path }) => [key, path]));
  const services = new Map<string, { paths: Set<string>; results: EntryResult[] }>();
  for (const result of results) {
    const { key } = result.operation;
    if (judge(result) !== 'done' && !newlyFailed.has(key)) continue;
    const path = paths.get(key) ?? '';
    const service = kindAt(path) === 'realServer' ? parentPath(path) : path;
    const group = services.get(service) ?? { paths: new Set(), results: [] };
    group.paths.add(path);
    group.results.push(result);
    services.set(service, group);
  }
  return new Map(
    [...services].map(([service, group]) => {
      const [only = service, ...others] = group.paths;
      return [others.length === 0 ? only : service, group.results];
    }),
  );
}
