/** What a request says about itself beyond its resource: its id, who sends it and why. */
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Call, DeleteOptions, Principal, RetryKey } from '../control/control.js';
import { isRequestId, newRequestId, REQUEST_ID_RULE } from '../control/request-id.js';
import { type DomainError, violationError } from '../domain/errors.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authenticated scope's hook before any handler of it runs. */
    principal: Principal | null;
    /** Set when the handler of a write that has one makes its call. */
    retryKey: RetryKey | null;
  }
}

const REASON_BYTES = 1024;

/** The caller's X-Request-Id, or one of ours when there is none that could be used. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const sent = headers['x-request-id'];
  return typeof sent === 'string' && isRequestId(sent) ? sent : newRequestId();
}

/** Refuses an X-Request-Id that `requestIdOf` had to replace: the caller would look for it in vain. */
export function checkRequestId({ headers, id }: FastifyRequest): void {
  if (headers['x-request-id'] === undefined || headers['x-request-id'] === id) return;
  throw invalidHeader('x-request-id', REQUEST_ID_RULE);
}

/** The bearer token, or undefined when the request carries none. */
export function bearerToken({ headers }: FastifyRequest): string | undefined {
  return /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}

export function callOf(request: FastifyRequest): Call {
  if (!request.principal) throw new Error(`${request.url} is not in the authenticated scope`);
  request.retryKey = retryKeyOf(request);
  return {
    principal: request.principal,
    transport: 'rest',
    requestId: request.id,
    sourceAddress: request.ip ?? null,
    reason: auditReason(request),
    ...(request.retryKey && { retryKey: request.retryKey }),
  };
}

/** Of reads it means nothing. */
function retryKeyOf({ method, headers }: FastifyRequest): RetryKey | null {
  const key = headers['idempotency-key'];
  if (key === undefined || method === 'GET' || method === 'HEAD') return null;
  if (typeof key !== 'string' || !isRequestId(key)) throw invalidHeader('idempotency-key', REQUEST_ID_RULE);
  return { key, isReplayed: false };
}

/** Node reads header bytes as Latin-1. Browsers send that, most other clients UTF-8; text that is both is rare. */
function auditReason({ headers }: FastifyRequest): string | null {
  const sent = headers['x-audit-reason'];
  if (typeof sent !== 'string' || sent === '') return null;
  if (sent.length > REASON_BYTES)
    throw invalidHeader('x-audit-reason', `must have at most ${REASON_BYTES} bytes`);
  const text = Buffer.from(sent, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? sent : text;
}

function invalidHeader(name: string, fault: string): DomainError {
  return violationError([
    { reason: 'FIELD_INVALID', pointer: `/headers/${name}`, detail: `Header ${name} ${fault}.` },
  ]);
}

/** The write options that query and headers of any write carry. */
export function writeOptions(request: FastifyRequest): DeleteOptions {
  const query = request.query as { validateOnly?: boolean; drain?: boolean; allowMissing?: boolean };
  const { validateOnly = false, drain = true, allowMissing = false } = query;
  const ifMatch = request.headers['if-match'];
  // The schema of PUT allows "*" only; other methods have no use for this header.
  const onlyCreate = request.method === 'PUT' && request.headers['if-none-match'] !== undefined;
  return { validateOnly, drain, onlyCreate, allowMissing, ...(ifMatch !== undefined && { ifMatch }) };
}
