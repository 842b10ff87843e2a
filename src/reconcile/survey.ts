/**
 * A look at the whole table beside ongoing writes, which may therefore suspect too much: what it suspects has to be read
 * again, in turn with the writes, before anything is done or said about it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AddressEntry, type DirectorTable, isDirectorsOwn } from '../domain/entry.js';
import { frontendKeyOf } from '../domain/keys.js';
import { differences, hasConfig } from '../domain/plan.js';
import type { OwnedEntry, Store } from '../store/store.js';
import type { KernelSide } from './apply-changes.js';
import { countsAsDrift } from './drift-policy.js';

export interface Survey {
  /** Frontends with something that may have to be done. */
  readonly suspects: ReadonlySet<string>;
  readonly ownedEntries: number;
  /** Owned entries that the kernel has, with whatever attributes. */
  readonly present: number;
  /** Differences that nobody asked for, as far as it looks. */
  readonly drift: number;
}

const ENTRIES_PER_SLICE = 2000;

/** Rejects with KernelUnavailableError. */
export async function survey(side: KernelSide): Promise<Survey> {
  const actual = await side.driver.read();
  const suspects = new Set([...side.problems.keys()].map(frontendKeyOf));
  const orphans = new Set(side.problems.keys());
  let [ownedEntries, present, drift] = [0, 0, 0];
  for await (const page of entryPages(side.store)) {
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
  side.director.foreignEntries = noteAddresses(side, actual) - present;
  return { suspects, ownedEntries, present, drift };
}

/** Returns how many entries somebody made for the director to use, lvsd included. */
function noteAddresses({ director }: KernelSide, actual: DirectorTable): number {
  const addresses = new Map<string, AddressEntry>();
  let made = 0;
  for (const entry of actual.values()) {
    if (isDirectorsOwn(entry)) made += 1;
    if (entry.kind === 'address') addresses.set(entry.key, entry);
  }
  director.addresses = addresses;
  return made;
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
