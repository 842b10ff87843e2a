/**
 * A full pass: compare the whole table with all owned entries, converge the frontends that differ, write down what was
 * found. The comparison runs beside ongoing writes and may therefore suspect too much; what is suspected is read again,
 * undisturbed, before anything is done about it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AddressEntry, isDirectorsOwn } from '../domain/entry.js';
import { frontendKeyOf } from '../domain/keys.js';
import { differences } from '../domain/plan.js';
import type { Reconciliation } from '../domain/schema/director.js';
import { KernelUnavailableError } from '../driver/kernel-error.js';
import type { OwnedEntry, Store, WriteContext } from '../store/store.js';
import { attempt, type KernelSide } from './apply-changes.js';
import { type Convergence, converge } from './converge.js';
import { passSettings } from './director-settings.js';
import { markSynced } from './director-state.js';
import { noteConvergence } from './note-convergence.js';
import { recordApplied, recordDrift, recordOwnership, recordRefused } from './record.js';
import type { Turns } from './turns.js';
import { type EntryResult, judge } from './verdict.js';

export type Trigger = Reconciliation['trigger'];

interface PassOptions {
  readonly trigger: Trigger;
  readonly context: WriteContext;
  /** Passes and writes take turns frontends by frontends. */
  readonly turns: Turns;
  readonly now: () => Date;
}

interface Tally {
  drift: number;
  operations: number;
  refused: number;
}

const ENTRIES_PER_SLICE = 2000;
const FRONTENDS_PER_TURN = 100;

export async function pass(side: KernelSide, options: PassOptions): Promise<Reconciliation> {
  const { director, driver } = side;
  const time = options.now();
  const started = performance.now();
  const tally: Tally = { drift: 0, operations: 0, refused: 0 };
  const outcome = await attempt(side, async () => {
    director.info = await driver.info();
    await compareAndConverge(side, options, tally);
    const settings = await options.turns.run(() => passSettings(side, options.context));
    tally.drift += settings.drift;
    tally.operations += settings.operations;
    tally.refused += settings.refused;
  });
  if (!(outcome instanceof KernelUnavailableError)) markSynced(director);
  director.lastReconciliation = {
    time: time.toISOString(),
    trigger: options.trigger,
    outcome: outcome instanceof KernelUnavailableError ? 'unavailable' : outcomeOf(tally),
    durationMs: performance.now() - started,
    ...tally,
    detail: outcome instanceof KernelUnavailableError ? outcome.message : null,
  };
  return director.lastReconciliation;
}

function outcomeOf({ refused, operations }: Tally): Reconciliation['outcome'] {
  if (refused > 0) return 'refused';
  return operations > 0 ? 'repaired' : 'clean';
}

async function compareAndConverge(side: KernelSide, options: PassOptions, tally: Tally): Promise<void> {
  const actual = await side.driver.read();
  const suspects = new Set([...side.problems.keys()].map(frontendKeyOf));
  const orphans = new Set(side.problems.keys());
  let present = 0;
  let foreign = 0;
  const addresses = new Map<string, AddressEntry>();
  for (const entry of actual.values()) {
    if (isDirectorsOwn(entry)) foreign += 1;
    if (entry.kind === 'address') addresses.set(entry.key, entry);
  }
  side.director.addresses = addresses;
  for await (const page of entryPages(side.store)) {
    for (const { desired } of differences(page, actual)) suspects.add(frontendKeyOf(desired.key));
    for (const { key, state, origin } of page) {
      orphans.delete(key);
      const there = actual.get(key);
      const isPresent = there !== undefined && (state === 'living' || isDirectorsOwn(there));
      if (there && isDirectorsOwn(there)) present += 1;
      if (isPresent ? origin === 'fresh' : state !== 'living') suspects.add(frontendKeyOf(key));
    }
  }
  forgetOrphans(side, orphans);
  side.director.foreignEntries = foreign - present;
  const emptied = present === 0 && options.trigger === 'start' && suspects.size > 0;
  if (emptied) await recordEmptied(side, options.context, suspects.size);
  const keys = [...suspects];
  for (let start = 0; start < keys.length; start += FRONTENDS_PER_TURN) {
    const frontends = new Set(keys.slice(start, start + FRONTENDS_PER_TURN));
    await options.turns.run(() => convergeAndRecord(side, { ...options, frontends, emptied, tally }));
  }
}

