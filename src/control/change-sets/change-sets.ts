/** Changes of many resources, all or nothing. */
import { DomainError, type Violation } from '../../domain/errors.js';
import { isWithin, kindOf, parentPath } from '../../domain/names.js';
import { type ChangeSet, ChangeSetFrame } from '../../domain/schema/change-set.js';
import { createValidator } from '../../domain/validate.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { Reader, ResourceChange, Store, Transaction } from '../../store/store.js';
import type { ChangeSets } from '../control.js';
import { found, hasChildren, requireAncestors } from '../definitions/resources.js';
import { putTree, treeOf } from '../definitions/trees.js';
import { syncEntries } from '../entries/entries.js';
import { leavingNow } from '../entries/leaving.js';
import { checkPreconditions, etagOf, treeEtag } from '../preconditions.js';
import { keeping } from '../retries/kept-answers.js';
import { previewOf, writeContext } from '../write-context.js';
import { authoriseChanges } from './change-set-access.js';
import { type Item, planItems, restoredResources } from './change-set-plan.js';
import { scopesOf } from './change-set-scopes.js';
import { holdToDeletions } from './deletions.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly now: () => Date;
}

export function createChangeSets({ store, reconciler, now }: Dependencies): ChangeSets {
  const validate = createValidator(ChangeSetFrame);

  return {
    async create(call, body, { validateOnly = false, drain = true }) {
      authoriseChanges(call, body);
      const frame = validate(body);
      const items = planItems(frame);
      const find = finder(items);
      const job = {
        context: writeContext(call, 'createChangeSet'),
        scope: commonScope(items),
        change: keeping(call, change, (tx) => {
          const state = tx.changes().length === 0 ? 'unchanged' : 'applied';
          const results = resultsOf(tx, items, tx.changes());
          return { changeSet: { state, revision: tx.revision(), results } };
        }),
      };
      function change(tx: Transaction) {
        carryOut(tx, items);
        holdToDeletions(tx, frame.maxDeletions);
        const [first, ...rest] = scopesOf(tx, items).map((part) => ({
          ...part,
          capabilities: reconciler.director.info?.capabilities ?? null,
          leaving: leavingNow(tx, reconciler, { drain, now: now() }),
          pointerTo: (path: string) => find(path)?.specPointer(path) ?? '',
        }));
        if (first) syncEntries(tx, first, ...rest);
      }
      try {
        if (validateOnly) return { preview: previewOf(await reconciler.preview(job)) };
        const { changes, pending, revision } = await reconciler.write(job);
        const state = changes.length === 0 ? 'unchanged' : pending ? 'pending' : 'applied';
        const results = store.read((reader) => resultsOf(reader, items, changes));
        return { changeSet: { state, revision, results } };
      } catch (error) {
        throw pointed(error, find);
      }
    },
  };
}

/** What all of them are at or below: a cluster, a project, or "". */
function commonScope(items: readonly Item[]): string {
  const [first, ...rest] = items.map(({ path }) => path);
  let scope = first ?? '';
  for (const path of rest) while (scope !== '' && !isWithin(path, scope)) scope = parentPath(scope);
  return scope;
}

/** Everything but the entries. Deletions first, from the leaves up; then what is put, from the clusters down. */
function carryOut(tx: Transaction, items: readonly Item[]): void {
  for (const item of items) at(item, () => checkItem(tx, item));
  const byDepth = items.toSorted((a, b) => a.path.split('/').length - b.path.split('/').length);
  for (const item of byDepth.toReversed()) if (item.type === 'delete') at(item, () => remove(tx, item));
  const known = new Set<string>();
  for (const item of byDepth) {
    if (item.type === 'delete') continue;
    const parent = parentPath(item.path);
    if (!known.has(parent)) at(item, () => requireAncestors(tx, parent));
    known.add(parent);
    const current = item.type === 'put' ? [] : treeOf(tx, item.path);
    const wanted = item.type === 'restore' ? at(item, () => restoredResources(tx, item)) : item.wanted;
    putTree(tx, current, wanted);
  }
}

/** Entity tags are those of before the change-set. */
function checkItem(tx: Transaction, item: Item): void {
  const { path, ifMatch, onlyCreate } = item;
  if (ifMatch === undefined && !onlyCreate) return;
  const current = tx.resource(path);
  const etag = current && (isWholeCluster(item) ? treeEtag(treeOf(tx, path)) : etagOf(current.revision));
  checkPreconditions(path, etag, { ...(ifMatch !== undefined && { ifMatch }), onlyCreate });
}

/** Whose entity tag is that of the tree. */
function isWholeCluster({ type, path }: Item): boolean {
  return type === 'putDefinition' || (type === 'restore' && kindOf(path) === 'cluster');
}

function remove(tx: Transaction, { path, cascade }: Item): void {
  requireAncestors(tx, parentPath(path));
  found(tx, path);
  const below = tx.descendants(path);
  if (below.length > 0 && !cascade) throw hasChildren(path, below.length);
  for (const one of below.toReversed()) tx.remove(one.path);
  tx.remove(path);
}

type Find = (path: string) => Item | undefined;

/** The item that a resource belongs to: its own, or that of the nearest above it. */
function finder(items: readonly Item[]): Find {
  const byPath = new Map(items.map((item) => [item.path, item]));
  return (path) => {
    for (let above = path; above !== ''; above = parentPath(above)) {
      const item = byPath.get(above);
      if (item) return item;
    }
    return undefined;
  };
}

function at<T>(item: Item, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw pointing(error, item.pointer);
  }
}

/** An error about a resource says which item brought it about. */
function pointed(error: unknown, find: Find): unknown {
  const resource = error instanceof DomainError ? error.metadata.resource : undefined;
  const item = resource === undefined ? undefined : find(resource);
  return item ? pointing(error, item.pointer) : error;
}

function pointing(error: unknown, pointer: string): unknown {
  if (!(error instanceof DomainError) || error.violations.length > 0) return error;
  const { reason, message, metadata } = error;
  const violation: Violation = { reason, pointer, detail: message };
  return new DomainError(reason, message, { metadata, violations: [violation], cause: error });
}

function resultsOf(
  reader: Reader,
  items: readonly Item[],
  changes: readonly ResourceChange[],
): ChangeSet['results'] {
  const byPath = new Map(changes.map((change) => [change.path, change]));
  const trees = new Map(items.filter(({ type }) => type !== 'put').map(({ path }) => [path, 0]));
  for (const { path } of changes) {
    for (let above = path; above !== ''; above = parentPath(above)) {
      const count = trees.get(above);
      if (count !== undefined) trees.set(above, count + 1);
    }
  }
  return items.map((item) => {
    const { path } = item;
    const change = byPath.get(path);
    const resourcesChanged = trees.get(path) ?? (change ? 1 : 0);
    const etag = isWholeCluster(item) ? treeEtag(treeOf(reader, path)) : etagNow(reader, path);
    return { resource: path, result: resultOf(change, resourcesChanged > 0), etag, resourcesChanged };
  });
}

function resultOf(
  change: ResourceChange | undefined,
  isChanged: boolean,
): ChangeSet['results'][number]['result'] {
  if (change?.after === null) return 'deleted';
  if (change?.before === null) return 'created';
  return isChanged ? 'updated' : 'unchanged';
}

function etagNow(reader: Reader, path: string): string | null {
  const resource = reader.resource(path);
  return resource ? etagOf(resource.revision) : null;
}
