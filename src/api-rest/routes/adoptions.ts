/** Foreign entries of a director's kernel become part of a cluster. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import { pathOf } from '../../domain/names.js';
import { Adoption, AdoptionInput, AdoptionPreview } from '../../domain/schema/adoption.js';
import { ADOPTION } from '../examples.js';
import { BODY_PROBLEMS, CALL_PROBLEMS, JSON_TYPE, json, operation } from '../operation.js';
import { CreateHeaders, DirectorPath, WriteQuery } from '../parameters.js';
import { callOf, writeOptions } from '../request.js';
import { DEFINITION_RULES } from '../rule-problems.js';
import { LOCATION_HEADER } from './resource-kind.js';

const createAdoption = operation({
  operationId: 'createAdoption',
  tag: 'Moving in',
  summary: 'Take over foreign entries',
  description:
    'Virtual services and real servers that somebody else made in the kernel become part of a cluster, just as they are: the ' +
    'kernel is told nothing, and counters and connections go on. From then on they are managed: changed and deleted here, ' +
    'drift repaired. What a definition cannot say exactly is left out, with the reason, and stays foreign, as do the real ' +
    'servers of a virtual service that is left out. All or nothing otherwise. Look first with `validateOnly=true`.',
  params: DirectorPath,
  query: WriteQuery,
  headers: CreateHeaders,
  body: { types: [JSON_TYPE], schema: AdoptionInput, example: ADOPTION.input },
  answers: {
    200: {
      description:
        'With `validateOnly=true`: what would be adopted (AdoptionPreview). Otherwise there was nothing to adopt, and ' +
        'nothing was stored (Adoption).',
      content: json(Type.Union([Adoption, AdoptionPreview]), ADOPTION.preview),
    },
    201: { description: 'Adopted.', headers: LOCATION_HEADER, content: json(Adoption, ADOPTION.adoption) },
  },
  problems: [
    ...CALL_PROBLEMS,
    'READ_ONLY',
    ...BODY_PROBLEMS,
    'DIRECTOR_NOT_FOUND',
    'PROJECT_NOT_FOUND',
    'KERNEL_TABLE_CHANGED',
    'ADOPTION_NEEDS_MORE',
    ...DEFINITION_RULES,
    'KERNEL_UNAVAILABLE',
    'STORE_UNAVAILABLE',
  ],
});

export const adoptionRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (app, { control }) => {
  app.post('/v1/directors/:director/adoptions', { schema: createAdoption }, async (request, reply) => {
    const { params, body } = request;
    const answer = await control.directors.adopt(
      callOf(request),
      params.director,
      body,
      writeOptions(request),
    );
    const { adoption } = answer;
    if ('preview' in answer) {
      const { preview, definition } = answer;
      return reply.code(200).send({ ...preview, adoption, definition });
    }
    if (adoption.adopted.length === 0) return reply.code(200).send(adoption);
    return reply
      .code(201)
      .header('location', `/v1/${pathOf(adoption)}`)
      .send(adoption);
  });
};
