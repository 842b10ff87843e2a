/** The documentation that every route carries, in the form fastify's `schema` takes. */
import Type, { type TSchema } from 'typebox';
import { DomainError, REASONS, type Reason } from '../domain/errors.js';
import type { Deprecation } from './deprecation.js';
import { PROBLEM_MEDIA_TYPE, Problem, problemOf, statusOf } from './problem.js';

export const JSON_TYPE = 'application/json';
export const TEXT_TYPE = 'text/plain';
export const MERGE_PATCH_TYPE = 'application/merge-patch+json';

interface Media {
  readonly schema: TSchema;
  readonly example: unknown;
}

interface Answer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, TSchema>>;
  /** By media type. */
  readonly content?: Readonly<Record<string, Media>>;
}

interface Body extends Media {
  readonly types: readonly string[];
}

/** By status. */
type Answers = Readonly<Record<number, Answer>>;

interface OperationText<P extends TSchema, Q extends TSchema> {
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly params: P;
  readonly query: Q;
  readonly headers?: TSchema;
  readonly body?: Body;
  readonly answers: Answers;
  readonly problems: readonly Reason[];
  readonly deprecation?: Deprecation;
}

/** What may be refused on whatever path before its operation is asked: the document says so once, in its description. */
export const TRANSPORT_PROBLEMS: readonly Reason[] = [
  'MALFORMED_REQUEST',
  'MALFORMED_BODY',
  'FIELD_INVALID',
  'FIELD_UNKNOWN',
  'ROUTE_NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'REQUEST_TIMEOUT',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'HEADERS_TOO_LARGE',
  'HOST_REFUSED',
  'SHUTTING_DOWN',
];

/** What an authenticated read may be refused for, besides what is its own. */
export const CALL_PROBLEMS: readonly Reason[] = [
  'VALIDATION_FAILED',
  'FIELD_INVALID',
  'FIELD_REQUIRED',
  'FIELD_UNKNOWN',
  'UNAUTHENTICATED',
  'ISSUER_UNAVAILABLE',
  'PERMISSION_DENIED',
  'HOST_REFUSED',
  'RATE_LIMITED',
  'SHUTTING_DOWN',
  'INTERNAL',
];

/** What a write may be refused for, besides what is its own. */
export const WRITE_PROBLEMS: readonly Reason[] = [
  ...CALL_PROBLEMS,
  'READ_ONLY',
  'ETAG_MISMATCH',
  'CAPABILITY_MISSING',
  'KERNEL_REFUSED',
  'STORE_UNAVAILABLE',
];

/** What a body may be refused for before anybody looks at its fields. */
export const BODY_PROBLEMS: readonly Reason[] = [
  'MALFORMED_BODY',
  'UNSUPPORTED_MEDIA_TYPE',
  'BODY_TOO_LARGE',
];

export function json(schema: TSchema, example: unknown): Record<string, Media> {
  return { [JSON_TYPE]: { schema, example } };
}

/** As a tool of the command line prints it. */
export function text(example: string): Record<string, Media> {
  return { [TEXT_TYPE]: { schema: Type.String(), example } };
}

/** A fastify route schema. `params` and `query` are validated; the rest is for the document. */
export function operation<P extends TSchema, Q extends TSchema>(text: OperationText<P, Q>) {
  const { operationId, tag, summary, description, params, query, headers, body, answers, problems } = text;
  const { deprecation } = text;
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    params,
    querystring: query,
    ...(deprecation && { deprecated: true, deprecation }),
    ...(headers && { headers }),
    ...(body && { body: { content: mediaByType(body) } }),
    response: isKeyed(headers)
      ? { ...withoutBody(replayable(answers)), ...problemAnswers([...problems, 'IDEMPOTENCY_KEY_REUSED']) }
      : { ...withoutBody(answers), ...problemAnswers(problems) },
  };
}

/** Whether it is a write: all of them take a key of their caller. */
function isKeyed(headers: TSchema | undefined): boolean {
  const { properties = {} } = (headers ?? {}) as { properties?: object };
  return 'idempotency-key' in properties;
}

const REPLAYED = {
  'idempotency-replayed': Type.Literal('true', {
    description: 'The call was carried out before; this is what it was answered then.',
  }),
};

function replayable(answers: Answers): Answers {
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => [
      status,
      { ...answer, headers: { ...answer.headers, ...REPLAYED } },
    ]),
  );
}

/** An answer without content must say so: @fastify/swagger takes every other one for JSON. */
function withoutBody(answers: Answers) {
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => [
      status,
      answer.content ? answer : { ...answer, type: 'null' },
    ]),
  );
}

function mediaByType({ types, schema, example }: Body) {
  return Object.fromEntries(types.map((type) => [type, { schema, example }]));
}

/** One answer for each status, naming the reasons that lead to it. */
function problemAnswers(reasons: readonly Reason[]): Record<number, Answer> {
  const byStatus = new Map<number, Reason[]>();
  for (const reason of new Set(reasons)) {
    const status = statusOf(reason);
    byStatus.set(status, [...(byStatus.get(status) ?? []), reason]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, [first, ...more]]) => [status, problemAnswer(first as Reason, more)]),
  );
}

/** As the descriptions of problems tell a reason. */
export function reasonText(reason: Reason): string {
  return `${REASONS[reason].title} (\`${reason}\`).`;
}

function problemAnswer(first: Reason, more: readonly Reason[]): Answer {
  const example = problemOf(new DomainError(first, `${REASONS[first].title}.`), {
    instance: '/v1/projects/default/clusters/shop',
    requestId: '5a4f2f0e-3b59-4d3c-9d0e-0a4a3c1f7c11',
  });
  return {
    description: [first, ...more].map(reasonText).join(' '),
    content: { [PROBLEM_MEDIA_TYPE]: { schema: Problem, example } },
  };
}
