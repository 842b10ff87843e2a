import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../domain/errors.js';

/**
 * The media type to answer with, of those that are offered with a word on each (empty for JSON). Marks the answer as one of
 * several; throws NOT_ACCEPTABLE, naming what there is.
 */
export function negotiate<T extends string>(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  offered: Readonly<Record<T, string>>,
): T {
  reply.header('vary', 'accept');
  const types = Object.keys(offered) as T[];
  const type = preferredType(headers.accept, types);
  if (type) return type;
  const choices = types.map((one) => (offered[one] ? `${one} (${offered[one]})` : one));
  throw new DomainError('NOT_ACCEPTABLE', `Accept one of ${choices.join(', ')}.`);
}

/**
 * The representation that an Accept header prefers (RFC 9110, 12.5.1), or undefined when it takes none of them. The more
 * specific range decides a type's weight; among equals the first offered wins.
 */
export function preferredType<T extends string>(
  accept: string | undefined,
  offered: readonly T[],
): T | undefined {
  if (accept === undefined || accept.trim() === '') return offered[0];
  const ranges = accept.split(',').map(parseRange);
  let best: { type: T; weight: number } | undefined;
  for (const type of offered) {
    const weight = weightOf(type, ranges);
    if (weight > (best?.weight ?? 0)) best = { type, weight };
  }
  return best?.type;
}

interface MediaRange {
  readonly range: string;
  readonly weight: number;
}

function parseRange(text: string): MediaRange {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  const weight = q === undefined ? 1 : Number(q.slice(2));
  return { range, weight: Number.isNaN(weight) ? 0 : weight };
}

function weightOf(type: string, ranges: readonly MediaRange[]): number {
  for (const wanted of [type, `${type.split('/', 1)[0]}/*`, '*/*']) {
    const found = ranges.find(({ range }) => range === wanted);
    if (found) return found.weight;
  }
  return 0;
}
