/** Reads bodies: JSON only, merge patches only where a patch is meant. */
import type { FastifyInstance } from 'fastify';
import { DomainError } from '../domain/errors.js';
import { JSON_TYPE, MERGE_PATCH_TYPE } from './operation.js';

export function registerBodyParsers(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>(
    [JSON_TYPE, MERGE_PATCH_TYPE],
    { parseAs: 'string' },
    (request, body, done) => {
      const isPatch = request.headers['content-type']?.toLowerCase().startsWith(MERGE_PATCH_TYPE);
      if (isPatch && request.method !== 'PATCH') {
        done(new DomainError('UNSUPPORTED_MEDIA_TYPE', `${request.method} takes ${JSON_TYPE}.`));
      } else if (body === '') {
        done(null, undefined);
      } else {
        void parseJson(request, body, (error, value) => done(error && malformed(error), value));
      }
    },
  );
}

function malformed(error: Error): DomainError {
  return new DomainError('MALFORMED_BODY', `The body is not JSON: ${error.message}.`, { cause: error });
}
