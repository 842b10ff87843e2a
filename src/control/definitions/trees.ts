/** A cluster with everything below it, in the store. */
import type { Reader, StoredResource, Transaction } from '../../store/store.js';
import type { Wanted } from './definition-document.js';

/** The resource at the path and everything below it, parents first; empty when there is none. */
export function treeOf(reader: Reader, path: string): StoredResource[] {
  const root = reader.resource(path);
  return root ? [root, ...reader.descendants(path)] : [];
}

/** Makes a tree what is wanted, both with parents first; what is not wanted any more is removed. */
export function putTree(
  tx: Transaction,
  current: readonly StoredResource[],
  wanted: readonly Wanted[],
): void {
  const kept = new Set(wanted.map(({ path }) => path));
  for (const { path } of [...current].reverse()) if (!kept.has(path)) tx.remove(path);
  for (const one of wanted) tx.put(one);
}
