import type { FastifyRequest } from 'fastify';
import type { Control } from '../control/control.js';
import { bearerToken } from './request.js';

/** The hook of the authenticated scope: no handler of it runs without a principal. */
export function createAuthentication(control: Control): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    const { schema } = request.routeOptions;
    request.principal = await control.authentication.authenticate({
      token: bearerToken(request),
      transport: 'rest',
      requestId: request.id,
      sourceAddress: request.ip ?? null,
      action: (schema as { operationId: string }).operationId,
    });
  };
}
