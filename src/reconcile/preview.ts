/** What a write would do: everything but the commit and the change of the kernel, which is looked at. */
import { frontendKeyOf } from '../domain/keys.js';
import { differences } from '../domain/plan.js';
import type { Operation } from '../domain/table.js';
import { KernelUnavailableError } from '../driver/kernel-error.js';
import type { Committed, EntryChange, OwnedEntry, Reader } from '../store/store.js';
import { attempt, isKnown, type KernelSide, planChanges } from './apply-changes.js';
import { withoutForeign } from './converge.js';
import { refusalError } from './refusal.js';
import type { WriteJob } from './write-path.js';

export interface Previewed<T> extends Committed<T> {
  /** What the kernel would be told: at once, and when the drains that it begins have ended. */
  readonly operations: readonly Operation[];
}

/** Rejects as the write would, but for what only the kernel's answer can tell. */
export async function previewWrite<T>(
  side: KernelSide,
  { context, change }: WriteJob<T>,
): Promise<Previewed<T>> {
  const committed = await side.store.write(context, change, { dryRun: true });
  const { entryChanges } = committed;
  const held = await foreignInTheWay(side, entryChanges);
  if (held !== undefined) {
    throw refusalError(side.director.name, { refusal: { reason: 'FOREIGN_ENTRY', key: held, result: null } });
  }
  const operations = [...planChanges(entryChanges), ...planChanges(endsOfDrains(entryChanges))];
  return { ...committed, operations };
}

/** The key of a kernel entry that is somebody else's and keeps one of these out; undefined when the kernel is away. */
async function foreignInTheWay(
  side: KernelSide,
  changes: readonly EntryChange[],
): Promise<string | undefined> {
  const fresh = changes.filter(({ after }) => after?.state === 'living' && after.origin === 'fresh');
  if (fresh.length === 0) return undefined;
  const frontends = new Set(fresh.map(({ key }) => frontendKeyOf(key)));
  const actual = await attempt(side, () => side.driver.readServices(frontends));
  if (actual instanceof KernelUnavailableError) return undefined;

  const created = fresh.filter(({ before }) => before === null);
  const there = isKnown(side, changes) ? created.find(({ key }) => actual.has(key)) : undefined;
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
