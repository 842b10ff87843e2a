/** What a director does by itself about drift. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import { DriftPolicySetting, DriftPolicySettingInput } from '../../domain/schema/drift-policy.js';
import { Preview } from '../../domain/schema/preview.js';
import { DRIFT_POLICY } from '../examples.js';
import { BODY_PROBLEMS, CALL_PROBLEMS, JSON_TYPE, json, operation, WRITE_PROBLEMS } from '../operation.js';
import { ChangeHeaders, DirectorPath, NoQuery, ReadHeaders, WriteQuery } from '../parameters.js';
import { sendTagged, sendWritten } from '../reply.js';
import { callOf, writeOptions } from '../request.js';
import { ETAG_HEADER } from './resource-kind.js';

const common = { tag: 'Directors', params: DirectorPath };

const getDriftPolicy = operation({
  ...common,
  operationId: 'getDriftPolicy',
  summary: 'Get the drift policy',
  description:
    'Whether lvsd removes differences that nobody asked for, and how many at once; `status.held` says that passes wait ' +
    'for a requested reconciliation because there were more.',
  query: NoQuery,
  headers: ReadHeaders,
  answers: {
    200: {
      description: 'The drift policy.',
      headers: ETAG_HEADER,
      content: json(DriftPolicySetting, DRIFT_POLICY.setting),
    },
    304: { description: 'The entity tag in If-None-Match is the current one.' },
  },
  problems: [...CALL_PROBLEMS, 'DIRECTOR_NOT_FOUND'],
});

const replaceDriftPolicy = operation({
  ...common,
  operationId: 'replaceDriftPolicy',
  summary: 'Set the drift policy',
  description:
    'With mode `report`, lvsd changes the kernel on request only: writes are applied, drift is audited and shown, and ' +
    '`POST …/reconciliations` removes it. With mode `enforce` every pass removes drift, but not more than the limit ' +
    'allows: then it is `held`. A kernel that has lost all entries (a new boot) is filled without a limit. A pass under ' +
    'the new policy follows at once; what is left out of `spec` has its default.',
  query: WriteQuery,
  headers: ChangeHeaders,
  body: { types: [JSON_TYPE], schema: DriftPolicySettingInput, example: DRIFT_POLICY.input },
  answers: {
    200: {
      description: 'Stored. With `validateOnly=true`: what would change (Preview).',
      headers: ETAG_HEADER,
      content: json(Type.Union([DriftPolicySetting, Preview]), DRIFT_POLICY.setting),
    },
  },
  problems: [...WRITE_PROBLEMS, ...BODY_PROBLEMS, 'DIRECTOR_NOT_FOUND'],
});

export const driftPolicyRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (
  app,
  { control },
) => {
  const url = '/v1/directors/:director/drift-policy';

  app.get(url, { schema: getDriftPolicy }, async (request, reply) => {
    const setting = await control.driftPolicies.get(callOf(request), request.params.director);
    return sendTagged(request, reply, setting.etag, setting);
  });

  app.put(url, { schema: replaceDriftPolicy }, async (request, reply) => {
    const { params, body } = request;
    const answer = await control.driftPolicies.replace(
      callOf(request),
      params.director,
      body,
      writeOptions(request),
    );
    return sendWritten(reply, answer, {});
  });
};
