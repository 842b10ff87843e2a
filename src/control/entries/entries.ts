/**
 * Makes the owned entries those that the definitions want, inside the transaction that changes them: this is where uniqueness
 * and ownership are decided.
 */
import { isDeepStrictEqual } from 'node:util';
import { entryKindOf, snatKey } from '../../domain/keys.js';
import { isWithin, parentPath } from '../../domain/names.js';
import type { Slices } from '../../domain/slices.js';
import type { OwnedEntry, Transaction } from '../../store/store.js';
import { holdToQuotas } from '../definitions/project-limits.js';
import { type Leaving, movedDeadline, release } from './leaving.js';
import { releaseVips, syncVips } from './vips.js';
import { type SyncOptions, taken, type Wanted, wantedByAll } from './wanted-entries.js';

/**
 * Makes the entries of these parts those that their definitions want, within what their projects may have; the parts overlap
 * nowhere, and what one gives up another can have. Throws all violations of the rules and the limits at once, before anybody
 * learns whether a frontend beyond the limits is taken. Then FRONTEND_TAKEN or REAL_SERVER_TAKEN for keys that belong to
 * others, or VIP_INTERFACE_TAKEN; at the end of the write QUOTA_EXCEEDED.
 */
export function* syncEntries(
  tx: Transaction,
  ...parts: readonly [SyncOptions, ...SyncOptions[]]
): Slices<void> {
  for (const { scope } of parts) holdToQuotas(tx, scope);
  const { entries, vips } = yield* wantedByAll(tx, parts);
  const vipKeys = new Set(vips.map(({ key }) => key));
  const [{ leaving }] = parts;
  const current = parts.flatMap(({ scope, shallow = false }) =>
    tx.entriesOf(scope).filter(({ path }) => !shallow || path === scope),
  );
  const [addresses, others] = partition(current.filter(({ key }) => !entries.has(key) && !vipKeys.has(key)));
  for (const entry of others) {
    release(tx, entry, leaving);
    yield;
  }
  const isInside = insideOf(parts);
  for (const entry of entries.values()) {
    const holder = tx.entry(entry.key);
    if (holder?.state === 'living' && !isInside(holder.path)) throw taken(entry, holder.path);
    tx.putEntry(settled(entry, holder));
    if (entryKindOf(entry.key) === 'service') endOtherSourceNat(tx, entry.key, entries);
    yield;
  }
  syncVips(tx, vips, isInside);
  releaseVips(tx, addresses, { isInside, leaving });
}

/** A shallow part is one resource, without those below it. */
function insideOf(parts: readonly SyncOptions[]): (path: string) => boolean {
  const scopes = new Map(parts.map(({ scope, shallow = false }) => [scope, shallow]));
  return (path) => {
    for (let above = path; above !== ''; above = parentPath(above)) {
      const shallow = scopes.get(above);
      if (shallow !== undefined && (above === path || !shallow)) return true;
    }
    return false;
  };
}

/** Has the entries of everything that was at this path leave. */
export function* releaseAll(tx: Transaction, path: string, leaving: Leaving): Slices<void> {
  const [addresses, others] = partition(tx.entriesOf(path));
  for (const entry of others) {
    release(tx, entry, leaving);
    yield;
  }
  releaseVips(tx, addresses, { isInside: (inside) => isWithin(inside, path), leaving });
}

/** Addresses, and what can have one owner only. */
function partition(entries: readonly OwnedEntry[]): [OwnedEntry[], OwnedEntry[]] {
  const isAddress = ({ key }: OwnedEntry) => entryKindOf(key) === 'address';
  return [entries.filter(isAddress), entries.filter((entry) => !isAddress(entry))];
}

/** Connections go on without it, and new ones are not to have it: it does not wait for a drain. */
function endOtherSourceNat(tx: Transaction, frontend: string, wanted: Wanted['entries']): void {
  const key = snatKey(frontend);
  const entry = wanted.has(key) ? undefined : tx.entry(key);
  if (entry && entry.state !== 'removing') tx.putEntry({ ...entry, state: 'removing' });
}

/** What is stored for a wanted entry: what is there, where nothing but the revision differs. A drain that goes on began when it began. */
function settled(wanted: OwnedEntry, holder: OwnedEntry | undefined): OwnedEntry {
  if (!holder) return wanted;
  const { drainDeadline, origin } = holder;
  const next =
    wanted.drainDeadline && drainDeadline
      ? { ...wanted, origin, drainDeadline: movedDeadline({ ...holder, drainDeadline }, wanted.drainSeconds) }
      : { ...wanted, origin };
  return isDeepStrictEqual({ ...holder, revision: next.revision }, next) ? holder : next;
}
