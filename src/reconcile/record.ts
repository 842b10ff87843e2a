import type { OperationResult } from '../driver/driver.js';
import type { EventDraft, Transaction } from '../store/store.js';
import { reportOperation } from './verdict.js';

/** An event of this many operations is still pleasant to read and to send. */
const OPERATIONS_PER_EVENT = 500;

interface Report {
  readonly director: string;
  readonly resource: string;
  readonly results: readonly OperationResult[];
  readonly durationMicros: number;
  readonly detail?: string;
}

/** Writes down what the kernel did: one `apply` event, or several when there were many operations; none for none. */
export function recordApplied(tx: Transaction, report: Report): void {
  for (let start = 0; start < report.results.length; start += OPERATIONS_PER_EVENT) {
    tx.record(
      draft('apply', { ...report, results: report.results.slice(start, start + OPERATIONS_PER_EVENT) }),
    );
  }
}

/** Writes down what the kernel would not do, with what it was told. */
export function recordRefused(tx: Transaction, report: Report): void {
  tx.record(draft('refused', { ...report, results: report.results.slice(0, OPERATIONS_PER_EVENT) }));
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

/** Rows of removed entries are kept until the kernel has confirmed that it does not have them. */
export function forgetGone(tx: Transaction, keys: readonly string[]): void {
  for (const key of keys) {
    if (tx.entry(key)?.state === 'removing') tx.removeEntry(key);
  }
}
