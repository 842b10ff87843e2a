/** One address behind all virtual services of a project. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import { Preview } from '../../domain/schema/preview.js';
import { RealServerAddress, RealServerAddressPatch } from '../../domain/schema/real-server-address.js';
import { REAL_SERVER_ADDRESS } from '../examples.js';
import {
  BODY_PROBLEMS,
  CALL_PROBLEMS,
  JSON_TYPE,
  json,
  MERGE_PATCH_TYPE,
  operation,
  WRITE_PROBLEMS,
} from '../operation.js';
import {
  ChangeHeaders,
  ChangeQuery,
  ConnectionsQuery,
  ReadHeaders,
  RealServerAddressPath,
} from '../parameters.js';
import { sendTagged, sendWritten } from '../reply.js';
import { callOf, writeOptions } from '../request.js';
import { ETAG_HEADER, PENDING } from './resource-kind.js';

const url = '/v1/projects/:project/real-server-addresses/:address';
const common = { tag: 'Real servers', params: RealServerAddressPath };
const found = ['PROJECT_NOT_FOUND', 'REAL_SERVER_NOT_FOUND', 'ADDRESS_INVALID'] as const;
const content = json(RealServerAddress, REAL_SERVER_ADDRESS.resource);

const getRealServerAddress = operation({
  ...common,
  operationId: 'getRealServerAddress',
  summary: 'Get the real servers with one address',
  description: 'All real servers of the project that have the address, in whatever virtual service they are.',
  query: ConnectionsQuery,
  headers: ReadHeaders,
  answers: {
    200: { description: 'The address with its real servers.', headers: ETAG_HEADER, content },
    304: { description: 'The entity tag in If-None-Match is the current one.' },
  },
  problems: [...CALL_PROBLEMS, ...found, 'KERNEL_UNAVAILABLE'],
});

const updateRealServerAddress = operation({
  ...common,
  operationId: 'updateRealServerAddress',
  summary: 'Drain, disable or activate an address everywhere',
  description:
    'Changes `adminState` of every real server of the project that has the address: all or none, as one write, whose audit ' +
    'events have one request id. Before the host goes down for maintenance: `drain`; look with GET and `connections=true` ' +
    'until all have drained; afterwards `active`, and each has its weight back.',
  query: ChangeQuery,
  headers: ChangeHeaders,
  body: {
    types: [MERGE_PATCH_TYPE, JSON_TYPE],
    schema: RealServerAddressPatch,
    example: REAL_SERVER_ADDRESS.patch,
  },
  answers: {
    200: {
      description:
        'The address with those of its real servers that were changed. With `validateOnly=true`: what would change (Preview).',
      headers: ETAG_HEADER,
      content: json(Type.Union([RealServerAddress, Preview]), REAL_SERVER_ADDRESS.resource),
    },
    202: { description: PENDING, headers: ETAG_HEADER, content },
  },
  problems: [...WRITE_PROBLEMS, ...BODY_PROBLEMS, ...found, 'REAL_SERVER_TAKEN', 'FOREIGN_ENTRY'],
});

export const realServerAddressRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (
  app,
  { control },
) => {
  app.get(url, { schema: getRealServerAddress }, async (request, reply) => {
    const { params, query } = request;
    const addresses = control.realServerAddresses;
    const { realServerAddress, etag } = await addresses.get(callOf(request), params, query);
    if (query.connections) return reply.header('etag', etag).send(realServerAddress);
    return sendTagged(request, reply, etag, realServerAddress);
  });

  app.patch(url, { schema: updateRealServerAddress }, async (request, reply) => {
    const { params, body } = request;
    const addresses = control.realServerAddresses;
    const answer = await addresses.update(callOf(request), params, body, writeOptions(request));
    return sendWritten(reply, answer, { body: ({ realServerAddress }) => realServerAddress });
  });
};
