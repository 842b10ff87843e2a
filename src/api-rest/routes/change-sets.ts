/** Changes of many resources, all or nothing. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import { ChangeSet, ChangeSetInput } from '../../domain/schema/change-set.js';
import { Preview } from '../../domain/schema/preview.js';
import { CHANGE_SET } from '../change-set-example.js';
import { BODY_PROBLEMS, JSON_TYPE, json, operation, WRITE_PROBLEMS } from '../operation.js';
import { ChangeQuery, CreateHeaders, NoPath } from '../parameters.js';
import { callOf, writeOptions } from '../request.js';
import { DEFINITION_RULES } from '../rule-problems.js';
import { PENDING } from './resource-kind.js';

const createChangeSet = operation({
  operationId: 'createChangeSet',
  tag: 'Definitions',
  summary: 'Change many resources, all or nothing',
  description:
    'Puts and deletes of clusters, virtual services and real servers, and whole definitions, of one project or of many. ' +
    '**All of it is stored and in the kernel, or none**: what the kernel refuses undoes the whole, and the answer names the ' +
    'change. The order does not matter: deletions come first, parents before their children, and an address or port that ' +
    'one change gives up can be taken by another. `restore` makes a resource what it was after a revision, as a new ' +
    'revision. `maxDeletions` refuses what would delete more than was thought; ' +
    '`validateOnly=true` shows the changes and the kernel operations beforehand.',
  params: NoPath,
  query: ChangeQuery,
  headers: CreateHeaders,
  body: { types: [JSON_TYPE], schema: ChangeSetInput, example: CHANGE_SET.input },
  answers: {
    200: {
      description: 'There was nothing to change. With `validateOnly=true`: what would change (Preview).',
      content: json(Type.Union([ChangeSet, Preview]), { ...CHANGE_SET.changeSet, state: 'unchanged' }),
    },
    201: { description: 'In the kernel.', content: json(ChangeSet, CHANGE_SET.changeSet) },
    202: { description: PENDING, content: json(ChangeSet, { ...CHANGE_SET.changeSet, state: 'pending' }) },
  },
  problems: [
    ...WRITE_PROBLEMS,
    ...BODY_PROBLEMS,
    'PROJECT_NOT_FOUND',
    'CLUSTER_NOT_FOUND',
    'VIRTUAL_SERVICE_NOT_FOUND',
    'REAL_SERVER_NOT_FOUND',
    'REVISION_NOT_FOUND',
    'REVISION_ARCHIVED',
    'HAS_CHILDREN',
    'CHANGES_COLLIDE',
    'TOO_MANY_DELETIONS',
    ...DEFINITION_RULES,
  ],
});

const STATUS = { unchanged: 200, applied: 201, pending: 202 } as const;

export const changeSetRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (app, { control }) => {
  app.post('/v1/change-sets', { schema: createChangeSet }, async (request, reply) => {
    const answer = await control.changeSets.create(callOf(request), request.body, writeOptions(request));
    if ('preview' in answer) return reply.code(200).send(answer.preview);
    return reply.code(STATUS[answer.changeSet.state]).send(answer.changeSet);
  });
};
