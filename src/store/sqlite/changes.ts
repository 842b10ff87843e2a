import { isDeepStrictEqual } from 'node:util';
import type { EntryChange, OwnedEntry, ResourceChange, StoredResource } from '../store.js';

/** Remembers each thing as it was before its first change and as it is after its last. */
export interface ChangeLog<T> {
  add(id: string, before: T | undefined, after: T | null): void;
  /** Before its first change: null when it was not there, undefined when it has not been changed. */
  before(id: string): T | null | undefined;
  /** In the order of the first change, without those that `isSame` or that neither were nor are. */
  list(isSame: (before: T, after: T) => boolean): { id: string; before: T | null; after: T | null }[];
}

export function createChangeLog<T>(): ChangeLog<T> {
  const changes = new Map<string, { before: T | null; after: T | null }>();
  return {
    add(id, before, after) {
      const change = changes.get(id);
      if (change === undefined) changes.set(id, { before: before ?? null, after });
      else change.after = after;
    },
    before: (id) => changes.get(id)?.before,
    list(isSame) {
      return [...changes]
        .filter(([, { before, after }]) =>
          before === null || after === null ? before !== after : !isSame(before, after),
        )
        .map(([id, { before, after }]) => ({ id, before, after }));
    },
  };
}

/** Equal for a client: its revision may differ. */
export function sameContent(a: Content, b: Content): boolean {
  return isDeepStrictEqual(a.labels, b.labels) && isDeepStrictEqual(a.spec, b.spec);
}

type Content = Pick<StoredResource, 'labels' | 'spec'>;

export function resourceChanges(log: ChangeLog<StoredResource>): ResourceChange[] {
  return log.list(sameContent).map(({ id, before, after }) => ({ path: id, before, after }));
}

export function entryChanges(log: ChangeLog<OwnedEntry>): EntryChange[] {
  return log.list(isDeepStrictEqual).map(({ id, before, after }) => ({ key: id, before, after }));
}
