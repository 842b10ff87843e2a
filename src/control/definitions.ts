/** The cluster as one document. */
import { type Violation, violationError } from '../domain/errors.js';
import { childPath, type Names, nameOf, namesOf, parentPath, pathOf } from '../domain/names.js';
import { type Definition, DefinitionInput } from '../domain/schema/definition.js';
import { createValidator, escapePointer } from '../domain/validate.js';
import type { Reconciler } from '../reconcile/reconciler.js';
import type { Reader, Store, StoredResource, Transaction } from '../store/store.js';
import { notThen, requireNumber, treeAsOf } from './as-of.js';
import { authorise } from './authorise.js';
import type { Call, Definitions, TaggedDefinition, WriteAnswer, WriteOptions } from './control.js';
import { syncEntries } from './entries.js';
import { CLUSTER, type KindDescriptor, REAL_SERVER, VIRTUAL_SERVICE } from './kinds.js';
import { leavingNow } from './leaving.js';
import type { OperationName } from './operations.js';
import { checkPreconditions, treeEtag } from './preconditions.js';
import { found, requireAncestors } from './resources.js';
import { previewOf, writeContext } from './write-context.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly now: () => Date;
}

type Wanted = Pick<StoredResource, 'kind' | 'path' | 'labels' | 'spec'>;

/** As `Definitions.replace`, for operations that have authorised their caller. */
export type ReplaceDefinition = (
  call: Call,
  write: { readonly names: Names; readonly body: unknown; readonly action: OperationName },
  options: WriteOptions,
) => Promise<WriteAnswer<TaggedDefinition>>;

export function createDefinitions(dependencies: Dependencies): Definitions {
  const { store } = dependencies;
  const replace = definitionReplacement(dependencies);

  return {
    async get(call, names, { revision } = {}) {
      authorise(call, 'getDefinition', names);
      return store.read((reader) =>
        revision === undefined ? tagged(reader, names) : taggedAsOf(reader, names, revision),
      );
    },

    async replace(call, names, body, options) {
      authorise(call, 'replaceDefinition', names);
      return replace(call, { names, body, action: 'replaceDefinition' }, options);
    },
  };
}

export function definitionReplacement({ store, reconciler, now }: Dependencies): ReplaceDefinition {
  const validate = createValidator(DefinitionInput);

  return async (call, { names, body, action }, options) => {
    const path = pathOf(names);
    const wanted = wantedResources(path, validate(body));
    const job = {
      context: writeContext(call, action),
      scope: path,
      change(tx: Transaction) {
        requireAncestors(tx, parentPath(path));
        const current = tx.resource(path) ? treeOf(tx, path) : [];
        checkPreconditions(path, current.length > 0 ? treeEtag(current) : undefined, options);
        const kept = new Set(wanted.map((one) => one.path));
        for (const one of [...current].reverse()) if (!kept.has(one.path)) tx.remove(one.path);
        for (const one of wanted) tx.put(one);
        syncEntries(tx, {
          scope: path,
          capabilities: reconciler.director.info?.capabilities ?? null,
          leaving: leavingNow(tx, reconciler, { drain: options.drain, now: now() }),
          pointerTo: (below) => `${documentPointer(path, below)}/spec`,
        });
      },
    };
    if (options.validateOnly) return { preview: previewOf(await reconciler.preview(job)) };
    const { changes, pending } = await reconciler.write(job);
    const created = changes.some((one) => one.path === path && one.before === null);
    return { resource: store.read((reader) => tagged(reader, names)), created, pending };
  };
}

export function tagged(reader: Reader, names: Names): TaggedDefinition {
  requireAncestors(reader, parentPath(pathOf(names)));
  found(reader, pathOf(names));
  const resources = treeOf(reader, pathOf(names));
  return { definition: documentOf(resources), etag: treeEtag(resources) };
}

/** Its entity tag is none that a write could ask for: what is past does not change. */
function taggedAsOf(reader: Reader, names: Names, revision: number): TaggedDefinition {
  const path = pathOf(names);
  requireAncestors(reader, parentPath(path));
  const tree = treeAsOf(reader, path, requireNumber('revision', revision));
  if (tree.length === 0) throw notThen(reader, path, revision);
  return { definition: documentOf(tree), etag: `"as-of-${revision}"` };
}

/** The cluster and everything below it, parents first. */
function treeOf(reader: Reader, path: string): StoredResource[] {
  return [found(reader, path), ...reader.descendants(path)];
}

/** Of a cluster and what is below it, parents first. */
export function documentOf(resources: readonly Wanted[]): Definition {
  const [cluster, ...below] = resources as [Wanted, ...Wanted[]];
  const virtualServices: Definition['virtualServices'] = {};
  for (const { kind, path, labels, spec } of below) {
    if (kind === 'virtualService') {
      const service = { labels, spec, realServers: {} } as Definition['virtualServices'][string];
      virtualServices[nameOf(path)] = service;
    } else {
      const service = virtualServices[nameOf(parentPath(path))];
      const server = { labels, spec } as Definition['virtualServices'][string]['realServers'][string];
      if (service) service.realServers[nameOf(path)] = server;
    }
  }
  return { labels: cluster.labels, spec: cluster.spec as Definition['spec'], virtualServices };
}

interface Node {
  readonly labels?: Record<string, string>;
  readonly spec?: unknown;
  readonly virtualServices?: Record<string, Node>;
  readonly realServers?: Record<string, Node>;
}

/** Every resource of the document, normalised, parents first. Throws all violations at once. */
function wantedResources(path: string, document: unknown): Wanted[] {
  const wanted: Wanted[] = [];
  const violations: Violation[] = [];
  const visit = <S>(descriptor: KindDescriptor<S>, at: string, { labels, spec }: Node) => {
    const normalised = descriptor.normalise((spec ?? {}) as never);
    const prefix = `${documentPointer(path, at)}/spec`;
    for (const one of descriptor.violations(normalised)) {
      violations.push({ ...one, pointer: `${prefix}${one.pointer}` });
    }
    wanted.push({ kind: descriptor.kind, path: at, labels: labels ?? {}, spec: normalised });
  };
  const root = document as Node;
  visit(CLUSTER, path, root);
  for (const [name, service] of Object.entries(root.virtualServices ?? {})) {
    const servicePath = childPath(path, 'virtualService', name);
    visit(VIRTUAL_SERVICE, servicePath, service);
    for (const [serverName, server] of Object.entries(service.realServers ?? {})) {
      visit(REAL_SERVER, childPath(servicePath, 'realServer', serverName), server);
    }
  }
  if (violations.length > 0) throw violationError(violations as [Violation, ...Violation[]]);
  return wanted;
}

/** Where a resource of the cluster stands in its definition document. */
function documentPointer(cluster: string, path: string): string {
  if (path === cluster) return '';
  const { virtualService = '', realServer } = namesOf(path);
  const service = `/virtualServices/${escapePointer(virtualService)}`;
  return realServer === undefined ? service : `${service}/realServers/${escapePointer(realServer)}`;
}
