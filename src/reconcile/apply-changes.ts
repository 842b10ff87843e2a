/**
 * From committed changes to the kernel. The fast path plans on the changed entries alone, taking for granted that the kernel
 * was as the database said, so that the cost of a change does not grow with the table. Where that is not known, or
 * proves wrong, the frontends concerned are read and converged.
 */
import type { DirectorEntry, EntryOperation } from '../domain/entry.js';
import { entryKindOf, frontendKeyOf } from '../domain/keys.js';
import {
  type Difference,
  differences,
  inOneBatch,
  operationsInSlices,
  tableEntryOf,
} from '../domain/plan.js';
import { inTurns, type Slices } from '../domain/slices.js';
import type { DirectorDriver } from '../driver/director-driver.js';
import { KernelUnavailableError } from '../driver/kernel-error.js';
import type { EntryChange, OwnedEntry, Store } from '../store/store.js';
import { type Convergence, converge } from './converge.js';
import { type DirectorState, markReachable, markUnreachable } from './director-state.js';
import { permitOfWrite } from './drift-policy.js';
import type { ExpectedOutline } from './expected-outline.js';
import { blockedFailure, clearSolved } from './note-convergence.js';
import { isRequested, type Owed } from './owed.js';
import type { Problems } from './problems.js';
import { type EntryResult, isSomebodyElses, judge } from './verdict.js';

export interface Refusal {
  readonly reason: 'KERNEL_REFUSED' | 'FOREIGN_ENTRY';
  readonly key: string;
  /** The operation that the kernel refused; null when a read showed the foreign entry. */
  readonly result: EntryResult | null;
}

/** What became of the entry changes of one write. */
export interface Outcome {
  readonly state: 'applied' | 'pending' | 'refused';
  readonly results: readonly EntryResult[];
  /** Time that the kernel took for the batch in which the operations travelled. */
  readonly durationMicros: number;
  /** Set when refused. */
  readonly refusal: Refusal | null;
  /** Set when pending. */
  readonly detail: string | null;
  /** Keys of removed entries that the kernel does not have any more. */
  readonly gone: readonly string[];
  /** Keys of fresh entries that the kernel had already, as they should be. */
  readonly found: readonly string[];
  /** What the kernel had otherwise than it should before this write; a read showed it, and it was repaired on the way. */
  readonly drift: readonly Difference<OwnedEntry>[];
}

export interface KernelSide {
  readonly driver: DirectorDriver;
  readonly store: Store;
  readonly problems: Problems;
  readonly director: DirectorState;
  readonly owed: Owed;
  readonly expected: ExpectedOutline;
}

type Changes = readonly EntryChange[];

/** The operations of a change on a kernel that is as the database said. */
export function* planChanges(changes: Changes): Slices<EntryOperation[]> {
  const found: Difference[] = [];
  for (const { key, before, after } of changes) {
    const isThere = before && before.state !== 'removing';
    const actual = new Map<string, DirectorEntry>(isThere ? [[key, tableEntryOf(before)]] : []);
    const entry = after ?? (before && { ...before, state: 'removing' as const });
    if (entry) found.push(...differences([entry], actual));
    yield;
  }
  return yield* operationsInSlices(found);
}

/** One outcome for each write's changes, in their order. Never rejects for what a kernel can do. */
export async function applyChanges(side: KernelSide, writes: readonly Changes[]): Promise<Outcome[]> {
  const plans: (EntryOperation[] | null)[] = [];
  for (const changes of writes) {
    plans.push(isKnown(side, changes) ? await inTurns(planChanges(changes)) : null);
  }
  const operations = inOneBatch(plans.flatMap((plan) => plan ?? []));
  const batch = await inTurns(byKey(writes));
  const started = process.hrtime.bigint();
  const results = operations.length === 0 ? [] : await attempt(side, () => side.driver.apply(operations));
  const durationMicros = Number((process.hrtime.bigint() - started) / 1000n);
  if (results instanceof KernelUnavailableError) return writes.map(() => pending(results.message));

  const answers = await inTurns(byOperation(results));
  const outcomes: Outcome[] = [];
  for (const [index, changes] of writes.entries()) {
    const plan = plans[index];
    const mine = plan ? await inTurns(answersTo(plan, answers)) : [];
    const outcome = plan ? await inTurns(outcomeOf(changes, mine, durationMicros)) : undefined;
    outcomes.push(outcome ?? (await convergeChanges(side, { changes, batch, earlier: mine })));
  }
  return outcomes;
}

function* byKey(writes: readonly Changes[]): Slices<Map<string, EntryChange>> {
  const keys = new Map<string, EntryChange>();
  for (const changes of writes) {
    for (const change of changes) {
      keys.set(change.key, change);
      yield;
    }
  }
  return keys;
}

type Answers = ReadonlyMap<EntryOperation, EntryResult>;

function* byOperation(results: readonly EntryResult[]): Slices<Answers> {
  const answers = new Map<EntryOperation, EntryResult>();
  for (const result of results) {
    answers.set(result.operation, result);
    yield;
  }
  return answers;
}

