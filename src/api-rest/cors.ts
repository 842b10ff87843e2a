/** Pages of other origins that may call this server from a browser, as far as the configuration names them. */
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** What such a page may read of an answer besides its body. */
const EXPOSED_HEADERS = [
  ...[
    'Allow',
    'ETag',
    'Idempotency-Replayed',
    'Location',
    'RateLimit',
    'RateLimit-Policy',
    'Retry-After',
    'WWW-Authenticate',
    'X-Request-Id',
  ],
];

/** What it may send. */
const ALLOWED_HEADERS = [
  ...['Accept', 'Authorization', 'Content-Type', 'If-Match', 'If-None-Match', 'Last-Event-ID'],
  ...['Idempotency-Key', 'X-Audit-Reason', 'X-Request-Id'],
];

/**
 * Must come before the front door: refusals are readable by such a page too, and a preflight, which carries no token, is
 * answered before anybody asks for one. Cookies are never meant: there are none.
 */
export async function registerCors(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await app.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && origins.includes(origin)),
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ALLOWED_HEADERS,
    exposedHeaders: EXPOSED_HEADERS,
    strictPreflight: false,
    maxAge: 600,
  });
}
