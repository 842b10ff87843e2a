/** Fastify's validators: path, query and headers here; bodies pass, the control layer validates them for both APIs. */
import type { FastifySchemaCompiler } from 'fastify';
import type { TObject, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { DomainError, type Violation, violationError } from '../domain/errors.js';
import { createValidator } from '../domain/validate.js';

const PARTS: Readonly<Record<string, { segment: string; label: string }>> = {
  params: { segment: 'path', label: 'Path parameter' },
  querystring: { segment: 'query', label: 'Query parameter' },
  headers: { segment: 'headers', label: 'Header' },
};

/** Carries the fault through fastify, which writes members of its own into the errors of validators. */
export class PartError extends Error {
  override readonly cause: DomainError;

  constructor(cause: DomainError) {
    super(cause.message);
    this.cause = cause;
  }
}

export const partValidatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  const part = PARTS[httpPart];
  if (!part) return (value: unknown) => ({ value });
  const validate = createValidator(schema);
  const known = Object.keys((schema as TObject).properties);
  return (value: unknown) => {
    try {
      // Header values are text already; a copy of all of them would cost more than it gives.
      return { value: validate(httpPart === 'headers' ? value : Value.Convert(schema, value)) };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      const violations = error.violations.map((violation) => reword(violation, part, known));
      return { error: new PartError(violationError(violations as [Violation, ...Violation[]])) };
    }
  };
};

function reword(violation: Violation, part: { segment: string; label: string }, known: string[]): Violation {
  const pointer = `/${part.segment}${violation.pointer}`;
  if (violation.reason !== 'FIELD_UNKNOWN') {
    return { ...violation, pointer, detail: `${part.label} ${violation.detail}` };
  }
  const allowed = known.length > 0 ? `allowed are ${known.join(', ')}` : 'this call takes none';
  const name = violation.pointer.slice(1);
  return { ...violation, pointer, detail: `${part.label} ${name} is not known here: ${allowed}.` };
}
