/** The pages that the `type` of a problem leads to. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { DomainError, REASONS } from '../../domain/errors.js';
import { closed } from '../../domain/schema/common.js';
import { operation } from '../operation.js';
import { NoQuery } from '../parameters.js';
import { reasonOfSlug, statusOf } from '../problem.js';

const getProblem = operation({
  operationId: 'getProblem',
  tag: 'Server',
  summary: 'Explain a problem',
  description: 'Where the `type` of a problem leads: what its reason means. Needs no token.',
  params: Type.Object(
    { problem: Type.String({ description: 'As in `type`.', examples: ['etag-mismatch'] }) },
    closed,
  ),
  query: NoQuery,
  answers: {
    200: {
      description: 'The explanation.',
      content: {
        'text/plain': {
          schema: Type.String(),
          example: 'ETAG_MISMATCH: The resource is not at the revision that the request names.\n',
        },
      },
    },
  },
  problems: ['ROUTE_NOT_FOUND', 'HOST_REFUSED', 'RATE_LIMITED'],
});

export const problemRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/problems/:problem', { schema: getProblem }, async ({ params }, reply) => {
    const reason = reasonOfSlug(params.problem);
    if (!reason) throw new DomainError('ROUTE_NOT_FOUND', `No problem is called "${params.problem}".`);
    const { title, code } = REASONS[reason];
    return reply
      .type('text/plain; charset=utf-8')
      .send(
        `${reason}: ${title}.\n\nHTTP status ${statusOf(reason)}, gRPC code ${code}.\n` +
          'The detail of the problem says what is wrong with the request and what to do.\n',
      );
  });
};
