/** Reads bodies: JSON only, merge patches only where a patch is meant. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError } from '../domain/errors.js';
import { JSON_TYPE, MERGE_PATCH_TYPE } from './operation.js';

/** What lvsd reads has fewer than ten levels; deeper ones are made to exhaust the stack of whoever walks them. */
const MAX_DEPTH = 32;

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function registerBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    [JSON_TYPE, MERGE_PATCH_TYPE],
    { parseAs: 'buffer' },
    async ({ method, headers }: FastifyRequest, body: Buffer) => {
      const isPatch = headers['content-type']?.toLowerCase().startsWith(MERGE_PATCH_TYPE);
      if (isPatch && method !== 'PATCH') {
        throw new DomainError('UNSUPPORTED_MEDIA_TYPE', `${method} takes ${JSON_TYPE}.`);
      }
      return body.length === 0 ? undefined : checkDepth(parseJson(body));
    },
  );
}

/** A member called "__proto__" stays an ordinary one, which no schema knows. */
function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch (error) {
    throw new DomainError('MALFORMED_BODY', `The body is not JSON: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

function checkDepth(value: unknown): unknown {
  if (!isDeeper(value, 0)) return value;
  throw new DomainError('MALFORMED_BODY', `The body is nested deeper than ${MAX_DEPTH} levels.`);
}

/** Calls itself no more often than there are levels that may be. */
function isDeeper(value: unknown, depth: number): boolean {
  if (depth > MAX_DEPTH) return true;
  if (typeof value !== 'object' || value === null) return false;
  for (const name in value) {
    if (isDeeper((value as Record<string, unknown>)[name], depth + 1)) return true;
  }
  return false;
}
