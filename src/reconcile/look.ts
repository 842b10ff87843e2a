/** What a survey looks at: everything, or what a quick look leaves in doubt. */
import { type DirectorTable, isDirectorsOwn } from '../domain/entry.js';
import { entryKindOf, frontendKeyOf } from '../domain/keys.js';
import type { OwnedEntry } from '../store/store.js';
import type { KernelSide } from './apply-changes.js';
import { entryPages, pagesOf } from './entry-pages.js';

/** deep: every attribute of every entry. quick: what an outline of the table shows, and all of what is in doubt then. */
export type Depth = 'quick' | 'deep';

export interface Look {
  /** The director's entries that are to be compared, and all that are not in the IPVS table. */
  readonly actual: DirectorTable;
  /** The owned entries to compare with them, in slices. */
  readonly pages: AsyncIterable<readonly OwnedEntry[]>;
  /** How many owned entries there are beside these: the director has them as they should be. */
  readonly settled: number;
  /** How many entries somebody made for the director to use, lvsd included. */
  readonly made: number;
}

/** Rejects with KernelUnavailableError. */
export async function look(side: KernelSide, depth: Depth): Promise<Look> {
  return (depth === 'quick' ? await quickLook(side) : undefined) ?? deepLook(side);
}

async function deepLook({ driver, store }: KernelSide): Promise<Look> {
  const actual = await driver.read();
  return { actual, pages: entryPages(store), settled: 0, made: countMade(actual) };
}

/** Undefined when the driver has no outline. */
async function quickLook({ driver, store, expected, problems, owed }: KernelSide): Promise<Look | undefined> {
  const shown = await driver.outline();
  if (!shown) return undefined;
  const suspected = new Set([...problems.keys(), ...owed.keys()].map(frontendKeyOf));
  const { doubtful, settled } = await expected.compare(shown.services, suspected);
  const services = [...doubtful].filter((key) => entryKindOf(key) === 'service');
  const actual = new Map([...(await driver.readServices(services)), ...shown.around]);
  let made = countMade(shown.around);
  for (const { entries } of shown.services.values()) made += entries;
  return { actual, pages: pagesOf(store, doubtful), settled, made };
}

function countMade(entries: DirectorTable): number {
  let made = 0;
  for (const entry of entries.values()) if (isDirectorsOwn(entry)) made += 1;
  return made;
}
