/** Whatever goes wrong on the way through HTTP becomes a problem document: ours, fastify's and Node's errors alike. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyBaseLogger, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { newRequestId } from '../control/request-id.js';
import { DomainError, type Reason } from '../domain/errors.js';
import { PROBLEM_MEDIA_TYPE, type Problem, problemOf } from './problem.js';
import { refusalHeaders } from './rate-limit.js';
import { createReadFirst } from './read-first.js';
import { PartError } from './validation.js';

interface Explanation {
  readonly reason: Reason;
  readonly detail: string;
}

/** What fastify's own errors mean to a caller; any other one is a defect. */
const FASTIFY_ERRORS: Readonly<Record<string, Explanation>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    reason: 'UNSUPPORTED_MEDIA_TYPE',
    detail: 'Bodies are JSON: say so with Content-Type: application/json.',
  },
  FST_ERR_CTP_BODY_TOO_LARGE: {
    reason: 'BODY_TOO_LARGE',
    detail: 'A body may have 16 MiB: split it.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    reason: 'MALFORMED_BODY',
    detail: 'The body is not as long as Content-Length says.',
  },
  FST_ERR_MAX_PARAM_LENGTH: {
    reason: 'MALFORMED_REQUEST',
    detail: 'A segment of the path may have 1024 characters.',
  },
  FST_ERR_BAD_URL: {
    reason: 'MALFORMED_REQUEST',
    detail: 'The path is not valid percent-encoding (RFC 3986, 2.1).',
  },
};

/** What Node's HTTP parser may say of bytes that never became a request. */
const PARSER_ERRORS: Readonly<Record<string, Explanation>> = {
  HPE_HEADER_OVERFLOW: {
    reason: 'HEADERS_TOO_LARGE',
    detail: 'The request line and header fields may have 16 KiB together: send less.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    reason: 'REQUEST_TIMEOUT',
    detail: 'The request took too long to arrive: send it without pauses.',
  },
};

export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = knownError(error);
  if (!known || known.reason === 'INTERNAL') request.log.error({ err: error }, 'unexpected error');
  const failure = known ?? defect(request.id);
  const problem = problemOf(failure, {
    instance: request.url.split('?', 1)[0] ?? '',
    requestId: request.id,
  });
  placeErrors(problem, request);
  reply.header('x-request-id', request.id).headers(refusalHeaders(failure));
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="lvsd"');
  return reply.code(problem.status).type(PROBLEM_MEDIA_TYPE).send(problem);
}

/** What the control layer calls a field came in the query of a request that has no body. */
function placeErrors({ errors = [] }: Problem, { method, query }: FastifyRequest): void {
  if (!BODILESS.has(method)) return;
  const names = Object.keys(query ?? {});
  for (const error of errors) {
    if (names.includes(error.pointer.split('/')[1] ?? '')) error.pointer = `/query${error.pointer}`;
  }
}

const BODILESS = new Set(['GET', 'HEAD', 'DELETE']);

function knownError(error: unknown): DomainError | undefined {
  if (error instanceof DomainError) return error;
  if (error instanceof PartError) return error.cause;
  const known = FASTIFY_ERRORS[(error as FastifyError).code];
  return known && new DomainError(known.reason, known.detail, { cause: error });
}

function defect(requestId: string): DomainError {
  return new DomainError('INTERNAL', `lvsd failed; its log has the cause under request id ${requestId}.`);
}

/** Answers bytes that are no request; nothing of them can be trusted, so the connection ends. */
export function createClientErrorHandler(logger: FastifyBaseLogger) {
  const readFirst = createReadFirst();

  function refuse(error: Error & { code?: string }, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const requestId = newRequestId();
    const { reason, detail } = PARSER_ERRORS[error.code ?? ''] ?? {
      reason: 'MALFORMED_REQUEST',
      detail: `The request cannot be read: ${error.message}.`,
    };
    logger.debug({ err: error, requestId }, 'unreadable request');
    const problem = problemOf(new DomainError(reason, detail), { instance: '', requestId });
    const body = JSON.stringify(problem);
    socket.end(
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nx-request-id: ${requestId}\r\nconnection: close\r\n\r\n${body}`,
    );
  }

  return function (this: FastifyInstance, error: Error & { code?: string }, socket: Socket): void {
    if (error.code !== 'ERR_HTTP_REQUEST_TIMEOUT') refuse(error, socket);
    else readFirst(this.server, socket, () => refuse(error, socket));
  };
}