function* answersTo(plan: readonly EntryOperation[], answers: Answers): Slices<EntryResult[]> {
  const mine: EntryResult[] = [];
  for (const operation of plan) {
    const answer = answers.get(operation);
    if (answer) mine.push(answer);
    yield;
  }
  return mine;
}

/**
 * Whether the kernel is known to hold what the database held before these changes. An address that lvsd has not made may be
 * there all the same, for the host's own use, on any interface.
 */
export function isKnown({ director, problems }: KernelSide, changes: Changes): boolean {
  return (
    director.synced &&
    changes.every(
      ({ key, before, after }) =>
        before?.state !== 'removing' &&
        before?.origin !== 'fresh' &&
        !(entryKindOf(key) === 'address' && (before ?? after)?.origin !== 'made') &&
        !problems.get(key) &&
        !problems.get(frontendKeyOf(key)),
    )
  );
}

/** Undefined when the kernel was not as we had thought. */
function* outcomeOf(
  changes: Changes,
  results: readonly EntryResult[],
  durationMicros: number,
): Slices<Outcome | undefined> {
  const done = { ...NOTHING_DONE, results, durationMicros };
  const fresh = new Set(changes.filter(({ before }) => before === null).map(({ key }) => key));
  for (const result of results) {
    const verdict = judge(result);
    const { key } = result.operation;
    if (verdict === 'refused') return refused('KERNEL_REFUSED', { ...done, result, key });
    if (isSomebodyElses(result) && fresh.has(key)) return refused('FOREIGN_ENTRY', { ...done, result, key });
    if (verdict === 'surprise') return undefined;
    if (verdict === 'transient') return { ...done, state: 'pending', detail: result.error?.message ?? null };
    yield;
  }
  const gone = changes.filter(({ after }) => after?.state === 'removing').map(({ key }) => key);
  return { ...done, state: 'applied', gone };
}

interface Unplanned {
  readonly changes: Changes;
  /** Every change of the batch that this write is in, by key. */
  readonly batch: ReadonlyMap<string, EntryChange>;
  /** What the fast path did before it was found to be wrong. */
  readonly earlier: readonly EntryResult[];
}

async function convergeChanges(side: KernelSide, { changes, batch, earlier }: Unplanned): Promise<Outcome> {
  const frontends = new Set(changes.map(({ key }) => frontendKeyOf(key)));
  const keys = new Set(changes.map(({ key }) => key));
  const permit = permitOfWrite(side, keys);
  const convergence = await attempt(side, () => converge(side, frontends, permit));
  if (convergence instanceof KernelUnavailableError) return pending(convergence.message);

  const { results, durationMicros, gone, found, keptOut, blocked } = convergence;
  const done = {
    ...NOTHING_DONE,
    results: [...earlier, ...results],
    durationMicros,
    gone,
    found,
    drift: driftOf(side, convergence, batch),
  };
  clearSolved(side.problems, convergence, keys);
  const unwelcome = keptOut.find(({ entry }) => keys.has(entry.key));
  if (unwelcome) return refused('FOREIGN_ENTRY', { ...done, result: null, key: unwelcome.held });
  const failed = results.filter((result) => judge(result) !== 'done' && keys.has(result.operation.key));
  const refusal = failed.find((result) => judge(result) === 'refused');
  if (refusal) return refused('KERNEL_REFUSED', { ...done, result: refusal, key: refusal.operation.key });
  if (failed[0]) return { ...done, state: 'pending', detail: failed[0].error?.message ?? null };
  const waiting = blocked.find(({ desired }) => keys.has(desired.key));
  if (waiting) return { ...done, state: 'pending', detail: blockedFailure(waiting).detail };
  return { ...done, state: 'applied' };
}

/** What this batch cannot have caused: differences in what it did not change, and losses of what it only edited. */
function driftOf(
  side: KernelSide,
  { differences }: Convergence,
  batch: Unplanned['batch'],
): Difference<OwnedEntry>[] {
  return differences.filter(({ type, desired }) => {
    if (side.problems.get(desired.key)) return false;
    const change = batch.get(desired.key);
    if (!change) return !isRequested(side, desired);
    return type === 'missing' && change.before?.state === 'living';
  });
}

/** Runs work on the kernel and keeps what is known of its reachability up to date. */
export async function attempt<T>(
  { director }: Pick<KernelSide, 'director'>,
  work: () => Promise<T>,
): Promise<T | KernelUnavailableError> {
  try {
    const result = await work();
    markReachable(director);
    return result;
  } catch (error) {
    if (!(error instanceof KernelUnavailableError)) throw error;
    markUnreachable(director, error);
    return error;
  }
}

const NOTHING_DONE = {
  results: [],
  durationMicros: 0,
  refusal: null,
  detail: null,
  gone: [],
  found: [],
  drift: [],
} as const;

function pending(detail: string): Outcome {
  return { ...NOTHING_DONE, state: 'pending', detail };
}

function refused(
  reason: Refusal['reason'],
  { key, result, ...rest }: Omit<Outcome, 'state'> & { key: string; result: EntryResult | null },
): Outcome {
  return { ...rest, state: 'refused', refusal: { reason, key, result } };
}
