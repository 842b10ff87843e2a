/** A cluster with everything below it, in the store. */
import type { Slices } from '../../domain/slices.js';
import type { Reader, StoredResource, Transaction } from '../../store/store.js';
import type { Wanted } from './definition-document.js';

const RESOURCES_PER_PAGE = 100;

/** The resource at the path and everything below it, parents first; empty when there is none. */
export function* treeOf(reader: Reader, path: string): Slices<StoredResource[]> {
  const tree: StoredResource[] = [];
  for (let after = ''; ; ) {
    const page = reader.subtree({ path, after, limit: RESOURCES_PER_PAGE });
    for (const resource of page) tree.push(resource);
    const last = page.at(-1);
    if (!last || page.length < RESOURCES_PER_PAGE) return tree;
    after = last.path;
    yield;
  }
}

/** Makes a tree what is wanted, both with parents first; what is not wanted any more is removed. */
export function* putTree(
  tx: Transaction,
  current: readonly StoredResource[],
  wanted: readonly Wanted[],
): Slices<void> {
  const kept = new Set(wanted.map(({ path }) => path));
  for (const { path } of current.toReversed()) {
    if (!kept.has(path)) tx.remove(path);
    yield;
  }
  for (const one of wanted) {
    tx.put(one);
    yield;
  }
}
