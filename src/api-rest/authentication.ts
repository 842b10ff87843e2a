import type { FastifyReply, FastifyRequest } from 'fastify';
import { certificateOfSocket } from '../client-certificate.js';
import type { Control, Credentials } from '../control/control.js';
import { allowanceHeaders } from './rate-limit.js';
import { bearerToken } from './request.js';

/** The hook of the authenticated scope: no handler of it runs without a principal. */
export function createAuthentication({
  admission,
}: Control): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  return async (request, reply) => {
    const { principal, allowance } = await admission.admit(credentialsOf(request));
    request.principal = principal;
    reply.headers(allowanceHeaders(allowance));
  };
}

/** What a request of the authenticated scope proves its principal with. */
export function credentialsOf(request: FastifyRequest): Credentials {
  const { schema } = request.routeOptions;
  return {
    token: bearerToken(request),
    transport: 'rest',
    requestId: request.id,
    sourceAddress: request.ip ?? null,
    certificate: certificateOfSocket(request.raw.socket),
    action: (schema as { operationId: string }).operationId,
  };
}
