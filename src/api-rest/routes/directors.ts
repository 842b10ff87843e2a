/** Directors: what they are, what their kernels hold, and the forced pass. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import { ipvsadmList, ipvsadmSave } from '../../domain/ipvsadm-text.js';
import { LIST_VIEWS } from '../../domain/ipvsadm-views.js';
import { closed } from '../../domain/schema/common.js';
import { CounterReset, CounterResetInput } from '../../domain/schema/counter-reset.js';
import { Director, Drift, KernelTable, Reconciliation } from '../../domain/schema/director.js';
import { Drain } from '../../domain/schema/drain.js';
import { Preview } from '../../domain/schema/preview.js';
import { createValidator } from '../../domain/validate.js';
import { negotiate } from '../accept.js';
import {
  COUNTER_RESET,
  DIRECTOR,
  DRAIN,
  DRIFT,
  PREVIEW,
  RECONCILIATION,
  TABLE,
  TABLE_LIST,
  TABLE_SAVE,
} from '../examples.js';
import { BODY_PROBLEMS, CALL_PROBLEMS, JSON_TYPE, json, operation, TEXT_TYPE, text } from '../operation.js';
import { CreateHeaders, DirectorPath, NoPath, NoQuery, pageParameters, RemoveQuery } from '../parameters.js';
import { sendDeleted } from '../reply.js';
import { callOf } from '../request.js';

const SAVE_TYPE = 'text/x-ipvsadm-save';
const TABLE_TYPES = { [JSON_TYPE]: '', [TEXT_TYPE]: 'as ipvsadm -Ln', [SAVE_TYPE]: 'as ipvsadm -Sn' };
const tag = 'Kernel';
const kernelProblems = [...CALL_PROBLEMS, 'DIRECTOR_NOT_FOUND', 'KERNEL_UNAVAILABLE'] as const;

const listDirectors = operation({
  operationId: 'listDirectors',
  tag: 'Directors',
  summary: 'List directors',
  description: 'The hosts whose kernels lvsd steers. `local` is the host that lvsd runs on.',
  params: NoPath,
  query: Type.Object(pageParameters, closed),
  answers: {
    200: {
      description: 'One page.',
      content: json(
        Type.Object(
          {
            items: Type.Array(Director),
            nextPageToken: Type.String({ description: 'Empty on the last page.' }),
          },
          { ...closed, $id: 'DirectorList', description: 'One page of directors.' },
        ),
        { items: [DIRECTOR], nextPageToken: '' },
      ),
    },
  },
  problems: [...CALL_PROBLEMS, 'PAGE_TOKEN_INVALID'],
});

const getDirector = operation({
  operationId: 'getDirector',
  tag: 'Directors',
  summary: 'Get a director',
  description: 'Driver, kernel, capabilities, the last pass and the differences that it left.',
  params: DirectorPath,
  query: NoQuery,
  answers: { 200: { description: 'The director.', content: json(Director, DIRECTOR) } },
  problems: [...CALL_PROBLEMS, 'DIRECTOR_NOT_FOUND'],
});

const getTable = operation({
  operationId: 'getTable',
  tag,
  summary: "Read the kernel's table",
  description:
    "The director's IPVS table as it is now, entries of others included. With `Accept: text/plain` it looks as `ipvsadm " +
    '-Ln` prints it, with `Accept: text/x-ipvsadm-save` as `ipvsadm -Sn` does, which `ipvsadm -R` can read.',
  params: DirectorPath,
  query: Type.Object(
    {
      frontend: Type.Optional(
        Type.String({
          maxLength: 255,
          description:
            'Key of a service: only this one is read, and the table is empty when the kernel does not have it. As text it ' +
            'looks as `ipvsadm -Ln -t …` prints it.',
          examples: ['tcp/192.168.10.88:80'],
        }),
      ),
      stats: Type.Optional(Type.Boolean({ description: 'true: with counters and rates (JSON only).' })),
      view: Type.Optional(
        Type.Enum(LIST_VIEWS, {
          type: 'string',
          description: 'What text/plain shows, named after the option of `ipvsadm -Ln` (default list).',
        }),
      ),
      exact: Type.Optional(
        Type.Boolean({ description: 'true: text/plain has all digits of counters, as `--exact`.' }),
      ),
    },
    closed,
  ),
  answers: {
    200: {
      description: 'The table.',
      content: {
        ...json(KernelTable, TABLE),
        ...text(TABLE_LIST),
        [SAVE_TYPE]: { schema: Type.String(), example: TABLE_SAVE },
      },
    },
  },
  problems: [...kernelProblems, 'FIELD_INVALID', 'NOT_ACCEPTABLE'],
});

const getDrift = operation({
  operationId: 'getDrift',
  tag,
  summary: 'Compare kernel and definition',
  description: 'Reads the kernel now and says where it differs from the definition. Changes nothing.',
  params: DirectorPath,
  query: NoQuery,
  answers: { 200: { description: 'The differences.', content: json(Drift, DRIFT) } },
  problems: kernelProblems,
});

const listDrains = operation({
  operationId: 'listDrains',
  tag,
  summary: 'List what is draining',
  description:
    'Real servers with weight 0 that wait for their connections to end: those that were deleted, disabled or got another key, ' +
    'which are removed from the kernel then (`leaving`), and those whose `adminState` is `drain`, which stay. Virtual ' +
    'services that were deleted are listed as long as their real servers drain.',
  params: DirectorPath,
  query: Type.Object(pageParameters, closed),
  answers: {
    200: {
      description: 'One page, ordered by key.',
      content: json(
        Type.Object(
          {
            items: Type.Array(Drain),
            nextPageToken: Type.String({ description: 'Empty on the last page.' }),
          },
          { ...closed, $id: 'DrainList', description: 'One page of drains.' },
        ),
        { items: [DRAIN], nextPageToken: '' },
      ),
    },
  },
  problems: [...kernelProblems, 'PAGE_TOKEN_INVALID'],
});

const deleteDrain = operation({
  operationId: 'deleteDrain',
  tag,
  summary: 'Cut a drain',
  description:
    'What waits to leave the kernel leaves it now, and its connections are cut: one real server, or a virtual service with ' +
    'everything behind it. A real server that stays (`leaving` false) is disabled or deleted with `drain=false` instead.',
  params: DirectorPath,
  query: Type.Object(
    {
      ...RemoveQuery.properties,
      key: Type.String({
        minLength: 1,
        maxLength: 200,
        description: 'Key of the drain, as the list has it (percent-encoded in the URL).',
        examples: [DRAIN.key],
      }),
    },
    closed,
  ),
  headers: CreateHeaders,
  answers: {
    200: { description: 'With `validateOnly=true`: what would change.', content: json(Preview, PREVIEW) },
    202: { description: 'Cut, but the kernel still has it: it could not be reached.' },
    204: { description: 'Cut.' },
  },
  problems: [
    ...CALL_PROBLEMS,
    'READ_ONLY',
    'DIRECTOR_NOT_FOUND',
    'DRAIN_NOT_FOUND',
    'DRAIN_CANNOT_BE_CUT',
    'STORE_UNAVAILABLE',
  ],
});

const createReconciliation = operation({
  operationId: 'createReconciliation',
  tag,
  summary: 'Make the kernel equal to the definition now',
  description:
    'A full pass, now instead of at the next interval; answers when it is done. Entries of others are never touched. ' +
    'Takes no body.',
  params: DirectorPath,
  query: NoQuery,
  headers: CreateHeaders,
  answers: { 201: { description: 'The pass is done.', content: json(Reconciliation, RECONCILIATION) } },
  problems: [...kernelProblems, ...BODY_PROBLEMS, 'READ_ONLY', 'STORE_UNAVAILABLE'],
});

const createCounterReset = operation({
  operationId: 'createCounterReset',
  tag,
  summary: 'Zero counters',
  description:
    'Of one service and its real servers, managed or foreign, or of all: totals and rates begin again at 0, as with ' +
    '`ipvsadm -Z`. Connections are not touched.',
  params: DirectorPath,
  query: NoQuery,
  headers: CreateHeaders,
  body: { types: [JSON_TYPE], schema: CounterResetInput, example: COUNTER_RESET.input },
  answers: { 201: { description: 'Zeroed.', content: json(CounterReset, COUNTER_RESET.reset) } },
  problems: [
    ...kernelProblems,
    'READ_ONLY',
    ...BODY_PROBLEMS,
    'VIRTUAL_SERVICE_NOT_FOUND',
    'KERNEL_ENTRY_NOT_FOUND',
    'STORE_UNAVAILABLE',
  ],
});

const checkEmpty = createValidator(Type.Object({}, closed));

export const directorRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (app, { control }) => {
  app.get('/v1/directors', { schema: listDirectors }, (request) =>
    control.directors.list(callOf(request), request.query),
  );

  app.get('/v1/directors/:director', { schema: getDirector }, (request) =>
    control.directors.get(callOf(request), request.params.director),
  );

  app.get('/v1/directors/:director/table', { schema: getTable }, async (request, reply) => {
    const { director } = request.params;
    const type = negotiate(request, reply, TABLE_TYPES);
    const { view, exact, frontend, stats = false } = request.query;
    const needsStats = stats || (type === TEXT_TYPE && (view === 'stats' || view === 'rate'));
    const one = frontend === undefined ? {} : { frontend };
    const table = await control.directors.table(callOf(request), director, { stats: needsStats, ...one });
    if (type === JSON_TYPE) return table;
    reply.type(`${type}; charset=utf-8`);
    if (type === SAVE_TYPE) return reply.send(ipvsadmSave(table));
    const header = frontend === undefined ? await control.directors.get(callOf(request), director) : null;
    return reply.send(ipvsadmList(table, header, { view, exact }));
  });

  app.get('/v1/directors/:director/drift', { schema: getDrift }, (request) =>
    control.directors.drift(callOf(request), request.params.director),
  );

  app.get('/v1/directors/:director/drains', { schema: listDrains }, (request) =>
    control.directors.drains(callOf(request), request.params.director, request.query),
  );

  app.delete('/v1/directors/:director/drains', { schema: deleteDrain }, async (request, reply) => {
    const { params, query } = request;
    const { validateOnly = false, allowMissing = false } = query;
    const options = { validateOnly, allowMissing };
    const answer = await control.directors.cutDrain(callOf(request), params.director, query.key, options);
    return sendDeleted(reply, answer);
  });

  app.post(
    '/v1/directors/:director/reconciliations',
    { schema: createReconciliation },
    async (request, reply) => {
      // Some clients always send an object.
      if (request.body !== undefined) checkEmpty(request.body);
      return reply
        .code(201)
        .send(await control.directors.reconcile(callOf(request), request.params.director));
    },
  );

  app.post(
    '/v1/directors/:director/counter-resets',
    { schema: createCounterReset },
    async (request, reply) => {
      const { params, body } = request;
      return reply
        .code(201)
        .send(await control.directors.resetCounters(callOf(request), params.director, body));
    },
  );
};
