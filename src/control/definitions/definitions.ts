/** The cluster as one document. */
import { type Names, parentPath, pathOf } from '../../domain/names.js';
import { atOnce, inTurns, type Slices } from '../../domain/slices.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { Reader, Store, Transaction } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import { holdToDeletions } from '../change-sets/deletions.js';
import type {
  Call,
  Definitions,
  ReplaceDefinitionOptions,
  TaggedDefinition,
  WriteAnswer,
} from '../control.js';
import { syncEntries } from '../entries/entries.js';
import { leavingNow } from '../entries/leaving.js';
import { notThen, requireNumber, treeAsOf } from '../history/as-of.js';
import type { OperationName } from '../operations.js';
import { checkPreconditions, treeEtag } from '../preconditions.js';
import { keeping } from '../retries/kept-answers.js';
import { previewOf, writeContext } from '../write-context.js';
import { documentOf, documentPointer, resourcesOf } from './definition-document.js';
import { found, isCreated, requireAncestors } from './resources.js';
import { putTree, treeOf } from './trees.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly now: () => Date;
}

/** As `Definitions.replace`, for operations that have authorised their caller. */
export type ReplaceDefinition = (
  call: Call,
  write: {
    readonly names: Names;
    readonly body: unknown;
    readonly action: OperationName;
    /** What the caller is to be answered; default: this operation's own answer. */
    readonly answer?: object;
  },
  options: ReplaceDefinitionOptions,
) => Promise<WriteAnswer<TaggedDefinition>>;

export function createDefinitions(dependencies: Dependencies): Definitions {
  const { store } = dependencies;
  const replace = definitionReplacement(dependencies);

  return {
    async get(call, names, { revision } = {}) {
      authorise(call, 'getDefinition', names);
      return store.read((reader) =>
        revision === undefined ? atOnce(tagged(reader, names)) : taggedAsOf(reader, names, revision),
      );
    },

    async replace(call, names, body, options) {
      authorise(call, 'replaceDefinition', names);
      return replace(call, { names, body, action: 'replaceDefinition' }, options);
    },
  };
}

export function definitionReplacement({ reconciler, now }: Omit<Dependencies, 'store'>): ReplaceDefinition {
  return async (call, { names, body, action, answer }, options) => {
    const path = pathOf(names);
    const parsing = inTurns(resourcesOf(path, body));
    // Short ones keep the order in which they were called: no turn before they are in the queue.
    const wanted = parsing instanceof Promise ? await parsing : parsing;
    const job = {
      context: writeContext(call, action),
      scope: path,
      change: keeping(call, change, (tx, resource) => {
        const created = isCreated(tx.changes(), path);
        return answer ?? { resource, created, pending: false };
      }),
    };
    function* change(tx: Transaction): Slices<TaggedDefinition> {
      requireAncestors(tx, parentPath(path));
      const current = yield* treeOf(tx, path);
      checkPreconditions(path, current.length > 0 ? treeEtag(current) : undefined, options);
      yield* putTree(tx, current, wanted);
      holdToDeletions(tx, options.maxDeletions);
      yield* syncEntries(tx, {
        scope: path,
        capabilities: reconciler.director.info?.capabilities ?? null,
        leaving: leavingNow(tx, reconciler, { drain: options.drain, now: now() }),
        pointerTo: (below) => `${documentPointer(path, below)}/spec`,
      });
      return yield* tagged(tx, names);
    }
    if (options.validateOnly) return { preview: previewOf(await reconciler.preview(job)) };
    const { changes, pending, value: resource } = await reconciler.write(job);
    return { resource, created: isCreated(changes, path), pending };
  };
}

export function* tagged(reader: Reader, names: Names): Slices<TaggedDefinition> {
  requireAncestors(reader, parentPath(pathOf(names)));
  found(reader, pathOf(names));
  const resources = yield* treeOf(reader, pathOf(names));
  return { definition: yield* documentOf(resources), etag: treeEtag(resources) };
}

/** Its entity tag is none that a write could ask for: what is past does not change. */
function taggedAsOf(reader: Reader, names: Names, revision: number): TaggedDefinition {
  const path = pathOf(names);
  requireAncestors(reader, parentPath(path));
  const tree = treeAsOf(reader, path, requireNumber('revision', revision));
  if (tree.length === 0) throw notThen(reader, path, revision);
  return { definition: atOnce(documentOf(tree)), etag: `"as-of-${revision}"` };
}
