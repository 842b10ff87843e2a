/** What makes hosts ready to be real servers, to be run there as it comes. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import { DomainError } from '../../domain/errors.js';
import { RealServerSetup, type SetupFormat } from '../../domain/schema/real-server-setup.js';
import { setupText } from '../../domain/setup/setup.js';
import { preferredType } from '../accept.js';

import { CALL_PROBLEMS, JSON_TYPE, json, operation } from '../operation.js';
import { RealServerAddressPath, RealServerPath, SetupQuery } from '../parameters.js';
import { callOf } from '../request.js';
import { REAL_SERVER_SETUP, SETUP_TEXTS } from '../setup-examples.js';

/** Of the text in each format. */
const TEXT_TYPES: Readonly<Record<SetupFormat, string>> = {
  shell: 'text/x-shellscript',
  networkd: 'text/plain',
  ansible: 'application/yaml',
};

const common = { tag: 'Packets', query: SetupQuery };
const answers = {
  200: {
    description: 'The setup.',
    content: {
      ...json(RealServerSetup, REAL_SERVER_SETUP),
      ...Object.fromEntries(
        Object.entries(TEXT_TYPES).map(([format, type]) => [
          type,
          { schema: Type.String(), example: SETUP_TEXTS[format as SetupFormat] },
        ]),
      ),
    },
  },
};
const problems = [
  ...CALL_PROBLEMS,
  'PROJECT_NOT_FOUND',
  'REAL_SERVER_NOT_FOUND',
  'ADDRESS_INVALID',
  'FIELD_INVALID',
  'NOT_ACCEPTABLE',
] as const;

const getRealServerSetup = operation({
  ...common,
  operationId: 'getRealServerSetup',
  summary: 'Get what prepares the host of a real server',
  description:
    'What the forwarding method needs on the real server: for `dr` the VIP where nobody asks for it, and silence about it; ' +
    "for `tun` the tunnel's device too; for `nat` a way back through the director; for `fullnat` nothing. As text, ready to be run " +
    '(`curl … | ssh root@web-1 sh`); with `Accept: application/json` as files and remarks. Changes nothing.',
  params: RealServerPath,
  answers,
  problems: [...problems, 'CLUSTER_NOT_FOUND', 'VIRTUAL_SERVICE_NOT_FOUND'],
});

const getRealServerAddressSetup = operation({
  ...common,
  operationId: 'getRealServerAddressSetup',
  summary: 'Get what prepares a whole host',
  description: 'As for one real server, for all real servers of the project that have the address.',
  params: RealServerAddressPath,
  answers,
  problems,
});

export const realServerSetupRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (
  app,
  { control: { realServerSetups } },
) => {
  app.get(
    '/v1/projects/:project/clusters/:cluster/virtual-services/:virtualService/real-servers/:realServer/setup',
    { schema: getRealServerSetup },
    async (request, reply) => {
      const { params, query } = request;
      return sendSetup(request, reply, await realServerSetups.get(callOf(request), params, query));
    },
  );

  app.get(
    '/v1/projects/:project/real-server-addresses/:address/setup',
    { schema: getRealServerAddressSetup },
    async (request, reply) => {
      const { params, query } = request;
      return sendSetup(request, reply, await realServerSetups.getForAddress(callOf(request), params, query));
    },
  );
};

/** Text unless JSON is preferred: what is handed out is meant to be run. */
function sendSetup(request: FastifyRequest, reply: FastifyReply, setup: RealServerSetup) {
  const text = TEXT_TYPES[setup.format];
  const type = preferredType(request.headers.accept, [text, JSON_TYPE, 'text/plain']);
  reply.header('vary', 'accept');
  if (!type) {
    throw new DomainError('NOT_ACCEPTABLE', `Accept ${text}, text/plain or ${JSON_TYPE}.`);
  }
  if (type === JSON_TYPE) return reply.send(setup);
  return reply.type(`${type}; charset=utf-8`).send(setupText(setup));
}
