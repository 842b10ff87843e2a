/**
 * A look at the whole table beside ongoing writes, which may therefore suspect too much: what it suspects has to be read
 * again, in turn with the writes, before anything is done or said about it.
 */
import { type AddressEntry, type DirectorTable, isDirectorsOwn } from '../domain/entry.js';
import { frontendKeyOf } from '../domain/keys.js';
import { differences, hasConfig } from '../domain/plan.js';
import type { OwnedEntry } from '../store/store.js';
import type { KernelSide } from './apply-changes.js';
import { countsAsDrift } from './drift-policy.js';
import { type Depth, look } from './look.js';

export interface Survey {
  /** Frontends with something that may have to be done. */
  readonly suspects: ReadonlySet<string>;
  readonly ownedEntries: number;
  /** Owned entries that the kernel has, with whatever attributes. */
  readonly present: number;
  /** Differences that nobody asked for, as far as it looks. */
  readonly drift: number;
}

/** Rejects with KernelUnavailableError. */
export async function survey(side: KernelSide, depth: Depth): Promise<Survey> {
  const { actual, pages, settled, made } = await look(side, depth);
  const suspects = new Set([...side.problems.keys()].map(frontendKeyOf));
  const orphans = new Set(side.problems.keys());
  let [ownedEntries, present, drift] = [settled, settled, 0];
  for await (const page of pages) {
    for (const difference of differences(page, actual)) {
      suspects.add(frontendKeyOf(difference.desired.key));
      if (countsAsDrift(side, difference)) drift += 1;
    }
    for (const entry of page) {
      orphans.delete(entry.key);
      if (isPresent(entry, actual)) present += 1;
      if (isUnsettled(entry, actual) || side.owed.has(entry.key)) suspects.add(frontendKeyOf(entry.key));
    }
    ownedEntries += page.length;
  }
  forgetOrphans(side, orphans);
  side.director.addresses = addressesOf(actual);
  side.director.foreignEntries = Math.max(0, made - present);
  return { suspects, ownedEntries, present, drift };
}

function addressesOf(actual: DirectorTable): Map<string, AddressEntry> {
  const addresses = new Map<string, AddressEntry>();
  for (const entry of actual.values()) if (entry.kind === 'address') addresses.set(entry.key, entry);
  return addresses;
}

/** What the kernel has under a fresh key with other attributes is somebody else's. */
function isPresent({ key, config, origin }: OwnedEntry, actual: DirectorTable): boolean {
  const entry = actual.get(key);
  return entry !== undefined && isDirectorsOwn(entry) && (origin !== 'fresh' || hasConfig(entry, config));
}

/** Found in the kernel for the first time, or gone from it: the row is to say so. */
function isUnsettled({ key, state, origin }: OwnedEntry, actual: DirectorTable): boolean {
  const entry = actual.get(key);
  const isThere = entry !== undefined && (state === 'living' || isDirectorsOwn(entry));
  return isThere ? origin === 'fresh' : state !== 'living';
}

/** Problems of entries that are not in the database any more: a store fault in the middle of a write leaves such. */
function forgetOrphans({ store, problems }: KernelSide, keys: ReadonlySet<string>): void {
  for (const key of keys) if (!store.read((reader) => reader.entry(key))) problems.delete(key);
}
