import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OwnedEntry, Store } from '../store/store.js';

const ENTRIES_PER_SLICE = 500;
const FRONTENDS_PER_SLICE = 50;

/** All owned entries in the order of their keys, in slices between which the event loop runs. */
export async function* entryPages(store: Store): AsyncGenerator<OwnedEntry[]> {
  for (let after = ''; ; ) {
    const page = store.read((reader) => reader.entries({ after, limit: ENTRIES_PER_SLICE }));
    if (page.length > 0) yield page;
    if (page.length < ENTRIES_PER_SLICE) return;
    after = page[page.length - 1]?.key ?? after;
    await nextTurn();
  }
}

/** As `entryPages`, of some frontends, addresses and source NAT. */
export async function* pagesOf(store: Store, keys: Iterable<string>): AsyncGenerator<OwnedEntry[]> {
  const all = [...keys];
  for (let from = 0; from < all.length; from += FRONTENDS_PER_SLICE) {
    const some = all.slice(from, from + FRONTENDS_PER_SLICE);
    yield store.read((reader) => some.flatMap((key) => reader.entriesOfFrontend(key)));
    await nextTurn();
  }
}
