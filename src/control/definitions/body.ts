import { DomainError, type Violation, violationError } from '../../domain/errors.js';
import type { Labels } from '../../domain/schema/common.js';
import { READ_ONLY_MEMBERS } from '../../domain/schema/resource.js';
import { createValidator } from '../../domain/validate.js';
import type { KindDescriptor } from './kinds.js';

export interface ParsedBody<S> {
  readonly name: string | undefined;
  readonly labels: Labels;
  readonly spec: S;
  readonly etag: string | undefined;
}

interface Accepted {
  readonly name?: string;
  readonly labels?: Labels;
  readonly spec?: never;
  readonly etag?: string;
}

/** Reads a body of a kind: shape, then rules; all violations at once. The result is what is stored. */
export function createBodyParser<S>(kind: KindDescriptor<S>): (body: unknown) => ParsedBody<S> {
  const validate = createValidator(kind.input);
  return (body) => {
    const { name, labels, spec: given, etag } = validate(withoutReadOnly(body)) as Accepted;
    const spec = kind.normalise(given ?? ({} as never));
    const violations = kind.violations(spec).map((one) => ({ ...one, pointer: `/spec${one.pointer}` }));
    if (violations.length > 0) throw violationError(violations as [Violation, ...Violation[]]);
    return { name, labels: labels ?? {}, spec, etag };
  };
}

/** What GET answered can be sent back: lvsd's own members are dropped before the strict check. */
export function withoutReadOnly(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const rest: Record<string, unknown> = { ...body };
  for (const member of READ_ONLY_MEMBERS) delete rest[member];
  return rest;
}

/** POST needs a name in the body. */
export function requiredName({ name }: ParsedBody<unknown>): string {
  if (name !== undefined) return name;
  throw violationError([{ reason: 'FIELD_REQUIRED', pointer: '/name', detail: 'name is required: add it.' }]);
}

/** PUT and PATCH may repeat the name, but not change it. */
export function checkName({ name }: ParsedBody<unknown>, inPath: string): void {
  if (name === undefined || name === inPath) return;
  const detail = `name is "${name}" in the body and "${inPath}" in the path: a resource keeps its name.`;
  throw new DomainError('NAME_MISMATCH', detail, {
    violations: [{ reason: 'NAME_MISMATCH', pointer: '/name', detail }],
  });
}
