/**
 * What there is, in pieces, while others go on writing. No transaction is held open: pages are read one after the other, each
 * as of its own moment, and then everything that was changed since the first one is sent again, as it is at the last
 * moment, until nothing is left. What has been sent up to there is what the store held at the revision of that moment.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isWithin, kindAt, pathOf } from '../../domain/names.js';
import type { Reader, Store, StoredResource } from '../../store/store.js';
import type { ResourceItem, WatchItem } from './items.js';
import type { Selection } from './selection.js';

/** A resource as its own `get` shows it; undefined: of no kind that watchers see. */
export type PresentAny = (stored: StoredResource, reader: Reader) => ResourceItem | undefined;

export interface Snapshot {
  readonly store: Pick<Store, 'read'>;
  readonly present: PresentAny;
  readonly selection: Selection;
  readonly signal: AbortSignal;
}

/** Resources that are read and presented in one turn of the event loop. */
const PAGE = 100;

/** Where there is everything that watchers see. */
const EVERYTHING = 'projects';

/** Ends with `synced`, and returns its revision; undefined when the signal aborted before. */
export async function* snapshot(options: Snapshot): AsyncGenerator<readonly WatchItem[], number | undefined> {
  const { store, selection, signal } = options;
  let position = store.read((reader) => reader.revision());
  for (const root of rootsOf(selection)) {
    for (let after = ''; ; ) {
      await nextTurn();
      if (signal.aborted) return undefined;
      const { items, last } = page(options, root, after);
      if (items.length > 0) yield items;
      if (last === undefined) break;
      after = last;
    }
  }
  for (;;) {
    await nextTurn();
    if (signal.aborted) return undefined;
    const { items, upTo, isNewest } = changesAfter(options, position);
    if (items.length > 0) yield items;
    position = upTo;
    if (!isNewest) continue;
    yield [{ type: 'synced', revision: position }];
    return position;
  }
}

/** `last` is undefined when there is nothing after the page. */
function page({ store, present, selection }: Snapshot, root: string, after: string) {
  return store.read((reader) => {
    const found = reader.subtree({ path: root, after, limit: PAGE });
    const items = found.filter(isChosen(selection)).flatMap((stored) => present(stored, reader) ?? []);
    return { items, last: found.length === PAGE ? found.at(-1)?.path : undefined };
  });
}

function changesAfter({ store, present, selection }: Snapshot, position: number) {
  return store.read((reader) => {
    const { projects, resource } = selection;
    const events = reader.events({
      order: 'ascending',
      after: position,
      limit: PAGE,
      kinds: ['change'],
      ...(projects && { projects }),
      ...(resource && { resource }),
    });
    const isWanted = isChosen(selection);
    const paths = [...new Set(events.map((event) => event.resource))].filter((path) => isWanted({ path }));
    const items = paths.flatMap((path): WatchItem[] => {
      const stored = reader.resource(path);
      if (stored === undefined) return [{ type: 'removed', path }];
      const item = present(stored, reader);
      return item ? [item] : [];
    });
    const isNewest = events.length < PAGE;
    return { items, isNewest, upTo: isNewest ? reader.revision() : (events.at(-1)?.id ?? position) };
  });
}

function rootsOf({ projects, resource }: Selection): readonly string[] {
  const allowed = projects?.map((project) => pathOf({ project }));
  if (resource === undefined) return allowed ?? [EVERYTHING];
  const isAllowed = allowed === undefined || allowed.some((root) => isWithin(resource, root));
  return isAllowed ? [resource] : [];
}

/** As events are chosen, but for their kinds. */
function isChosen({ resourceKinds }: Selection): (resource: Pick<StoredResource, 'path'>) => boolean {
  return ({ path }) => resourceKinds.length === 0 || resourceKinds.some((kind) => kind === kindAt(path));
}
