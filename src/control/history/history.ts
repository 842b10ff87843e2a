/** What was: revisions of resources, resources as of a revision, and what differs between two. */
import { definitionDiffText, definitionPatch, type MaybeDefinition } from '../../domain/definition-diff.js';
import { type DefinitionKind, kindOf, type Names, pathOf } from '../../domain/names.js';
import type { DefinitionDiff, PastResource } from '../../domain/schema/history.js';
import { atOnce } from '../../domain/slices.js';
import type { Reader, Store } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import type { Call, DiffQuery, History } from '../control.js';
import { documentOf } from '../definitions/definition-document.js';
import { found } from '../definitions/resources.js';
import type { OperationName } from '../operations.js';
import { decodeNumber, pageOf, pageSizeOf } from '../page.js';
import { notThen, requireNumber, resourceAsOf, treeAsOf } from './as-of.js';
import { presentWrite, readWrites } from './revisions.js';

const OPERATIONS_OF: Readonly<Record<DefinitionKind, { list: OperationName; get: OperationName }>> = {
  cluster: { list: 'listClusterRevisions', get: 'getClusterRevision' },
  virtualService: { list: 'listVirtualServiceRevisions', get: 'getVirtualServiceRevision' },
  realServer: { list: 'listRealServerRevisions', get: 'getRealServerRevision' },
};

export function createHistory(store: Store): History {
  return {
    async list(call, names, { pageSize, pageToken }) {
      const path = authorised(call, names, 'list');
      const size = pageSizeOf(pageSize);
      const query = ['revisions', path];
      const before = decodeNumber(query, pageToken) || undefined;
      store.read((reader) => requireProject(reader, names));
      const { writes, more } = await readWrites(store, { path, before, limit: size });
      return store.read((reader) => {
        if (writes.length === 0 && before === undefined) found(reader, path);
        const last = writes.at(-1);
        // one more than the page is long says that there are more
        const shown = more && last ? [...writes, last] : writes;
        return pageOf(shown, {
          size: writes.length,
          query,
          position: ({ oldest }) => String(oldest.id),
          present: (write) => presentWrite(write, { path, reader }),
        });
      });
    },

    async get(call, names, revision) {
      const path = authorised(call, names, 'get');
      return store.read((reader): PastResource => {
        requireProject(reader, names);
        const past = resourceAsOf(reader, path, requireNumber('revision', revision));
        if (past === undefined) throw notThen(reader, path, revision);
        const { labels, spec } = past;
        return { resource: path, revision, labels, spec: spec as PastResource['spec'] };
      });
    },

    async diff(call, names, query) {
      authorise(call, 'getDefinitionDiff', names);
      return store.read((reader) => diffOf(reader, names, query).diff);
    },

    async diffText(call, names, query) {
      authorise(call, 'getDefinitionDiff', names);
      return store.read((reader) => {
        const { diff, before, after } = diffOf(reader, names, query);
        const title = `${pathOf(names)}, revision ${diff.from} to ${diff.to}`;
        return `${title}\n\n${definitionDiffText(before, after)}`;
      });
    },
  };
}

function authorised(call: Call, names: Names, method: 'list' | 'get'): string {
  const path = pathOf(names);
  authorise(call, OPERATIONS_OF[kindOf(path) as DefinitionKind][method], names);
  return path;
}

/** Of a resource that is gone the history is left; of a project that is gone, not even the name is known here. */
function requireProject(reader: Reader, { project }: Names): void {
  found(reader, pathOf({ project }));
}

interface Compared {
  readonly diff: DefinitionDiff;
  readonly before: MaybeDefinition;
  readonly after: MaybeDefinition;
}

function diffOf(reader: Reader, names: Names, query: DiffQuery): Compared {
  const path = pathOf(names);
  requireProject(reader, names);
  const to = query.to === undefined ? reader.revision() : requireNumber('to', query.to);
  const after = definitionAsOf(reader, path, to);
  const from =
    query.from === undefined ? beforeLastWrite(reader, path, to) : requireNumber('from', query.from);
  const before = definitionAsOf(reader, path, from);
  if (before === null && after === null) throw notThen(reader, path, to);
  const { project, cluster = '' } = names;
  const patch = definitionPatch(before, after);
  return { diff: { project, cluster, from, to, patch }, before, after };
}

/** The revision before the last write to a cluster, so that what it changed is the difference. */
function beforeLastWrite(reader: Reader, path: string, to: number): number {
  const end = reader.endOfWrite(to);
  const [last] = reader.changesOf({ path, before: end + 1, limit: 1 });
  return last === undefined ? to : reader.startOfWrite(last.id) - 1;
}

function definitionAsOf(reader: Reader, path: string, revision: number): MaybeDefinition {
  const tree = treeAsOf(reader, path, revision);
  return tree.length === 0 ? null : atOnce(documentOf(tree));
}
