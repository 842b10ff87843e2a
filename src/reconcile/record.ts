import { type Difference, describeDifference } from '../domain/plan.js';
import type { Slices } from '../domain/slices.js';
import type { EventDraft, OwnedEntry, Transaction } from '../store/store.js';
import type { KernelSide } from './apply-changes.js';
import type { Convergence } from './converge.js';
import { type AnyResult, judge, reportOperation } from './verdict.js';

/** An event of this many operations is still pleasant to read and to send. */
const OPERATIONS_PER_EVENT = 500;

interface Report {
  readonly director: string;
  readonly resource: string;
  readonly results: readonly AnyResult[];
  readonly durationMicros: number;
  readonly detail?: string;
}

/** Writes down what the kernel did: one `apply` event, or several when there were many operations; none for none. */
export function* recordApplied(tx: Transaction, report: Report): Slices<void> {
  yield* recordMade(tx, report.results);
  for (let start = 0; start < report.results.length; start += OPERATIONS_PER_EVENT) {
    tx.record(
      draft('apply', { ...report, results: report.results.slice(start, start + OPERATIONS_PER_EVENT) }),
    );
    yield;
  }
}

/** Writes down what the kernel would not do, with what it was told: of too many operations, the failed ones first. */
export function* recordRefused(tx: Transaction, report: Report): Slices<void> {
  const { results } = report;
  yield* recordMade(tx, results);
  const telling =
    results.length <= OPERATIONS_PER_EVENT
      ? results
      : [...results.filter(({ error }) => error), ...results.filter(({ error }) => !error)];
  tx.record(draft('refused', { ...report, results: telling.slice(0, OPERATIONS_PER_EVENT) }));
}

/** What has been made is ours from now on, whatever becomes of the rest of the write. */
function* recordMade(tx: Transaction, results: readonly AnyResult[]): Slices<void> {
  for (const result of results) {
    const { command, key } = result.operation;
    if (command.startsWith('NEW_') && judge(result) === 'done') tx.settleOrigin(key, 'made');
    yield;
  }
}

const REPAIRED = {
  missing: 'was not in the kernel: made again.',
  different: 'had other attributes in the kernel: set back.',
  unwanted: 'was still in the kernel: removed.',
} as const;

/**
 * Writes down what the kernel had otherwise than it should: before and after are the kernel's attributes, as they were and
 * as they are wanted.
 */
export function recordDrift(
  tx: Transaction,
  difference: Difference<OwnedEntry>,
  { director, remark = '', isLeft = false }: { director: string; remark?: string; isLeft?: boolean },
): void {
  const { type, desired, actual } = difference;
  const what = isLeft ? `${describeDifference(difference)}: left as it is.` : REPAIRED[type];
  tx.record({
    kind: 'drift',
    resource: desired.path,
    director,
    before: actual && { key: actual.key, ...actual.config },
    after: desired.state !== 'removing' ? { key: desired.key, ...desired.config } : null,
    detail: `${desired.key} ${what}${remark}`,
  });
}

function draft(
  kind: 'apply' | 'refused',
  { director, resource, results, durationMicros, detail }: Report,
): EventDraft {
  return {
    kind,
    resource,
    director,
    operations: results.map(reportOperation),
    durationMicros,
    ...(detail !== undefined && { detail }),
  };
}

/**
 * What a look at the kernel says of whose its entries are. Rows of removed entries are kept until the kernel has confirmed
 * that it does not have them.
 */
export function* recordOwnership(
  tx: Transaction,
  { owed }: Pick<KernelSide, 'owed'>,
  { gone, found }: Pick<Convergence, 'gone' | 'found'>,
): Slices<void> {
  for (const key of found) {
    tx.settleOrigin(key, 'found');
    yield;
  }
  for (const key of gone) {
    yield;
    owed.remove(tx, key);
    if (isLeaving(tx.entry(key))) tx.removeEntry(key);
  }
}

function isLeaving(entry: OwnedEntry | undefined): boolean {
  return entry !== undefined && entry.state !== 'living';
}
