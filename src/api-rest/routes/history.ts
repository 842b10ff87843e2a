/** What was: revisions of clusters, virtual services and real servers, and what differs between two. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import type { OperationName } from '../../control/operations.js';
import type { Reason } from '../../domain/errors.js';
import { closed } from '../../domain/schema/common.js';
import { DefinitionDiff, PastResource, ResourceRevision } from '../../domain/schema/history.js';
import { negotiate } from '../accept.js';
import { HISTORY } from '../history-examples.js';
import { CALL_PROBLEMS, JSON_TYPE, json, operation, TEXT_TYPE, text } from '../operation.js';
import {
  ClusterPath,
  pageParameters,
  RealServerPath,
  revisionNumber,
  VirtualServicePath,
} from '../parameters.js';
import { callOf } from '../request.js';
import { CLUSTERS } from './clusters.js';

import { VIRTUAL_SERVICES } from './virtual-services.js';

interface KindHistory {
  readonly list: OperationName;
  readonly get: OperationName;
  readonly noun: string;
  readonly tag: string;
  readonly url: string;
  readonly path: typeof ClusterPath | typeof VirtualServicePath | typeof RealServerPath;
  /** Whose revisions are listed. */
  readonly whose: string;
  readonly notFound: Reason;
}

const KINDS: readonly KindHistory[] = [
  {
    list: 'listClusterRevisions',
    get: 'getClusterRevision',
    noun: 'cluster',
    tag: 'Clusters',
    url: `${CLUSTERS}/:cluster`,
    path: ClusterPath,
    whose: 'the cluster, its virtual services and their real servers',
    notFound: 'CLUSTER_NOT_FOUND',
  },
  {
    list: 'listVirtualServiceRevisions',
    get: 'getVirtualServiceRevision',
    noun: 'virtual service',
    tag: 'Virtual services',
    url: `${VIRTUAL_SERVICES}/:virtualService`,
    path: VirtualServicePath,
    whose: 'the virtual service and its real servers',
    notFound: 'VIRTUAL_SERVICE_NOT_FOUND',
  },
  {
    list: 'listRealServerRevisions',
    get: 'getRealServerRevision',
    noun: 'real server',
    tag: 'Real servers',
    url: `${VIRTUAL_SERVICES}/:virtualService/real-servers/:realServer`,
    path: RealServerPath,
    whose: 'the real server',
    notFound: 'REAL_SERVER_NOT_FOUND',
  },
];

const revision = revisionNumber(
  'A revision, as audit events, resources and their lists of revisions have it.',
  1,
  [30],
);

const PageQuery = Type.Object(pageParameters, closed);

const RevisionList = Type.Object(
  {
    items: Type.Array(ResourceRevision),
    nextPageToken: Type.String({ description: 'Empty on the last page.' }),
  },
  { ...closed, $id: 'ResourceRevisionList', description: 'One page of revisions.' },
);

function documentList({ list, noun, tag, path, whose, notFound }: KindHistory) {
  return operation({
    operationId: list,
    tag,
    summary: `List the revisions of a ${noun}`,
    description:
      `The writes to ${whose}, newest first: who, when, why, and what changed in short. Also of one that has been deleted. ` +
      'A write that the kernel refused is there too, with the revision that took it back (`undoneBy`), and so is that one. ' +
      'A page may end early when its writes changed very many resources.',
    params: path,
    query: PageQuery,
    answers: {
      200: {
        description: 'One page.',
        content: json(RevisionList, { items: [HISTORY.revision], nextPageToken: '' }),
      },
    },
    problems: [...CALL_PROBLEMS, 'PAGE_TOKEN_INVALID', 'PROJECT_NOT_FOUND', notFound],
  });
}

function documentGet({ get, noun, tag, path, notFound }: KindHistory) {
  return operation({
    operationId: get,
    tag,
    summary: `Get a ${noun} as of a revision`,
    description:
      `Labels and spec of the ${noun} as they were after that revision, which may be any up to the newest; it need not be one ` +
      `of the ${noun}'s own. Also when it has been deleted since.`,
    params: Type.Object({ ...path.properties, revision }, closed),
    query: Type.Object({}, closed),
    answers: {
      200: { description: `The ${noun} as it was.`, content: json(PastResource, HISTORY.past) },
    },
    problems: [...CALL_PROBLEMS, 'PROJECT_NOT_FOUND', notFound, 'REVISION_NOT_FOUND', 'REVISION_ARCHIVED'],
  });
}

const getDefinitionDiff = operation({
  operationId: 'getDefinitionDiff',
  tag: 'Definitions',
  summary: 'Compare two revisions of a cluster',
  description:
    'What makes the definition as of the revision `to` out of that as of `from`, as JSON Patch (RFC 6902), or to be read, ' +
    'with `Accept: text/plain`: one block for each resource that was created (`+`), changed (`~`) or deleted (`-`). Without ' +
    'parameters: what the last write changed.',
  params: ClusterPath,
  query: Type.Object(
    {
      from: Type.Optional(
        revisionNumber(
          'The older revision; 0: before there was anything. Default: the one before the last write up to `to`.',
          0,
        ),
      ),
      to: Type.Optional(revisionNumber('The newer revision. Default: now.')),
    },
    closed,
  ),
  answers: {
    200: {
      description: 'The difference.',
      content: { ...json(DefinitionDiff, HISTORY.diff), ...text(HISTORY.text) },
    },
  },
  problems: [
    ...CALL_PROBLEMS,
    'NOT_ACCEPTABLE',
    'PROJECT_NOT_FOUND',
    'CLUSTER_NOT_FOUND',
    'REVISION_NOT_FOUND',
    'REVISION_ARCHIVED',
  ],
});

export const historyRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (app, { control }) => {
  const { history } = control;

  for (const kind of KINDS) {
    app.get(`${kind.url}/revisions`, { schema: documentList(kind) }, (request) =>
      history.list(callOf(request), request.params, request.query),
    );
    app.get(`${kind.url}/revisions/:revision`, { schema: documentGet(kind) }, (request) => {
      const { revision, ...names } = request.params;
      return history.get(callOf(request), names, revision);
    });
  }

  app.get(`${CLUSTERS}/:cluster/diff`, { schema: getDefinitionDiff }, async (request, reply) => {
    const type = negotiate(request, reply, { [JSON_TYPE]: '', [TEXT_TYPE]: 'to be read' });
    const { params, query } = request;
    if (type === JSON_TYPE) return history.diff(callOf(request), params, query);
    const difference = await history.diffText(callOf(request), params, query);
    return reply.type(`${TEXT_TYPE}; charset=utf-8`).send(difference);
  });
};
