/** What a write would do: everything but the commit and the change of the kernel, which is looked at. */
import { type DirectorTable, type EntryOperation, mayBeOthers } from '../domain/entry.js';
import { entryKindOf, frontendKeyOf } from '../domain/keys.js';
import { differences, hasConfig } from '../domain/plan.js';
import { inTurns } from '../domain/slices.js';
import { KernelUnavailableError } from '../driver/kernel-error.js';
import type { Committed, EntryChange, OwnedEntry, Reader } from '../store/store.js';
import { attempt, isKnown, type KernelSide, planChanges } from './apply-changes.js';
import { withoutForeign } from './converge.js';
import { refusalError } from './refusal.js';
import type { WriteJob } from './write-path.js';

export interface Previewed<T> extends Committed<T> {
  /** What the kernel would be told: at once, and when the drains that it begins have ended. */
  readonly operations: readonly EntryOperation[];
}

/** Rejects as the write would, but for what only the kernel's answer can tell. */
export async function previewWrite<T>(
  side: KernelSide,
  { context, change }: WriteJob<T>,
): Promise<Previewed<T>> {
  const committed = await side.store.write(context, change, { dryRun: true });
  const { entryChanges } = committed;
  const fresh = entryChanges.filter(({ after }) => after?.state === 'living' && after.origin === 'fresh');
  const frontends = new Set(fresh.map(({ key }) => frontendKeyOf(key)));
  const actual = frontends.size > 0 && (await attempt(side, () => side.driver.readServices(frontends)));
  const isRead = actual && !(actual instanceof KernelUnavailableError);
  const held = isRead && foreignInTheWay(side, { changes: entryChanges, fresh, frontends, actual });
  if (held) {
    const refusal = { reason: 'FOREIGN_ENTRY', key: held, result: null } as const;
    throw refusalError(side.director.name, { refusal }, entryChanges);
  }
  const changes = isRead ? entryChanges.filter((one) => !isThereAlready(one, actual)) : entryChanges;
  const atOnce = await inTurns(planChanges(changes));
  const later = await inTurns(planChanges(endsOfDrains(changes)));
  const operations = atOnce.concat(later);
  return { ...committed, operations };
}

/** An address that the host has for itself, where it is wanted, is used. */
function isThereAlready({ key, after }: EntryChange, actual: DirectorTable): boolean {
  const present = entryKindOf(key) === 'address' ? actual.get(key) : undefined;
  return after !== null && present !== undefined && hasConfig(present, after.config);
}

interface Looked {
  readonly changes: readonly EntryChange[];
  /** Those of them that may meet something of others. */
  readonly fresh: readonly EntryChange[];
  readonly frontends: ReadonlySet<string>;
  readonly actual: DirectorTable;
}

/** The key of an entry that is somebody else's and keeps one of these out. */
function foreignInTheWay(
  side: KernelSide,
  { changes, fresh, frontends, actual }: Looked,
): string | undefined {
  const created = fresh.filter(({ before }) => before === null);
  const isInTheWay = ({ key }: EntryChange) => {
    const present = actual.get(key);
    return present !== undefined && mayBeOthers(present);
  };
  const there = isKnown(side, changes) ? created.find(isInTheWay) : undefined;
  if (there) return there.key;
  const entries = side.store.read((reader) => entriesAfter(reader, frontends, changes));
  const { keptOut } = withoutForeign(differences(entries, actual));
  const keys = new Set(fresh.map(({ key }) => key));
  return keptOut.find(({ entry }) => keys.has(entry.key))?.held;
}

/** The entries of these frontends as they would be after the changes. */
function entriesAfter(
  reader: Reader,
  frontends: ReadonlySet<string>,
  changes: readonly EntryChange[],
): OwnedEntry[] {
  const stored = [...frontends].flatMap((key) => reader.entriesOfFrontend(key));
  const entries = new Map(stored.map((entry) => [entry.key, entry]));
  for (const { key, after } of changes) {
    if (!frontends.has(frontendKeyOf(key))) continue;
    if (after) entries.set(key, after);
    else entries.delete(key);
  }
  return [...entries.values()];
}

/** What becomes of the drains that these changes begin. */
function endsOfDrains(changes: readonly EntryChange[]): EntryChange[] {
  return changes.flatMap(({ key, after }) =>
    after?.state === 'draining' ? [{ key, before: after, after: { ...after, state: 'removing' } }] : [],
  );
}
