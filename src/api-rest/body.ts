/** Reads bodies: JSON only, merge patches only where a patch is meant. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError } from '../domain/errors.js';
import { JSON_TYPE, MERGE_PATCH_TYPE } from './operation.js';

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
      return body.length === 0 ? undefined : parseJson(body);
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
