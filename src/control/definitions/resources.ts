/** The standard methods, written once for all kinds that have them. */
import { isDeepStrictEqual } from 'node:util';
import { DomainError } from '../../domain/errors.js';
import { parseFilter } from '../../domain/filter.js';
import { mergePatch } from '../../domain/merge-patch.js';
import {
  childPath,
  type Names,
  nameOf,
  namesOf,
  type ParentNames,
  parentPath,
  pathOf,
} from '../../domain/names.js';
import type { RealServerSpec } from '../../domain/schema/real-server.js';
import type { Slices } from '../../domain/slices.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { Reader, ResourceChange, Store, StoredResource, Transaction } from '../../store/store.js';
import { authorise, projectNotFound } from '../access/authorise.js';
import type { Call, DeleteAnswer, DeleteOptions, Resources, WriteAnswer, WriteOptions } from '../control.js';
import type { Observe } from '../directors/observe.js';
import { releaseAll } from '../entries/entries.js';
import { type Leaving, leavingNow } from '../entries/leaving.js';
import { turnFor } from '../long-reads.js';
import type { OperationName } from '../operations.js';
import { decodePageToken, pageOf, pageSizeOf } from '../page.js';
import { checkPreconditions, etagOf } from '../preconditions.js';
import { type Lineage, lineageOf, withLineage } from '../retries/as-written.js';
import { keeping } from '../retries/kept-answers.js';
import { previewOf, writeContext } from '../write-context.js';
import { checkName, createBodyParser, type ParsedBody, requiredName, withoutReadOnly } from './body.js';
import { CLUSTER, type KindDescriptor, type Method, REAL_SERVER, VIRTUAL_SERVICE } from './kinds.js';
import type { Presenter } from './present.js';
import { putResource } from './put-resource.js';

interface Dependencies<R> {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly present: Presenter<R>;
  /** Of kinds that have connections. */
  readonly observe?: Observe<R>;
  readonly now: () => Date;
  /** Default: by the role in the project that it is in. */
  readonly authorise?: (call: Call, operation: OperationName, names: ParentNames) => void;
  /** Which of a list the caller may know of; undefined: all. */
  readonly mayList?: (call: Call) => ((resource: StoredResource) => boolean) | undefined;
  /** Refuses a deletion by what it throws. */
  readonly checkRemoval?: (path: string) => void;
}

interface WriteRequest {
  readonly method: Method;
  readonly path: string;
  readonly options: WriteOptions;
  readonly change: (tx: Transaction) => Slices<void>;
}

export function createResources<R, S>(
  descriptor: KindDescriptor<S>,
  dependencies: Dependencies<R>,
): Resources<R> {
  const { store, reconciler, present, observe, now, mayList, checkRemoval } = dependencies;
  const { kind } = descriptor;
  const parse = createBodyParser(descriptor);

  async function write(call: Call, request: WriteRequest): Promise<WriteAnswer<R>> {
    const { method, path, options, change } = request;
    const job = {
      context: writeContext(call, descriptor.operations[method]),
      scope: path,
      change: keeping(call, changeOne, (tx) => ({
        resource: present(found(tx, path), tx),
        created: isCreated(tx.changes(), path),
        pending: false,
      })),
    };
    function* changeOne(tx: Transaction): Slices<Lineage> {
      yield* change(tx);
      return lineageOf(tx, path);
    }
    if (options.validateOnly) return { preview: previewOf(await reconciler.preview(job)) };
    const { changes, pending, value: lineage } = await reconciler.write(job);
    const resource = store.read((now) => {
      const reader = withLineage(now, lineage);
      return present(found(reader, path), reader);
    });
    return { resource, created: isCreated(changes, path), pending };
  }

  function put(
    tx: Transaction,
    path: string,
    { labels, spec }: ParsedBody<S>,
    options: WriteOptions,
  ): Slices<void> {
    return putResource(tx, { kind, path, labels, spec }, { reconciler, options, now: now() });
  }

  function authoriseFor(call: Call, method: Method, names: ParentNames): void {
    (dependencies.authorise ?? authorise)(call, descriptor.operations[method], names);
  }

  return {
    async list(call, parent, { pageSize, pageToken, filter, connections = false }) {
      authoriseFor(call, 'list', parent);
      const size = pageSizeOf(pageSize);
      const where = both(filter ? parseFilter(filter) : undefined, mayList?.(call));
      const query = [kind, pathOf(parent), filter ?? ''];
      const after = decodePageToken(query, pageToken);
      await turnFor(size);
      const found = store.read((reader) => {
        requireAncestors(reader, pathOf(parent));
        const page = { kind, parent: pathOf(parent), limit: size + 1 };
        const stored = reader.resources({ ...page, ...(after && { after }), ...(where && { where }) });
        return pageOf(stored, {
          size,
          query,
          position: ({ path }) => nameOf(path),
          present: (one) => present(one, reader),
        });
      });
      return connections && observe ? { ...found, items: await observe(found.items) } : found;
    },

    async get(call, names, { connections = false } = {}) {
      authoriseFor(call, 'get', names);
      const resource = store.read((reader) => present(required(reader, pathOf(names)), reader));
      const [observed] = connections && observe ? await observe([resource]) : [];
      return observed ?? resource;
    },

    async create(call, parent, body, options) {
      authoriseFor(call, 'create', parent);
      const parsed = parse(body);
      const path = childPath(pathOf(parent), kind, requiredName(parsed));
      return write(call, {
        method: 'create',
        path,
        options,
        *change(tx) {
          requireAncestors(tx, parentPath(path));
          const existing = tx.resource(path);
          if (existing) throw nameTaken(descriptor, existing);
          checkPreconditions(path, undefined, { ...options, bodyEtag: parsed.etag });
          yield* put(tx, path, parsed, options);
        },
      });
    },

    async replace(call, names, body, options) {
      authoriseFor(call, 'replace', names);
      const parsed = parse(body);
      const path = pathOf(names);
      checkName(parsed, nameOf(path));
      return write(call, {
        method: 'replace',
        path,
        options,
        *change(tx) {
          const existing = tx.resource(path);
          if (!existing) requireAncestors(tx, parentPath(path));
          checkPreconditions(path, existing && etagOf(existing.revision), {
            ...options,
            bodyEtag: parsed.etag,
          });
          yield* put(tx, path, parsed, options);
        },
      });
    },

    async update(call, names, patch, options) {
      authoriseFor(call, 'update', names);
      const path = pathOf(names);
      return write(call, {
        method: 'update',
        path,
        options,
        *change(tx) {
          const existing = required(tx, path);
          const { labels, spec } = existing;
          const parsed = parse(mergePatch({ labels, spec }, withoutReadOnly(patch)));
          checkName(parsed, nameOf(path));
          checkPreconditions(path, etagOf(existing.revision), { ...options, bodyEtag: parsed.etag });
          if (kind === 'realServer')
            authoriseBeyondOperating(call, existing, parsed as ParsedBody<RealServerSpec>);
          yield* put(tx, path, parsed, options);
        },
      });
    },

    async delete(call: Call, names: Names, options: DeleteOptions): Promise<DeleteAnswer> {
      authoriseFor(call, 'delete', names);
      const path = pathOf(names);
      const context = writeContext(call, descriptor.operations.delete);
      function* change(tx: Transaction): Slices<void> {
        if (options.allowMissing && !tx.resource(path)) {
          checkPreconditions(path, undefined, options);
          return;
        }
        const existing = required(tx, path);
        checkPreconditions(path, etagOf(existing.revision), options);
        checkRemoval?.(path);
        yield* removeTree(tx, existing, {
          cascade: options.cascade ?? false,
          leaving: leavingNow(tx, reconciler, { drain: options.drain, now: now() }),
        });
      }
      const job = { context, scope: path, change: keeping(call, change, () => ({ pending: false })) };
      if (options.validateOnly) return { preview: previewOf(await reconciler.preview(job)) };
      return { pending: (await reconciler.write(job)).pending };
    },
  };
}

