/**
 * Makes some frontends of the kernel equal to the definition: read both sides, compare, apply the difference. Reads before
 * it writes, so it is right whatever the kernel holds; the fast path of `apply-changes.ts` falls back on it.
 */
import { frontendKeyOf } from '../domain/keys.js';
import { type Difference, differences, operationsFor } from '../domain/plan.js';
import type { Table } from '../domain/table.js';
import type { IpvsDriver, OperationResult } from '../driver/driver.js';
import type { OwnedEntry, Store } from '../store/store.js';
import type { Problems } from './problems.js';
import { judge } from './verdict.js';

export interface Convergence {
  readonly differences: readonly Difference<OwnedEntry>[];
  readonly results: readonly OperationResult[];
  /** Time that the kernel took for the operations, in microseconds. */
  readonly durationMicros: number;
  /** Fresh entries whose keys the kernel holds for somebody else: left alone. */
  readonly foreign: readonly OwnedEntry[];
  /** Every owned entry of these frontends. */
  readonly entries: readonly OwnedEntry[];
  /** Keys of removed entries that the kernel does not have any more. */
  readonly gone: readonly string[];
}

interface Dependencies {
  readonly driver: IpvsDriver;
  readonly store: Store;
  readonly problems: Problems;
}

/** Rejects with KernelUnavailableError when the kernel cannot be reached. */
export async function converge(
  { driver, store, problems }: Dependencies,
  frontendKeys: ReadonlySet<string>,
  isFresh: (key: string) => boolean = () => false,
): Promise<Convergence> {
  const actual = await driver.readServices(frontendKeys);
  const entries = store.read((reader) => [...frontendKeys].flatMap((key) => reader.entriesOfFrontend(key)));
  const found = differences(entries, actual);
  const foreign = found
    .filter(
      ({ type, desired }) =>
        type === 'different' && (isFresh(desired.key) || problems.get(desired.key)?.fresh),
    )
    .map(({ desired }) => desired);
  const ours = foreign.length === 0 ? found : withoutForeign(found, foreign);
  const started = process.hrtime.bigint();
  const results = ours.length === 0 ? [] : await driver.apply(operationsFor(ours));
  const durationMicros = Number((process.hrtime.bigint() - started) / 1000n);
  return {
    differences: ours,
    results,
    durationMicros,
    foreign,
    entries,
    gone: goneKeys(entries, actual, results),
  };
}

/** A service that is somebody else's keeps our destinations out too. */
function withoutForeign(
  found: readonly Difference<OwnedEntry>[],
  foreign: readonly OwnedEntry[],
): Difference<OwnedEntry>[] {
  const keys = new Set(foreign.map(({ key }) => key));
  return found.filter(({ desired }) => !keys.has(desired.key) && !keys.has(frontendKeyOf(desired.key)));
}

function goneKeys(
  entries: readonly OwnedEntry[],
  actual: Table,
  results: readonly OperationResult[],
): string[] {
  const failed = new Set(
    results.filter((result) => judge(result) !== 'done').map(({ operation }) => operation.key),
  );
  return entries
    .filter(({ key, state }) => state === 'removing' && !(actual.has(key) && stillThere(key, failed)))
    .map(({ key }) => key);
}

/** A destination goes with its service. */
function stillThere(key: string, failed: ReadonlySet<string>): boolean {
  return failed.has(key) || failed.has(frontendKeyOf(key));
}
