import { isDeepStrictEqual } from 'node:util';
import type { EntryChange, OwnedEntry, ResourceChange, StoredResource } from '../store.js';

interface Change<T> {
  readonly before: T | null;
  readonly after: T | null;
}

/** Remembers each thing as it was before its first change and as it is after its last. */
export interface ChangeLog<T> {
  add(id: string, before: T | undefined, after: T | null): void;
  /** Before its first change: null when it was not there, undefined when it has not been changed. */
  before(id: string): T | null | undefined;
  /** In the order of the first change, without those that `isSame` or that neither were nor are. */
  list<C>(isSame: (before: T, after: T) => boolean, show: (id: string, change: Change<T>) => C): C[];
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
    list(isSame, show) {
      const shown = [];
      for (const [id, change] of changes) {
        const { before, after } = change;
        const isOne = before === null || after === null ? before !== after : !isSame(before, after);
        if (isOne) shown.push(show(id, change));
      }
      return shown;
    },
  };
}

/** Equal for a client: its revision may differ. */
export function sameContent(a: Content, b: Content): boolean {
  return isDeepStrictEqual(a.labels, b.labels) && isDeepStrictEqual(a.spec, b.spec);
}

type Content = Pick<StoredResource, 'labels' | 'spec'>;

export function resourceChanges(log: ChangeLog<StoredResource>): ResourceChange[] {
  return log.list(sameContent, (path, { before, after }) => ({ path, before, after }));
}

export function entryChanges(log: ChangeLog<OwnedEntry>): EntryChange[] {
  return log.list(isDeepStrictEqual, (key, { before, after }) => ({ key, before, after }));
}