export function isCreated(changes: readonly ResourceChange[], path: string): boolean {
  return changes.some((one) => one.path === path && one.before === null);
}

type Test = (resource: StoredResource) => boolean;

function both(one: Test | undefined, other: Test | undefined): Test | undefined {
  return one && other ? (resource) => one(resource) && other(resource) : (one ?? other);
}

/** An operator steers weights and admin states; whatever else a patch of a real server changes needs an editor. */
function authoriseBeyondOperating(
  call: Call,
  before: StoredResource,
  after: ParsedBody<RealServerSpec>,
): void {
  const { weight, adminState } = after.spec;
  const steered = { ...(before.spec as RealServerSpec), weight, adminState };
  if (isDeepStrictEqual(steered, after.spec) && isDeepStrictEqual(before.labels, after.labels)) return;
  const { project } = namesOf(before.path);
  authorise(call, 'updateRealServer', { project, role: 'editor' });
}

/** Removes a resource, its children before it, and has its entries leave the kernel. */
function* removeTree(
  tx: Transaction,
  { path }: StoredResource,
  { cascade, leaving }: { cascade: boolean; leaving: Leaving },
): Slices<void> {
  const descendants = tx.descendants(path);
  if (descendants.length > 0 && !cascade) throw hasChildren(path, descendants.length);
  for (const descendant of descendants.reverse()) {
    tx.remove(descendant.path);
    yield;
  }
  tx.remove(path);
  yield* releaseAll(tx, path, leaving);
}

/** What the deletion of a resource is told that has others below it. */
export function hasChildren(path: string, children: number): DomainError {
  return new DomainError(
    'HAS_CHILDREN',
    `${path} still has ${children} resources below it: delete them first, or add cascade=true.`,
    { metadata: { resource: path, children: String(children) } },
  );
}

/** Rejects with the NOT_FOUND of the highest resource on the path that does not exist. */
export function requireAncestors(reader: Reader, path: string): void {
  const segments = path.split('/');
  for (let end = 2; end <= segments.length; end += 2) found(reader, segments.slice(0, end).join('/'));
}

/** The resource, or the NOT_FOUND of the highest one on its path that does not exist. What exists has its ancestors. */
function required(reader: Reader, path: string): StoredResource {
  const resource = reader.resource(path);
  if (resource) return resource;
  requireAncestors(reader, parentPath(path));
  return found(reader, path);
}

/** The resource, or the NOT_FOUND of its kind. */
export function found(reader: Reader, path: string): StoredResource {
  const resource = reader.resource(path);
  if (resource) return resource;
  const { project, cluster, virtualService, realServer } = namesOf(path);
  const descriptor = realServer
    ? REAL_SERVER
    : virtualService
      ? VIRTUAL_SERVICE
      : cluster
        ? CLUSTER
        : undefined;
  if (!descriptor) throw projectNotFound(project);
  const name = realServer ?? virtualService ?? cluster;
  throw new DomainError(
    descriptor.notFound,
    `There is no ${descriptor.noun} "${name}" at ${parentPath(path)}.`,
    {
      metadata: { resource: path },
    },
  );
}

function nameTaken<S>({ noun }: KindDescriptor<S>, { path, revision }: StoredResource): DomainError {
  return new DomainError(
    'NAME_TAKEN',
    `A ${noun} of this name exists already: choose another name, or change it with PUT or PATCH.`,
    { metadata: { resource: path, etag: etagOf(revision) } },
  );
}
