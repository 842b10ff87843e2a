/** Configurations of other tools. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Control } from '../../control/control.js';
import { pathOf } from '../../domain/names.js';
import { Import, ImportInput } from '../../domain/schema/import.js';
import { IMPORT } from '../examples.js';
import { BODY_PROBLEMS, JSON_TYPE, json, operation, WRITE_PROBLEMS } from '../operation.js';
import { ChangeQuery, CreateHeaders, NoPath } from '../parameters.js';
import { callOf, writeOptions } from '../request.js';
import { DEFINITION_RULES } from '../rule-problems.js';
import { LOCATION_HEADER, PENDING } from './resource-kind.js';

const createImport = operation({
  operationId: 'createImport',
  tag: 'Moving in',
  summary: 'Import a configuration',
  description:
    'Reads keepalived.conf, the output of `ipvsadm -Sn`, ldirectord.cf, or a definition as JSON or YAML, and says what it would ' +
    'become here: resources, kernel operations, and every directive that cannot be taken over, with file and line. ' +
    '**Nothing is stored without `apply`.** With it, the cluster becomes what the files say, all or nothing; what the files ' +
    'do not mention is deleted only with `prune`. Files with faults are planned and never applied.',
  params: NoPath,
  query: ChangeQuery,
  headers: CreateHeaders,
  body: { types: [JSON_TYPE], schema: ImportInput, example: IMPORT.input },
  answers: {
    200: {
      description: 'The plan; or there was nothing to change.',
      content: json(Import, { ...IMPORT.import, state: 'planned' }),
    },
    201: { description: 'Applied.', headers: LOCATION_HEADER, content: json(Import, IMPORT.import) },
    202: { description: PENDING, content: json(Import, { ...IMPORT.import, state: 'pending' }) },
  },
  problems: [
    ...WRITE_PROBLEMS,
    ...BODY_PROBLEMS,
    'PROJECT_NOT_FOUND',
    'IMPORT_FAULTY',
    'IMPORT_FORMAT_UNKNOWN',
    'PRUNE_NEEDED',
    ...DEFINITION_RULES,
  ],
});

const STATUS = { planned: 200, unchanged: 200, applied: 201, pending: 202 } as const;

export const importRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (app, { control }) => {
  app.post('/v1/imports', { schema: createImport }, async (request, reply) => {
    const done = await control.imports.create(callOf(request), request.body, writeOptions(request));
    if (done.state === 'applied') reply.header('location', `/v1/${pathOf(done)}/definition`);
    return reply.code(STATUS[done.state]).send(done);
  });
};
