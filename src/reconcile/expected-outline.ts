/**
 * What an outline of the table is to show, so that a pass need not read the rows of what is as it should be: in memory, one
 * text for each service that has owned entries. The store tells of each entry that changes, and what has changed is read
 * again before the next comparison.
 */
import { entryKindOf, frontendKey, frontendKeyOf, parseFrontend } from '../domain/keys.js';
import {
  frontendsOfOneName,
  type Outline,
  outlineName,
  outlineOf,
  type ServiceOutline,
} from '../domain/outline.js';
import { inTurns, type Slices } from '../domain/slices.js';
import type { ServiceConfig } from '../domain/table.js';
import type { OwnedEntry, Reader, Store } from '../store/store.js';
import { entryPages } from './entry-pages.js';

export interface Compared {
  /** Keys of frontends, addresses and source NAT that have to be looked at entry by entry. */
  readonly doubtful: ReadonlySet<string>;
  /** How many owned entries all others have: they are as they should be, as far as the outline shows. */
  readonly settled: number;
}

export interface ExpectedOutline {
  /** `suspected`: frontends that are doubtful whatever the outline shows. */
  compare(outline: Outline, suspected: ReadonlySet<string>): Promise<Compared>;
}

interface Expected extends ServiceOutline {
  readonly frontends: readonly string[];
}

/** Frontends whose rows are read at once. */
const FRONTENDS_PER_READ = 50;

export function createExpectedOutline(store: Store): ExpectedOutline {
  const services = new Map<string, Expected>();
  /** What `services` does not tell of: it has changed, will change without a word (fresh), or no outline shows it. */
  const unknown = new Set<string>();
  let isLoaded = false;
  store.onEntryChanges((keys) => {
    for (const key of keys) unknown.add(frontendKeyOf(key));
  });

  async function load(): Promise<void> {
    for await (const page of entryPages(store)) for (const { key } of page) unknown.add(frontendKeyOf(key));
    isLoaded = true;
  }

  function* refresh(): Slices<void> {
    const keys = [...unknown];
    for (let from = 0; from < keys.length; from += FRONTENDS_PER_READ) {
      const some = keys.slice(from, from + FRONTENDS_PER_READ);
      store.read((reader) => {
        for (const key of some) refreshOne(reader, key);
      });
      yield;
    }
  }

  function refreshOne(reader: Reader, key: string): void {
    if (entryKindOf(key) !== 'service') {
      if (!reader.entry(key)) unknown.delete(key);
      return;
    }
    const frontend = parseFrontend(key);
    const frontends = frontendsOfOneName(frontend).map(frontendKey);
    const rows = frontends.flatMap((one) => reader.entriesOfFrontend(one));
    const name = outlineName(frontend);
    services.delete(name);
    for (const one of frontends) unknown.delete(one);
    const owned = [...new Set(rows.map((row) => frontendKeyOf(row.key)))];
    const outline = rows.every(isSettled) ? outlineOf(rows as Settled[]).get(name) : undefined;
    if (outline) services.set(name, { ...outline, frontends: owned });
    else for (const one of owned) unknown.add(one);
  }

  return {
    async compare(outline, suspected) {
      if (!isLoaded) await load();
      await inTurns(refresh());
      const doubtful = new Set([...unknown, ...suspected]);
      let settled = 0;
      for (const [name, { frontends, text, entries }] of services) {
        const isShown = outline.get(name)?.text === text;
        if (isShown && !frontends.some((key) => doubtful.has(key))) settled += entries;
        else for (const key of frontends) doubtful.add(key);
      }
      return { doubtful, settled };
    },
  };
}

/** Of services and destinations alone: the rows of one frontend. */
type Settled = OwnedEntry & { readonly config: ServiceConfig };

/** Nothing but its attributes is left to be looked at. */
function isSettled({ state, origin }: OwnedEntry): boolean {
  return state !== 'removing' && origin !== 'fresh';
}
