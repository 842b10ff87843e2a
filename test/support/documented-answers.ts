/** Holds answers of the REST API against its OpenAPI document: status, media type and shape must be documented. */
import assert from 'node:assert/strict';
import { buildOpenapiDocument } from '../../src/api-rest/openapi.js';
import { PROBLEM_MEDIA_TYPE, Problem } from '../../src/api-rest/problem.js';
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
  readonly required?: boolean;
  readonly schema: object;
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
  readonly info: { readonly description: string };
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

/**
 * Throws unless the document has such an answer of this path's operation: status, media type, shape, and for a problem its
 * reason. What every path may answer is in the description of the document. Swagger UI's own files are not of the API.
 */
export function assertDocumented(answered: Answered): void {
  const { method, path, status, mediaType, body } = answered;
  if (/^\/(docs|openapi\.json)(\/|$)/.test(path) || method === 'OPTIONS') return;
  const where = `${method} ${path} answered ${status} ${mediaType}`;
  const reason = mediaType === PROBLEM_MEDIA_TYPE ? (body as Problem).reason : undefined;
  if (reason !== undefined && isTransportProblem(status, reason)) {
    assert.doesNotThrow(() => validateProblem(body), `${where}: ${JSON.stringify(body)}`);
    return;
  }
  const response = operationOf(method, path)?.responses[status];
  assert.ok(response, `${where} ${reason ?? ''}: the status is not documented`);
  if (mediaType === '') {
    assert.equal(response.content, undefined, `${where}: a body is documented`);
    return;
  }
  if (reason !== undefined) {
    assert.ok(response.description.includes(`\`${reason}\``), `${where}: ${reason} is not documented`);
  }
  const media = response.content?.[mediaType];
  assert.ok(media, `${where}: the media type is not documented`);
  try {
    validatorOf(media)(body);
  } catch (error) {
    assert.fail(`${where}: ${(error as Error).message}\n${JSON.stringify(body)}`);
  }
}

/** The operation that a path belongs to; of several, the one without a parameter there. */
export function operationOf(method: string, path: string): DocumentedOperation | undefined {
  const candidates = matchers.filter((one) => one.method === method && one.matcher.test(path));
  return (candidates.find((one) => one.path === path) ?? candidates[0])?.operation;
}

const matchers = documentedOperations.map((one) => ({
  ...one,
  matcher: new RegExp(`^${one.path.replace(/\{[^}]+\}/g, '[^/]*')}$`),
}));

function isTransportProblem(status: number, reason: string): boolean {
  return openapiDocument.info.description
    .split('\n')
    .some((line) => line.startsWith(`- ${status}: `) && line.includes(`\`${reason}\``));
}

const validators = new Map<DocumentedMedia, (value: unknown) => unknown>();

function validatorOf(media: DocumentedMedia): (value: unknown) => unknown {
  const known = validators.get(media) ?? createValidator(withoutReferences(media.schema));
  validators.set(media, known);
  return known;
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

const validateProblem = createValidator(Problem);
