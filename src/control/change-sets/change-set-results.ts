/** What a change-set tells of each of its items. */
import { kindOf, parentPath } from '../../domain/names.js';
import type { ChangeSet } from '../../domain/schema/change-set.js';
import type { Slices } from '../../domain/slices.js';
import type { Reader, ResourceChange, Transaction } from '../../store/store.js';
import { treeOf } from '../definitions/trees.js';
import { etagOf, treeEtag } from '../preconditions.js';
import type { Item } from './change-set-plan.js';

/** Whose entity tag is that of the tree. */
export function isWholeCluster({ type, path }: Item): boolean {
  return type === 'putDefinition' || (type === 'restore' && kindOf(path) === 'cluster');
}

/** Of what the write has come to. */
export function* resultsOf(tx: Transaction, items: readonly Item[]): Slices<ChangeSet['results']> {
  const byPath = new Map<string, ResourceChange>();
  const trees = new Map(items.filter(({ type }) => type !== 'put').map(({ path }) => [path, 0]));
  for (const change of tx.changes()) {
    byPath.set(change.path, change);
    for (let above = change.path; trees.size > 0 && above !== ''; above = parentPath(above)) {
      const count = trees.get(above);
      if (count !== undefined) trees.set(above, count + 1);
    }
    yield;
  }
  const results: ChangeSet['results'] = [];
  for (const item of items) {
    const { path } = item;
    const change = byPath.get(path);
    const resourcesChanged = trees.get(path) ?? (change ? 1 : 0);
    const etag = isWholeCluster(item) ? treeEtag(yield* treeOf(tx, path)) : etagNow(tx, path, change);
    const result = resultOf(change, resourcesChanged > 0);
    results.push({ resource: path, result, etag, resourcesChanged });
    yield;
  }
  return results;
}

function resultOf(
  change: ResourceChange | undefined,
  isChanged: boolean,
): ChangeSet['results'][number]['result'] {
  if (change?.after === null) return 'deleted';
  if (change?.before === null) return 'created';
  return isChanged ? 'updated' : 'unchanged';
}

function etagNow(reader: Reader, path: string, change: ResourceChange | undefined): string | null {
  const resource = change ? change.after : reader.resource(path);
  return resource ? etagOf(resource.revision) : null;
}
