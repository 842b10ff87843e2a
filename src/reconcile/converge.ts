/**
 * Makes some frontends of the kernel equal to the definition: read both sides, compare, apply the difference. Reads before
 * it writes, so it is right whatever the kernel holds; the fast path of `apply-changes.ts` falls back on it.
 */
import { type DirectorTable, mayBeOthers } from '../domain/entry.js';
import { entryKindOf, frontendKeyOf, frontendOfSnatKey } from '../domain/keys.js';
import { type Difference, differences, hasConfig, operationsFor } from '../domain/plan.js';
import type { DirectorDriver } from '../driver/director-driver.js';
import type { OwnedEntry, Store } from '../store/store.js';
import { everything, type Permit } from './drift-policy.js';
import { type EntryResult, judge } from './verdict.js';

export interface Convergence {
  /** What was to be removed: without what is kept out, left or blocked. */
  readonly differences: readonly Difference<OwnedEntry>[];
  /** What the permit did not grant. */
  readonly left: readonly Difference<OwnedEntry>[];
  /** Destinations that cannot be made because their service is missing, and left so. */
  readonly blocked: readonly Difference<OwnedEntry>[];
  readonly results: readonly EntryResult[];
  /** Time that the kernel took for the operations, in microseconds. */
  readonly durationMicros: number;
  readonly keptOut: readonly KeptOut[];
  /** Every owned entry of these frontends. */
  readonly entries: readonly OwnedEntry[];
  /** Keys of removed entries that the kernel does not have any more, or never had from us. */
  readonly gone: readonly string[];
  /** Keys of fresh entries that the kernel had already, as they should be: they are ours from now on. */
  readonly found: readonly string[];
}

/** A living entry that is not in the kernel because the kernel holds something for somebody else, which is left alone. */
export interface KeptOut {
  readonly entry: OwnedEntry;
  /** What it holds: the entry's own key, or that of its service. */
  readonly held: string;
}

interface Dependencies {
  readonly driver: DirectorDriver;
  readonly store: Store;
}

/**
 * Rejects with KernelUnavailableError when the kernel cannot be reached. What the kernel has under a fresh key with other
 * attributes is somebody else's.
 */
export async function converge(
  { driver, store }: Dependencies,
  frontendKeys: ReadonlySet<string>,
  permit: Permit = everything,
): Promise<Convergence> {
  const units = withServices(frontendKeys);
  const actual = await driver.readServices(units);
  const entries = store.read((reader) => [...units].flatMap((key) => reader.entriesOfFrontend(key)));
  const { ours, keptOut, foreign } = withoutForeign(differences(entries, actual));
  const { ready, left, blocked } = granted(ours, permit);
  const started = process.hrtime.bigint();
  const results = ready.length === 0 ? [] : await driver.apply(operationsFor(ready));
  const durationMicros = Number((process.hrtime.bigint() - started) / 1000n);
  return {
    differences: ready,
    left,
    blocked,
    results,
    durationMicros,
    keptOut,
    entries,
    gone: goneKeys(entries, { actual, foreign, differences: ready, results }),
    found: entries
      .filter(({ key, origin }) => origin === 'fresh' && actual.has(key) && !concerns(key, foreign))
      .map(({ key }) => key),
  };
}

interface Granted {
  readonly ready: readonly Difference<OwnedEntry>[];
  readonly left: readonly Difference<OwnedEntry>[];
  readonly blocked: readonly Difference<OwnedEntry>[];
}

function granted(found: readonly Difference<OwnedEntry>[], permit: Permit): Granted {
  const permitted = new Set(permit(found));
  const left = found.filter((one) => !permitted.has(one));
  if (left.length === 0) return { ready: found, left, blocked: [] };
  const absent = new Set(left.filter(({ type }) => type === 'missing').map(({ desired }) => desired.key));
  const isBlocked = ({ desired }: Difference<OwnedEntry>) => absent.has(frontendKeyOf(desired.key));
  return {
    ready: [...permitted].filter((one) => !isBlocked(one)),
    left,
    blocked: [...permitted].filter(isBlocked),
  };
}

/** Whether there is to be source NAT also depends on whose the service is. */
function withServices(keys: ReadonlySet<string>): Set<string> {
  return new Set(
    [...keys].flatMap((key) => (entryKindOf(key) === 'snat' ? [key, frontendOfSnatKey(key)] : key)),
  );
}

/** A service that is somebody else's keeps our destinations and our source NAT out too. */
export function withoutForeign(found: readonly Difference<OwnedEntry>[]): {
  ours: Difference<OwnedEntry>[];
  keptOut: KeptOut[];
  foreign: ReadonlySet<string>;
} {
  const foreign = new Set<string>();
  for (const { desired, actual } of found) {
    const { key, origin, config } = desired;
    if (actual && origin === 'fresh' && mayBeOthers(actual) && !hasConfig(actual, config)) foreign.add(key);
  }
  const ours: Difference<OwnedEntry>[] = [];
  const keptOut: KeptOut[] = [];
  for (const one of found) {
    const { key, state } = one.desired;
    const service = entryKindOf(key) === 'snat' ? frontendOfSnatKey(key) : frontendKeyOf(key);
    const held = [key, service].find((each) => foreign.has(each));
    if (held === undefined) ours.push(one);
    else if (state === 'living') keptOut.push({ entry: one.desired, held });
  }
  return { ours, keptOut, foreign };
}

interface Found extends Pick<Convergence, 'differences' | 'results'> {
  readonly actual: DirectorTable;
  readonly foreign: ReadonlySet<string>;
}

/**
 * Draining entries that the kernel does not have any more, or has for somebody else, and removed ones but those that it
 * would not let go. A destination goes with its service.
 */
function goneKeys(
  entries: readonly OwnedEntry[],
  { actual, foreign, differences, results }: Found,
): string[] {
  const failed = new Set(
    results.filter((result) => judge(result) !== 'done').map(({ operation }) => operation.key),
  );
  const there = new Set(differences.map(({ desired }) => desired.key));
  const isGone = ({ key, state }: OwnedEntry) => {
    if (state === 'draining') return !actual.has(key) || concerns(key, foreign);
    return state === 'removing' && !(there.has(key) && concerns(key, failed));
  };
  return entries.filter(isGone).map(({ key }) => key);
}

/** Whether one of the keys is this one, or that of its service. */
function concerns(key: string, keys: ReadonlySet<string>): boolean {
  return keys.has(key) || keys.has(frontendKeyOf(key));
}
