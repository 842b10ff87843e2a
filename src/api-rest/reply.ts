/** From an answer of the control layer to an HTTP reply. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DeleteAnswer, WriteAnswer } from '../control/control.js';
import { hasCurrent } from './preconditions.js';

interface Tagged {
  readonly etag: string;
}

/** 200 with the entity tag, or 304 when the client has it already. */
export function sendTagged(request: FastifyRequest, reply: FastifyReply, etag: string, body: unknown) {
  reply.header('etag', etag);
  if (hasCurrent(request.headers['if-none-match'], etag)) return reply.code(304).send();
  return reply.send(body);
}

interface Written<R> {
  /** Path of the resource, for Location when it is new; left out where nothing can be. */
  readonly location?: (resource: R) => string;
  /** The representation; default: the resource itself. */
  readonly body?: (resource: R) => unknown;
}

/** 200 with the preview; else 201 (new), 202 (not in the kernel yet) or 200. */
export function sendWritten<R extends Tagged>(
  reply: FastifyReply,
  answer: WriteAnswer<R>,
  { location, body = (resource) => resource }: Written<R>,
) {
  if ('preview' in answer) return reply.code(200).send(answer.preview);
  const { resource, created, pending } = answer;
  if (created && location) reply.header('location', location(resource));
  reply.header('etag', resource.etag);
  return reply.code(pending ? 202 : created ? 201 : 200).send(body(resource));
}

/** 200 with the preview; else 204, or 202 while the kernel still has it. */
export function sendDeleted(reply: FastifyReply, answer: DeleteAnswer) {
  if ('preview' in answer) return reply.code(200).send(answer.preview);
  return reply.code(answer.pending ? 202 : 204).send();
}