/** Problems of entries that are not in the database any more: a store fault in the middle of a write leaves such. */
function forgetOrphans({ store, problems }: KernelSide, keys: ReadonlySet<string>): void {
  for (const key of keys) if (!store.read((reader) => reader.entry(key))) problems.delete(key);
}

/** All owned entries, in slices between which the event loop runs. */
export async function* entryPages(store: Store): AsyncGenerator<OwnedEntry[]> {
  for (let after = ''; ; ) {
    const page = store.read((reader) => reader.entries({ after, limit: ENTRIES_PER_SLICE }));
    if (page.length > 0) yield page;
    if (page.length < ENTRIES_PER_SLICE) return;
    after = page[page.length - 1]?.key ?? after;
    await nextTurn();
  }
}

interface ChunkOptions extends PassOptions {
  readonly frontends: ReadonlySet<string>;
  readonly emptied: boolean;
  readonly tally: Tally;
}

async function convergeAndRecord(side: KernelSide, options: ChunkOptions): Promise<void> {
  const { tally, context, emptied, trigger } = options;
  const convergence = await converge(side, options.frontends);
  const drifted = convergence.differences.filter(({ desired }) => !side.problems.get(desired.key));
  const added = noteConvergence(side.problems, convergence);
  tally.drift += drifted.length;
  tally.operations += convergence.results.length;
  tally.refused += convergence.keptOut.length;
  tally.refused += convergence.results.filter((result) => judge(result) === 'refused').length;
  const news = resultsByResource(convergence, new Set(added.map(({ key }) => key)));
  const { gone, found } = convergence;
  if (drifted.length + added.length + news.size + gone.length + found.length === 0) return;
  const director = side.director.name;
  const remark = trigger === 'start' ? FOUND_AT_START : '';
  await side.store.write(context, (tx) => {
    if (!emptied) for (const one of drifted) recordDrift(tx, one, { director, remark });
    for (const [resource, results] of news) {
      recordApplied(tx, { director, resource, results, durationMicros: convergence.durationMicros });
    }
    for (const { path, key, detail } of added) {
      const results = convergence.results.filter(({ operation }) => operation.key === key);
      recordRefused(tx, { director, resource: path, results, durationMicros: 0, detail });
    }
    recordOwnership(tx, convergence);
  });
}

const FOUND_AT_START = ' Found at start: edited, or left unfinished, while lvsd was down.';

async function recordEmptied(side: KernelSide, context: WriteContext, frontends: number): Promise<void> {
  const { name } = side.director;
  await side.store.write(context, (tx) => {
    tx.record({
      kind: 'drift',
      resource: `directors/${name}`,
      director: name,
      detail: `The kernel held none of our entries (a new boot?): those of ${frontends} virtual services are made again.`,
    });
  });
}

/**
 * So that each event is found under the virtual service or real server whose entry it was about. What failed as it did in
 * the pass before is left out: every pass tries again, and the log would fill with it.
 */
function resultsByResource(
  { results, entries }: Convergence,
  newlyFailed: ReadonlySet<string>,
): Map<string, EntryResult[]> {
  const paths = new Map(entries.map(({ key, path }) => [key, path]));
  const grouped = new Map<string, EntryResult[]>();
  for (const result of results) {
    const { key } = result.operation;
    if (judge(result) !== 'done' && !newlyFailed.has(key)) continue;
    const path = paths.get(key) ?? '';
    const group = grouped.get(path);
    if (group) group.push(result);
    else grouped.set(path, [result]);
  }
  return grouped;
}
