/** RFC 9457 problem details, and the only mapping from the domain's error codes to HTTP statuses. */
import Type, { type Static } from 'typebox';
import { type DomainError, type ErrorCode, REASONS, type Reason } from '../domain/errors.js';
import { closed } from '../domain/schema/common.js';

const STATUS_BY_CODE: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  UNIMPLEMENTED: 405,
  ALREADY_EXISTS: 409,
  ABORTED: 412,
  FAILED_PRECONDITION: 422,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
};

/** Where HTTP says it more precisely than the code does. */
const STATUS_BY_REASON: Partial<Readonly<Record<Reason, number>>> = {
  // Not 503: a client that tries again by itself would do so until somebody starts the server in another way.
  READ_ONLY: 403,
  NOT_ACCEPTABLE: 406,
  REQUEST_TIMEOUT: 408,
  HAS_CHILDREN: 409,
  PROJECT_PERMANENT: 409,
  // a retry does not help, as it would for 429
  QUOTA_EXCEEDED: 409,
  KERNEL_TABLE_CHANGED: 409,
  REVISION_ARCHIVED: 410,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  HEADERS_TOO_LARGE: 431,
};

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Path of a page that explains the reason.' }),
    title: Type.String({ description: 'The reason in words; the same for every problem of this reason.' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What is wrong with this request, and what to do.' }),
    instance: Type.String({ description: 'The path that was called.' }),
    reason: Type.String({ description: 'Stable code; branch on this.' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            pointer: Type.String({
              description:
                'JSON pointer (RFC 6901) into the body, "" for all of it; /query/NAME, /path/NAME and /headers/NAME for ' +
                'the other parts of a request.',
            }),
            reason: Type.String(),
            detail: Type.String(),
          },
          closed,
        ),
        { description: 'Every field at fault.' },
      ),
    ),
    metadata: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'Facts for machines, such as errno and command of KERNEL_REFUSED.',
      }),
    ),
    requestId: Type.String({ description: 'As in X-Request-Id, the log and the audit events.' }),
  },
  { ...closed, $id: 'Problem', description: 'Why a request failed (RFC 9457).' },
);
export type Problem = Static<typeof Problem>;

export function statusOf(reason: Reason): number {
  return STATUS_BY_REASON[reason] ?? STATUS_BY_CODE[REASONS[reason].code];
}

/** `/problems/etag-mismatch`: a path of this server that explains the reason. */
export function problemType(reason: Reason): string {
  return `/problems/${kebab(reason)}`;
}

/** The reason of which `problemType` made the last segment of a path. */
export function reasonOfSlug(slug: string): Reason | undefined {
  return (Object.keys(REASONS) as Reason[]).find((reason) => kebab(reason) === slug);
}

function kebab(reason: Reason): string {
  return reason.toLowerCase().replaceAll('_', '-');
}

export function problemOf(error: DomainError, where: { instance: string; requestId: string }): Problem {
  const { reason, title, message, violations, metadata } = error;
  return {
    type: problemType(reason),
    title,
    status: statusOf(reason),
    detail: message,
    instance: where.instance,
    reason,
    ...(violations.length > 0 && { errors: violations.map((violation) => ({ ...violation })) }),
    ...(Object.keys(metadata).length > 0 && { metadata: { ...metadata } }),
    requestId: where.requestId,
  };
}
