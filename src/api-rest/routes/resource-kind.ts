/** What distinguishes the kinds with the standard methods for the REST API, and the documentation they share. */
import Type, { type TObject } from 'typebox';
import type { Control, Resources } from '../../control/control.js';
import type { OperationName } from '../../control/operations.js';
import type { Reason } from '../../domain/errors.js';
import type { Names } from '../../domain/names.js';
import { closed } from '../../domain/schema/common.js';
import { Preview } from '../../domain/schema/preview.js';
import { PREVIEW, type ResourceExamples } from '../examples.js';
import {
  BODY_PROBLEMS,
  CALL_PROBLEMS,
  JSON_TYPE,
  json,
  MERGE_PATCH_TYPE,
  operation,
  WRITE_PROBLEMS,
} from '../operation.js';
import {
  ChangeHeaders,
  ChangeQuery,
  type ClusterPath,
  type ConnectionsQuery,
  CreateHeaders,
  DeleteQuery,
  type ListQuery,
  type NoPath,
  type NoQuery,
  type ProjectItemPath,
  type ProjectPath,
  ReadHeaders,
  type RealServerListQuery,
  type RealServerPath,
  ReplaceHeaders,
  type VirtualServicePath,
  WriteQuery,
} from '../parameters.js';

type Method = 'list' | 'get' | 'create' | 'replace' | 'update' | 'delete';

export interface ResourceKind<R> {
  readonly operations: Readonly<Record<Method, OperationName>>;
  readonly resources: (control: Control) => Resources<R>;
  /** The resource's own names, which make its path. */
  readonly namesOf: (resource: R) => Names;
  /** For sentences: "virtual service". */
  readonly noun: string;
  readonly tag: string;
  /** Route pattern of the collection, and the name of the parameter that follows it. */
  readonly collection: string;
  readonly parameter: string;
  readonly parentPath: typeof NoPath | typeof ProjectPath | typeof ClusterPath | typeof VirtualServicePath;
  readonly path:
    | typeof ProjectItemPath
    | typeof ClusterPath
    | typeof VirtualServicePath
    | typeof RealServerPath;
  /** Whether it is of a cluster's definition, and so is to be in the kernel. */
  readonly isDefinition: boolean;
  readonly schema: TObject;
  /** `$id` of the schema of one page. */
  readonly pageId: string;
  readonly input: TObject;
  readonly examples: ResourceExamples;
  /** Sentences about creation and deletion that hold for this kind only. */
  readonly creation: string;
  readonly deletion: string;
  readonly listQuery: typeof ListQuery | typeof RealServerListQuery;
  readonly getQuery: typeof NoQuery | typeof ConnectionsQuery;
  /** What a read may be refused for, besides what every call may. */
  readonly readProblems: readonly Reason[];
  readonly parentProblems: readonly Reason[];
  readonly ownProblem: Reason;
  /** Rules that a write of this kind may break. */
  readonly ruleProblems: readonly Reason[];
}

export const ETAG_HEADER = { etag: Type.String({ description: 'Strong entity tag of this state.' }) };
export const LOCATION_HEADER = { location: Type.String({ description: 'Path of the new resource.' }) };
export const PENDING =
  'Stored, but not in the kernel yet; `status` says why. lvsd finishes by itself once the kernel can be reached.';

const LEAVING =
  'The resource is gone at once; in the kernel its real servers get weight 0, so that new connections go elsewhere, and are ' +
  'removed when their last connection has ended, at the latest after their `drainTimeoutSeconds`; a virtual service goes ' +
  'after its real servers. `GET /v1/directors/{director}/drains` shows what is still leaving. With `drain=false` they are ' +
  'removed at once, and their connections are cut.';

