/** For Prometheus. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Meter } from '../meter.js';
import { operation } from '../operation.js';
import { NoPath, NoQuery } from '../parameters.js';

const getMetrics = operation({
  operationId: 'getMetrics',
  tag: 'Server',
  summary: 'Metrics',
  description:
    'In the text format of Prometheus: calls by operation and status, kernel operations by command and errno, passes, ' +
    'drift, entries, the process itself. Needs no token: no resource, client or credential is named in it.',
  params: NoPath,
  query: NoQuery,
  answers: {
    200: {
      description: 'All metrics.',
      content: {
        'text/plain': {
          schema: Type.String(),
          example: 'lvsd_director_reachable{director="local"} 1\n',
        },
      },
    },
  },
  problems: ['HOST_REFUSED', 'INTERNAL'],
});

export const metricsRoutes: FastifyPluginAsyncTypebox<{ meter: Meter }> = async (app, { meter }) => {
  app.get('/metrics', { schema: getMetrics }, async (_request, reply) =>
    reply.type(meter.registry.contentType).send(await meter.registry.metrics()),
  );
};
