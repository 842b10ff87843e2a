/** Holds answers of the REST API against its OpenAPI document: status, media type and shape must be documented. */
import assert from 'node:assert/strict';
import { buildOpenapiDocument } from '../../src/api-rest/openapi.js';
import { createValidator } from '../../src/domain/validate.js';

export interface DocumentedOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly DocumentedParameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, DocumentedMedia>> };
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}

interface DocumentedParameter {
  readonly name: string;
  readonly in: string;
  readonly description?: string;
  readonly example?: string | number;
}

interface DocumentedResponse {
  readonly description: string;
  readonly content?: Readonly<Record<string, DocumentedMedia>>;
}

interface DocumentedMedia {
  readonly schema: object;
  readonly example?: unknown;
}

export interface OpenapiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export const openapiDocument = (await buildOpenapiDocument()) as OpenapiDocument;

/** Every operation of the document, in its order. */
export const documentedOperations = Object.entries(openapiDocument.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

export interface Answered {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly mediaType: string;
  readonly body: unknown;
}

/** Throws unless the operation of this path, if there is one, documents such an answer. */
export function assertDocumented({ method, path, status, mediaType, body }: Answered): void {
  const candidates = documentedOperations.filter((one) => one.method === method && matches(one.path, path));
  const found = candidates.find((one) => one.path === path) ?? candidates[0];
  if (!found) return;
  const where = `${method} ${path} answered ${status} ${mediaType}`;
  const response = found.operation.responses[status];
  assert.ok(response, `${where}: the status is not documented`);
  if (mediaType === '') {
    assert.equal(response.content, undefined, `${where}: a body is documented`);
    return;
  }
  const media = response.content?.[mediaType];
  assert.ok(media, `${where}: the media type is not documented`);
  try {
    createValidator(withoutReferences(media.schema))(body);
  } catch (error) {
    assert.fail(`${where}: ${(error as Error).message}\n${JSON.stringify(body)}`);
  }
}

/** Puts the components in place of references to them. */
export function withoutReferences(node: object): object {
  const entries = Object.entries(node).map(([key, value]) => [
    key,
    typeof value === 'object' && value !== null ? withoutReferences(value) : value,
  ]);
  if (Array.isArray(node)) return entries.map(([, value]) => value);
  const { $ref } = node as { $ref?: string };
  if ($ref === undefined) return Object.fromEntries(entries);
  const component = openapiDocument.components.schemas[$ref.replace('#/components/schemas/', '')];
  assert.ok(component, `${$ref} leads nowhere`);
  return withoutReferences(component);
}

function matches(template: string, path: string): boolean {
  return new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path);
}
