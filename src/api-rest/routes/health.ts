/** For load balancers and supervisors: whether the process lives, and whether it should get calls. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import { closed } from '../../domain/schema/common.js';
import { json, operation } from '../operation.js';
import { NoPath, NoQuery } from '../parameters.js';

const common = { tag: 'Server', params: NoPath, query: NoQuery };
const Health = Type.Object(
  { status: Type.Literal('ok') },
  { ...closed, $id: 'Health', description: 'The process answers.' },
);
const Readiness = Type.Object(
  {
    ready: Type.Boolean(),
    checks: Type.Array(
      Type.Object({ name: Type.String(), ok: Type.Boolean(), detail: Type.String() }, closed),
      { description: 'Each part that calls need.' },
    ),
  },
  { ...closed, $id: 'Readiness', description: 'Whether this server should get calls.' },
);
const checks = [{ name: 'store', ok: true, detail: 'ok' }];

const getHealth = operation({
  ...common,
  operationId: 'getHealth',
  summary: 'Is the process alive?',
  description: 'Needs no token. Answers as long as the process can answer at all.',
  answers: { 200: { description: 'Alive.', content: json(Health, { status: 'ok' }) } },
  problems: ['HOST_REFUSED'],
});

const getReadiness = operation({
  ...common,
  operationId: 'getReadiness',
  summary: 'Should this server get calls?',
  description: 'Needs no token. Names each part that calls need and whether it works.',
  answers: {
    200: { description: 'Ready.', content: json(Readiness, { ready: true, checks }) },
    503: {
      description: 'Not ready; `checks` says what is missing.',
      content: json(Readiness, { ready: false, checks: [{ ...checks[0], ok: false, detail: 'disk full' }] }),
    },
  },
  problems: ['HOST_REFUSED', 'INTERNAL'],
});

export const healthRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (app, { control }) => {
  app.get('/healthz', { schema: getHealth }, async () => ({ status: 'ok' }) as const);
  app.get('/readyz', { schema: getReadiness }, async (_request, reply) => {
    const readiness = await control.readiness();
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
};