export function documentKind<R>(kind: ResourceKind<R>) {
  const { operations, noun, tag, path, parentPath, schema, input, examples } = kind;
  const resource = { headers: ETAG_HEADER, content: json(schema, examples.resource) };
  const found = [...kind.parentProblems, kind.ownProblem];
  const inKernel = kind.isDefinition ? ', and in the kernel' : '';
  const changeQuery = kind.isDefinition ? ChangeQuery : WriteQuery;
  const written = [...WRITE_PROBLEMS, ...BODY_PROBLEMS, ...kind.ruleProblems];
  const resourceOrPreview = {
    headers: ETAG_HEADER,
    content: json(Type.Union([schema, Preview]), examples.resource),
  };
  const created = {
    description: `Created${inKernel}.`,
    headers: { ...ETAG_HEADER, ...LOCATION_HEADER },
    content: resource.content,
  };
  const pending = kind.isDefinition ? { 202: { description: PENDING, ...resource } } : {};

  return {
    list: operation({
      operationId: operations.list,
      tag,
      summary: `List ${noun}s`,
      description: `The ${noun}s in the order of their names, a page at a time: pass \`nextPageToken\` as \`pageToken\` until it is empty.`,
      params: parentPath,
      query: kind.listQuery,
      answers: {
        200: {
          description: 'One page.',
          content: json(pageOf(kind), { items: [examples.resource], nextPageToken: '' }),
        },
      },
      problems: [
        ...CALL_PROBLEMS,
        'FILTER_INVALID',
        'PAGE_TOKEN_INVALID',
        ...kind.readProblems,
        ...kind.parentProblems,
      ],
    }),

    create: operation({
      operationId: operations.create,
      tag,
      summary: `Create a ${noun}`,
      description: `Creates a ${noun} under a name of your choice. ${kind.creation}`,
      params: parentPath,
      query: WriteQuery,
      headers: CreateHeaders,
      body: { types: [JSON_TYPE], schema: input, example: examples.create },
      answers: {
        200: {
          description: 'With `validateOnly=true`: what would change.',
          content: json(Preview, PREVIEW),
        },
        201: created,
        ...pending,
      },
      problems: [...written, 'NAME_TAKEN', ...kind.parentProblems],
    }),

    get: operation({
      operationId: operations.get,
      tag,
      summary: `Get a ${noun}`,
      description: kind.isDefinition
        ? `The ${noun} with its desired state (\`spec\`) and what the directors made of it (\`status\`).`
        : `The ${noun} with what it may have (\`spec\`) and what it has (\`status\`).`,
      params: path,
      query: kind.getQuery,
      ...(kind.isDefinition && { headers: ReadHeaders }),
      answers: {
        200: { description: `The ${noun}.`, ...resource },
        ...(kind.isDefinition && {
          304: { description: 'The entity tag in If-None-Match is the current one.' },
        }),
      },
      problems: [...CALL_PROBLEMS, ...kind.readProblems, ...found],
    }),

    replace: operation({
      operationId: operations.replace,
      tag,
      summary: `Create or replace a ${noun}`,
      description: `Replaces labels and spec as a whole: what the body leaves out gets its default. Creates the ${noun} when it is absent. Sending the same body again changes nothing.`,
      params: path,
      query: changeQuery,
      headers: ReplaceHeaders,
      body: { types: [JSON_TYPE], schema: input, example: examples.replace },
      answers: {
        200: {
          description: `Replaced${inKernel}. With \`validateOnly=true\`: what would change (Preview).`,
          ...resourceOrPreview,
        },
        201: created,
        ...pending,
      },
      // a project that the caller has no role in does not exist for it; and another call may delete what this one has just written
      problems: [...written, 'NAME_MISMATCH', ...found],
    }),

    update: operation({
      operationId: operations.update,
      tag,
      summary: `Change a ${noun}`,
      description:
        'JSON merge patch (RFC 7396) of labels and spec: members that are named change, `null` removes, the rest stays.' +
        (kind.isDefinition
          ? ' A real server that gets another key in the kernel leaves it under the old one as if it were deleted.'
          : ' What is beyond a tightened limit stays as it is, and is shown in `status.violations`.'),
      params: path,
      query: changeQuery,
      headers: ChangeHeaders,
      body: { types: [MERGE_PATCH_TYPE, JSON_TYPE], schema: patchOf(input), example: examples.patch },
      answers: {
        200: {
          description: `Changed${inKernel}. With \`validateOnly=true\`: what would change (Preview).`,
          ...resourceOrPreview,
        },
        ...pending,
      },
      problems: [...written, 'NAME_MISMATCH', ...found],
    }),

    delete: operation({
      operationId: operations.delete,
      tag,
      summary: `Delete a ${noun}`,
      description: `${kind.deletion} ${LEAVING}`,
      params: path,
      query: DeleteQuery,
      headers: ChangeHeaders,
      answers: {
        200: {
          description: 'With `validateOnly=true`: what would change.',
          content: json(Preview, PREVIEW),
        },
        202: { description: 'Deleted, but the kernel still has it: it could not be reached.' },
        204: {
          description:
            'Deleted. What still has connections stays in the kernel with weight 0 until they have ended or the deadline has ' +
            'passed; the rest is gone.',
        },
      },
      problems: [
        ...WRITE_PROBLEMS,
        ...found,
        ...(kind.ownProblem === 'REAL_SERVER_NOT_FOUND' ? [] : (['HAS_CHILDREN'] as const)),
        ...(kind.ownProblem === 'PROJECT_NOT_FOUND' ? (['PROJECT_PERMANENT'] as const) : []),
      ],
    }),
  };
}

function pageOf({ schema, pageId, noun }: Pick<ResourceKind<unknown>, 'schema' | 'pageId' | 'noun'>) {
  return Type.Object(
    {
      items: Type.Array(schema),
      nextPageToken: Type.String({ description: 'Empty on the last page.' }),
    },
    { ...closed, $id: pageId, description: `One page of ${noun}s.` },
  );
}

/** A patch has the shape of the input, but any member may be missing or null. */
function patchOf({ $id, description }: TObject & { $id?: string; description?: string }) {
  return Type.Object(
    {
      labels: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]))),
      spec: Type.Optional(
        Type.Record(Type.String(), Type.Unknown(), { description: `Members of the spec of ${$id}.` }),
      ),
      etag: Type.Optional(
        Type.String({ description: 'When given, the write needs this entity tag (as If-Match).' }),
      ),
    },
    { $id: `${$id?.replace(/Input$/, '')}Patch`, description: `Merge patch. ${description}` },
  );
}
