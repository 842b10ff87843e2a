/** The OpenAPI document, made from the routes themselves. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { version } from '../package-root.js';
import { DESCRIPTION, TAGS } from './openapi-text.js';

const SECURITY_SCHEME = 'token';

/** Must come before all routes. Serves /openapi.json without a token: it holds no secret. */
export async function registerOpenapi(app: FastifyInstance): Promise<void> {
  const schemas: Record<string, unknown> = {};
  const bodies: Record<string, RouteBody> = {};
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'lvsd',
        version,
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'This server.' }],
      tags: TAGS,
      components: {
        securitySchemes: {
          [SECURITY_SCHEME]: {
            type: 'http',
            scheme: 'bearer',
            description: 'The token in `admin-token` of the data directory, or one of `lvsd token create`.',
          },
        },
      },
    },
    convertConstToEnum: false,
    transform: ({ schema, url }) => {
      const { operationId, body } = schema as { operationId?: string; body?: RouteBody };
      if (operationId && body) bodies[operationId] = body;
      return {
        schema: {
          ...(referTo(schema, schemas) as object),
          security: url.startsWith('/v1/') ? [{ [SECURITY_SCHEME]: [] }] : [],
        },
        url,
      };
    },
    transformObject: (document) => {
      if (!('openapiObject' in document)) throw new TypeError('not an OpenAPI document');
      const { components, paths = {}, ...rest } = document.openapiObject;
      for (const operation of Object.values(paths).flatMap((path) => Object.values(path ?? {}))) {
        addBodyExamples(operation as DocumentOperation, bodies);
      }
      return { ...rest, paths, components: { ...components, schemas: sorted(schemas) } } as object;
    },
  });
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(app.swagger()),
  );
}

interface RouteBody {
  readonly content: Readonly<Record<string, { readonly example: unknown }>>;
}

interface DocumentOperation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, { example?: unknown }>> };
}

/** @fastify/swagger keeps the examples of answers, but not those of bodies that are references. */
function addBodyExamples(
  { operationId, requestBody }: DocumentOperation,
  bodies: Readonly<Record<string, RouteBody>>,
): void {
  for (const [type, media] of Object.entries(requestBody?.content ?? {})) {
    media.example = bodies[operationId]?.content[type]?.example;
  }
}

/** A copy in which every schema that has an `$id` is a reference; the schemas themselves go to `components`. */
function referTo(node: unknown, components: Record<string, unknown>): unknown {
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map((element) => referTo(element, components));
  const { $id, ...rest } = node as { $id?: unknown };
  const copy = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, key === 'example' ? value : referTo(value, components)]),
  );
  if (typeof $id !== 'string') return copy;
  components[$id] = copy;
  return { $ref: `#/components/schemas/${$id}` };
}

function sorted(schemas: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
}
