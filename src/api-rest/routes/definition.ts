/** A whole cluster as one document. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import { pathOf } from '../../domain/names.js';
import { closed } from '../../domain/schema/common.js';
import { Definition, DefinitionInput } from '../../domain/schema/definition.js';
import { Preview } from '../../domain/schema/preview.js';
import { DEFINITION } from '../examples.js';
import { BODY_PROBLEMS, CALL_PROBLEMS, JSON_TYPE, json, operation, WRITE_PROBLEMS } from '../operation.js';
import {
  ClusterPath,
  ReadHeaders,
  ReplaceDefinitionQuery,
  ReplaceHeaders,
  revisionNumber,
} from '../parameters.js';
import { sendTagged, sendWritten } from '../reply.js';
import { callOf, writeOptions } from '../request.js';
import { DEFINITION_RULES } from '../rule-problems.js';
import { CLUSTERS } from './clusters.js';
import { ETAG_HEADER, LOCATION_HEADER, PENDING } from './resource-kind.js';

const url = `${CLUSTERS}/:cluster/definition`;
const common = { tag: 'Definitions', params: ClusterPath };

const getDefinition = operation({
  ...common,
  operationId: 'getDefinition',
  summary: 'Get a whole cluster as one document',
  description:
    'Labels and spec of the cluster, its virtual services and their real servers, by their names. The document can be ' +
    'changed and sent back, or kept in version control. Its entity tag stands for the whole tree.',
  query: Type.Object(
    {
      revision: Type.Optional(
        revisionNumber(
          'As of this revision, also when the cluster has been deleted since. Default: as it is now.',
        ),
      ),
    },
    closed,
  ),
  headers: ReadHeaders,
  answers: {
    200: {
      description: 'The definition.',
      headers: ETAG_HEADER,
      content: json(Definition, DEFINITION.definition),
    },
    304: { description: 'The entity tag in If-None-Match is the current one.' },
  },
  problems: [
    ...CALL_PROBLEMS,
    'PROJECT_NOT_FOUND',
    'CLUSTER_NOT_FOUND',
    'REVISION_NOT_FOUND',
    'REVISION_ARCHIVED',
  ],
});

const replaceDefinition = operation({
  ...common,
  operationId: 'replaceDefinition',
  summary: 'Create or replace a whole cluster',
  description:
    'Declarative: creates, changes and deletes until the cluster is the document; **what it leaves out is deleted**, gracefully ' +
    'unless `drain=false`. All ' +
    'or nothing. Sending the same document again changes nothing. `validateOnly=true` shows the changes beforehand.',
  query: ReplaceDefinitionQuery,
  headers: ReplaceHeaders,
  body: { types: [JSON_TYPE], schema: DefinitionInput, example: DEFINITION.input },
  answers: {
    200: {
      description: 'In the kernel. With `validateOnly=true`: what would change (Preview).',
      headers: ETAG_HEADER,
      content: json(Type.Union([Definition, Preview]), DEFINITION.definition),
    },
    201: {
      description: 'Created, and in the kernel.',
      headers: { ...ETAG_HEADER, ...LOCATION_HEADER },
      content: json(Definition, DEFINITION.definition),
    },
    202: {
      description: PENDING,
      headers: ETAG_HEADER,
      content: json(Definition, DEFINITION.definition),
    },
  },
  problems: [
    ...WRITE_PROBLEMS,
    ...BODY_PROBLEMS,
    'PROJECT_NOT_FOUND',
    // deleted by another call before this one is answered
    'CLUSTER_NOT_FOUND',
    'TOO_MANY_DELETIONS',
    ...DEFINITION_RULES,
  ],
});

export const definitionRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (app, { control }) => {
  app.get(url, { schema: getDefinition }, async (request, reply) => {
    const { definition, etag } = await control.definitions.get(
      callOf(request),
      request.params,
      request.query,
    );
    return sendTagged(request, reply, etag, definition);
  });

  app.put(url, { schema: replaceDefinition }, async (request, reply) => {
    const { params, body, query } = request;
    const { maxDeletions } = query;
    const options = { ...writeOptions(request), ...(maxDeletions !== undefined && { maxDeletions }) };
    const answer = await control.definitions.replace(callOf(request), params, body, options);
    return sendWritten(reply, answer, {
      location: () => `/v1/${pathOf(params)}/definition`,
      body: ({ definition }) => definition,
    });
  });
};
