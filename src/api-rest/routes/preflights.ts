/** What stands between definitions and their packets. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Control } from '../../control/control.js';
import { Preflight } from '../../domain/schema/preflight.js';
import { PREFLIGHT } from '../examples.js';
import { CALL_PROBLEMS, json, operation } from '../operation.js';
import { ClusterPath, DirectorPath, NoQuery } from '../parameters.js';
import { callOf } from '../request.js';
import { CLUSTERS } from './clusters.js';

const DESCRIPTION =
  'Looks at the kernel, its settings, the addresses and the routes of the director now, and says what keeps packets of the ' +
  'forwarding methods in use from flowing: what was seen, why it matters, and the command that mends it. Changes nothing.';
const answers = { 200: { description: 'The findings.', content: json(Preflight, PREFLIGHT) } };

const getDirectorPreflight = operation({
  operationId: 'getDirectorPreflight',
  tag: 'Packets',
  summary: 'Check a director for all that is defined',
  description: DESCRIPTION,
  params: DirectorPath,
  query: NoQuery,
  answers,
  problems: [...CALL_PROBLEMS, 'DIRECTOR_NOT_FOUND'],
});

const getClusterPreflight = operation({
  operationId: 'getClusterPreflight',
  tag: 'Packets',
  summary: 'Check the director for a cluster',
  description: DESCRIPTION,
  params: ClusterPath,
  query: NoQuery,
  answers,
  problems: [...CALL_PROBLEMS, 'PROJECT_NOT_FOUND', 'CLUSTER_NOT_FOUND'],
});

export const preflightRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (app, { control }) => {
  app.get('/v1/directors/:director/preflight', { schema: getDirectorPreflight }, (request) =>
    control.preflights.ofDirector(callOf(request), request.params.director),
  );
  app.get(`${CLUSTERS}/:cluster/preflight`, { schema: getClusterPreflight }, (request) =>
    control.preflights.ofCluster(callOf(request), request.params),
  );
};
