/** Changes of many resources, all or nothing. */
import { DomainError, type Violation } from '../../domain/errors.js';
import { isWithin, KINDS, type Kind, kindOf, parentPath } from '../../domain/names.js';
import { type ChangeSet, ChangeSetFrame } from '../../domain/schema/change-set.js';
import { inTurns, type Slices, slicesOf } from '../../domain/slices.js';
import { createValidator } from '../../domain/validate.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { Transaction } from '../../store/store.js';
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
import { isWholeCluster, resultsOf } from './change-set-results.js';
import { scopesOf } from './change-set-scopes.js';
import { holdToDeletions } from './deletions.js';

interface Dependencies {
  readonly reconciler: Reconciler;
  readonly now: () => Date;
}

export function createChangeSets({ reconciler, now }: Dependencies): ChangeSets {
  const validate = createValidator(ChangeSetFrame);

  return {
    async create(call, body, { validateOnly = false, drain = true }) {
      authoriseChanges(call, body);
      const frame = validate(body);
      const planning = inTurns(planOf(frame));
      // Short ones keep the order in which they were called: no turn before they are in the queue.
      const { items, scope, find } = planning instanceof Promise ? await planning : planning;
      const job = {
        context: writeContext(call, 'createChangeSet'),
        scope,
        change: keeping(call, change, (tx, results) => {
          const state = tx.changes().length === 0 ? 'unchanged' : 'applied';
          return { changeSet: { state, revision: tx.revision(), results } };
        }),
      };
      function* change(tx: Transaction): Slices<ChangeSet['results']> {
        yield* carryOut(tx, items);
        holdToDeletions(tx, frame.maxDeletions);
        const [first, ...rest] = (yield* scopesOf(tx, items)).map((part) => ({
          ...part,
          capabilities: reconciler.director.info?.capabilities ?? null,
          leaving: leavingNow(tx, reconciler, { drain, now: now() }),
          pointerTo: (path: string) => find(path)?.specPointer(path) ?? '',
        }));
        if (first) yield* syncEntries(tx, first, ...rest);
        return yield* resultsOf(tx, items);
      }
      try {
        if (validateOnly) return { preview: previewOf(await reconciler.preview(job)) };
        const { changes, pending, revision, value: results } = await reconciler.write(job);
        const state = changes.length === 0 ? 'unchanged' : pending ? 'pending' : 'applied';
        return { changeSet: { state, revision, results } };
      } catch (error) {
        throw pointed(error, find);
      }
    },
  };
}

interface Plan {
  readonly items: readonly Item[];
  /** What all of them are at or below: a cluster, a project, or "". */
  readonly scope: string;
  readonly find: Find;
}

function* planOf(frame: ChangeSetFrame): Slices<Plan> {
  const items = yield* planItems(frame);
  let scope = items[0]?.path ?? '';
  const byPath = new Map<string, Item>();
  for (const item of items) {
    while (scope !== '' && !isWithin(item.path, scope)) scope = parentPath(scope);
    byPath.set(item.path, item);
    yield;
  }
  return { items, scope, find: finder(byPath) };
}

/** Everything but the entries. Deletions first, from the leaves up; then what is put, from the clusters down. */
function* carryOut(tx: Transaction, items: readonly Item[]): Slices<void> {
  for (const item of items) {
    if (item.ifMatch !== undefined || item.onlyCreate) yield* at(item, () => checkItem(tx, item));
    yield;
  }
  const byDepth = yield* fromTheTop(items);
  for (const item of byDepth.toReversed()) {
    if (item.type === 'delete') yield* at(item, () => remove(tx, item));
    yield;
  }
  const known = new Set<string>();
  for (const item of byDepth) {
    if (item.type === 'delete') continue;
    const parent = parentPath(item.path);
    if (!known.has(parent)) yield* at(item, () => requireAncestors(tx, parent));
    known.add(parent);
    const current = item.type === 'put' ? [] : yield* treeOf(tx, item.path);
    const wanted = item.type === 'restore' ? yield* at(item, () => restoredResources(tx, item)) : item.wanted;
    yield* putTree(tx, current, wanted);
  }
}

function* fromTheTop(items: readonly Item[]): Slices<Item[]> {
  const levels = new Map<Kind, Item[]>(KINDS.map((kind) => [kind, []]));
  for (const item of items) {
    levels.get(kindOf(item.path))?.push(item);
    yield;
  }
  return [...levels.values()].flat();
}

/** Entity tags are those of before the change-set. */
function* checkItem(tx: Transaction, item: Item): Slices<void> {
  const { path, ifMatch, onlyCreate } = item;
  const current = tx.resource(path);
  const etag =
    current && (isWholeCluster(item) ? treeEtag(yield* treeOf(tx, path)) : etagOf(current.revision));
  checkPreconditions(path, etag, { ...(ifMatch !== undefined && { ifMatch }), onlyCreate });
}

function* remove(tx: Transaction, { path, cascade }: Item): Slices<void> {
  requireAncestors(tx, parentPath(path));
  found(tx, path);
  const below = tx.descendants(path);
  if (below.length > 0 && !cascade) throw hasChildren(path, below.length);
  for (const one of below.toReversed()) {
    tx.remove(one.path);
    yield;
  }
  tx.remove(path);
}

type Find = (path: string) => Item | undefined;

/** The item that a resource belongs to: its own, or that of the nearest above it. */
function finder(byPath: ReadonlyMap<string, Item>): Find {
  return (path) => {
    for (let above = path; above !== ''; above = parentPath(above)) {
      const item = byPath.get(above);
      if (item) return item;
    }
    return undefined;
  };
}

function* at<T>(item: Item, work: () => T | Slices<T>): Slices<T> {
  try {
    return yield* slicesOf(work());
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
