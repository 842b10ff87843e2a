/** What every request meets first, whatever its path and before its body is read. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from '../control/control.js';
import { DomainError } from '../domain/errors.js';
import { type AllowedMethods, createAllowedMethods } from './allowed-methods.js';
import { createHostGuard } from './host-guard.js';
import { createAnonymousLimit } from './rate-limit.js';
import { checkRequestId } from './request.js';

interface FrontDoor {
  readonly admission: Admission;
  readonly allowedHosts: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly isTls: boolean;
}

const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // Answers depend on who asks; an entity tag makes asking again cheap.
  'cache-control': 'private, no-cache',
};

/** A year, as browsers ask before they preload it; of this name alone. */
const TLS_HEADERS = { 'strict-transport-security': 'max-age=31536000' };

/** Must come before all routes. */
export function registerFrontDoor(app: FastifyInstance, options: FrontDoor): void {
  const checkHost = createHostGuard(options);
  const count = createAnonymousLimit(options);
  const securityHeaders = { ...SECURITY_HEADERS, ...(options.isTls && TLS_HEADERS) };
  const allowedMethods = createAllowedMethods();
  app.addHook('onRoute', ({ url, method }) => allowedMethods.add(url, method));

  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
  });

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders).header('x-request-id', request.id);
    checkHost(request);
    checkRequestId(request);
    if (isClosing) throw new DomainError('SHUTTING_DOWN', 'The server is stopping: try again in a moment.');
    await count(request, reply);
    return request.is404 ? answerUnrouted(request, reply, allowedMethods) : undefined;
  });
  // A connection that is kept would keep the server from ending.
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close');
  });
  // What /docs does not find among its files comes here too.
  app.setNotFoundHandler((request, reply) => answerUnrouted(request, reply, allowedMethods));
}

/** OPTIONS is told the methods of the path; everything else is refused. */
function answerUnrouted(
  request: FastifyRequest,
  reply: FastifyReply,
  allowedMethods: AllowedMethods,
): FastifyReply {
  const { method } = request;
  const path = request.url.split('?', 1)[0] ?? '';
  const allowed = allowedMethods.of(path);
  if (allowed.length === 0 || (allowed.includes(method) && method !== 'OPTIONS')) {
    throw new DomainError('ROUTE_NOT_FOUND', `There is nothing at ${path}: /docs shows the paths.`);
  }
  reply.header('allow', allowed.join(', '));
  if (method === 'OPTIONS') return reply.code(204).send();
  throw new DomainError('METHOD_NOT_ALLOWED', `${path} has no ${method}; it has ${allowed.join(', ')}.`);
}
