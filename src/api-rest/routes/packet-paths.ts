/** How packets travel through a virtual service. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import { DomainError } from '../../domain/errors.js';
import { packetPathText } from '../../domain/packet-path/text.js';
import { PacketPath } from '../../domain/schema/packet-path.js';
import { preferredType } from '../accept.js';
import { CALL_PROBLEMS, JSON_TYPE, json, operation } from '../operation.js';
import { PACKET_PATH } from '../packet-path-example.js';
import { PacketPathQuery, VirtualServicePath } from '../parameters.js';
import { callOf } from '../request.js';

const TEXT_TYPE = 'text/plain';

const getPacketPath = operation({
  operationId: 'getPacketPath',
  tag: 'Packets',
  summary: 'Explain how packets travel',
  description:
    'Each hop of a request and its reply by each real server that may be picked: addresses and ports, whose MAC address, what ' +
    'is put around the packet, what is rewritten and where, why the reply comes back the way it does, and what must be true for ' +
    'it. With `Accept: text/plain` to be read. Sends no packet and changes nothing.',
  params: VirtualServicePath,
  query: PacketPathQuery,
  answers: {
    200: {
      description: 'The way there and back.',
      content: {
        ...json(PacketPath, PACKET_PATH),
        [TEXT_TYPE]: { schema: Type.String(), example: packetPathText(PACKET_PATH) },
      },
    },
  },
  problems: [
    ...CALL_PROBLEMS,
    'PROJECT_NOT_FOUND',
    'CLUSTER_NOT_FOUND',
    'VIRTUAL_SERVICE_NOT_FOUND',
    'REAL_SERVER_NOT_FOUND',
    'ADDRESS_INVALID',
    'FIELD_INVALID',
    'NOT_ACCEPTABLE',
  ],
});

export const packetPathRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (app, { control }) => {
  app.get(
    '/v1/projects/:project/clusters/:cluster/virtual-services/:virtualService/packet-path',
    { schema: getPacketPath },
    async (request, reply) => {
      const { params, query, headers } = request;
      const type = preferredType(headers.accept, [JSON_TYPE, TEXT_TYPE]);
      reply.header('vary', 'accept');
      if (!type) throw new DomainError('NOT_ACCEPTABLE', `Accept ${JSON_TYPE} or ${TEXT_TYPE}.`);
      const path = await control.packetPaths.get(callOf(request), params, query);
      if (type === JSON_TYPE) return path;
      return reply.type(`${TEXT_TYPE}; charset=utf-8`).send(packetPathText(path));
    },
  );
};
