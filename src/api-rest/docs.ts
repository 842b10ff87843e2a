/** Swagger UI at /docs, served from this process: nothing is loaded from elsewhere. */
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { DOCS_SCRIPT, DOCS_STYLE } from './docs-script.js';
import { MEMORY_NOTE, READ_ONLY_NOTE } from './openapi-text.js';

/** Swagger UI styles its elements inline and draws its icons from data URLs; scripts are files of this server only. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

interface Docs {
  readonly driver: 'netlink' | 'memory';
  readonly readOnly: boolean;
}

export async function registerDocs(app: FastifyInstance, { driver, readOnly }: Docs): Promise<void> {
  const notes = [...(driver === 'memory' ? [MEMORY_NOTE] : []), ...(readOnly ? [READ_ONLY_NOTE] : [])];
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CONTENT_SECURITY_POLICY,
    theme: {
      title: 'lvsd API',
      js: [{ filename: 'lvsd.js', content: DOCS_SCRIPT }],
      css: [{ filename: 'lvsd.css', content: DOCS_STYLE }],
    },
    uiConfig: {
      // Without a bar for addresses of other documents.
      layout: 'BaseLayout',
      persistAuthorization: true,
      tryItOutEnabled: true,
      docExpansion: 'list',
      deepLinking: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
      filter: true,
      validatorUrl: null,
    },
    transformSpecification: (document) => withNotes(document, notes.join('')),
  });
}

function withNotes(document: Readonly<Record<string, unknown>>, notes: string): Record<string, unknown> {
  const info = document.info as { description: string };
  return { ...document, info: { ...info, description: notes + info.description } };
}
