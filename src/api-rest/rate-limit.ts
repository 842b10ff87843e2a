/** How callers are told what is left to them: draft-ietf-httpapi-ratelimit-headers-10, and Retry-After (RFC 9110, 10.2.3). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Allowance, Control } from '../control/control.js';
import type { DomainError } from '../domain/errors.js';

/** What supervisors ask for again and again, from one address. */
const UNCOUNTED = ['/healthz', '/readyz', '/metrics'];

/** Counts requests that need no token, by where they come from: documents, explanations and paths that are not there. */
export function createAnonymousLimit({
  admission,
}: Pick<Control, 'admission'>): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  return async ({ routeOptions, ip }, reply) => {
    const path = routeOptions.url ?? '';
    if (path.startsWith('/v1/') || UNCOUNTED.includes(path)) return;
    reply.headers(allowanceHeaders(await admission.admitAnonymous(ip ?? null)));
  };
}

export function allowanceHeaders(allowance: Allowance | null): Record<string, string> {
  if (allowance === null) return {};
  const { quota, windowSeconds, remaining, resetSeconds } = allowance;
  return {
    'ratelimit-policy': `"calls";q=${quota};w=${windowSeconds}`,
    ratelimit: `"calls";r=${remaining};t=${resetSeconds}`,
  };
}

/** When to call again and, of RATE_LIMITED, what is left until then. */
export function refusalHeaders({ reason, metadata, retryAfterSeconds }: DomainError): Record<string, string> {
  if (retryAfterSeconds === undefined) return {};
  if (reason !== 'RATE_LIMITED') return { 'retry-after': retryAfterSeconds };
  const { quota = '', windowSeconds = '' } = metadata;
  return {
    'ratelimit-policy': `"calls";q=${quota};w=${windowSeconds}`,
    ratelimit: `"calls";r=0;t=${retryAfterSeconds}`,
    'retry-after': retryAfterSeconds,
  };
}
