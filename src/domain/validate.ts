/** From a TypeBox schema to a function that gives the value or throws all its violations at once. */
import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { type Violation, violationError } from './errors.js';
import { NAME_PATTERN, NAME_RULE } from './names.js';

Settings.Set({ maxErrors: 100 });

interface SchemaFault {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

/**
 * The returned function throws a DomainError that names every field at fault. It compiles the schema when it is first called:
 * all of them together would be an eighth of the start.
 */
export function createValidator<T extends TSchema>(schema: T): (value: unknown) => Static<T> {
  let compiled: Validator<Record<never, never>, T> | undefined;
  return (value) => {
    compiled ??= Compile(schema);
    const validator = compiled;
    if (validator.Check(value)) return value;
    const faults = validator.Errors(value) as unknown as SchemaFault[];
    throw violationError(violationsOf(schema, faults) as [Violation, ...Violation[]]);
  };
}

function violationsOf(schema: TSchema, faults: readonly SchemaFault[]): Violation[] {
  const nullable = new Set(faults.filter(isNullBranch).map((fault) => fault.instancePath));
  const listed = new Set(
    faults.filter(({ keyword }) => keyword === 'enum').map((fault) => fault.instancePath),
  );
  const violations = faults
    .filter((fault) => fault.keyword !== 'anyOf' && fault.keyword !== 'boolean' && !isNullBranch(fault))
    .filter(({ keyword, instancePath }) => keyword !== 'type' || !listed.has(instancePath))
    .flatMap((fault) => explain(schema, fault, nullable.has(fault.instancePath)));
  return violations.length > 0
    ? violations
    : faults.filter(isUnknownMember).map((fault) => unknownMember(schema, fault));
}

/** Each precedes the one fault of its object that names them all; so many that this is cut off speak for themselves. */
function isUnknownMember({ keyword, schemaPath }: SchemaFault): boolean {
  return keyword === 'boolean' && schemaPath.endsWith('/additionalProperties');
}

function unknownMember(schema: TSchema, { instancePath, schemaPath }: SchemaFault): Violation {
  return unknown(instancePath, remedy(schema, schemaPath.slice(0, schemaPath.lastIndexOf('/'))));
}

function unknown(pointer: string, instead: string): Violation {
  return {
    reason: 'FIELD_UNKNOWN',
    pointer,
    detail: `${fieldName(pointer)} is not allowed here: ${instead}.`,
  };
}

/** A nullable field fails in both branches of its union; the null branch tells nothing by itself. */
function isNullBranch({ keyword, params }: SchemaFault): boolean {
  return keyword === 'type' && (params as { type?: string }).type === 'null';
}

function explain(schema: TSchema, fault: SchemaFault, orNull: boolean): Violation[] {
  const { keyword, instancePath: pointer, message } = fault;
  const params = fault.params as {
    additionalProperties?: string[];
    requiredProperties?: string[];
    allowedValues?: unknown[];
    limit?: number;
    pattern?: string | RegExp;
  };
  const field = fieldName(pointer);
  switch (keyword) {
    case 'additionalProperties':
      return (params.additionalProperties ?? []).map((name) =>
        unknown(`${pointer}/${escapePointer(name)}`, remedy(schema, fault.schemaPath)),
      );
    case 'required':
      return (params.requiredProperties ?? []).map((name) => ({
        reason: 'FIELD_REQUIRED',
        pointer: `${pointer}/${escapePointer(name)}`,
        detail: `${fieldName(`${pointer}/${escapePointer(name)}`)} is required: add it.`,
      }));
    case 'enum':
      return [
        invalid(
          pointer,
          `${field} must be one of ${params.allowedValues?.join(', ')}${orNull ? ' or null' : ''}.`,
        ),
      ];
    case 'pattern':
      return [invalid(pointer, `${field} must ${rule(String(params.pattern))}${orNull ? ' or null' : ''}.`)];
    default:
      return [invalid(pointer, `${field} ${message}${orNull ? ' or null' : ''}.`)];
  }
}

function invalid(pointer: string, detail: string): Violation {
  return { reason: 'FIELD_INVALID', pointer, detail };
}

/** What could stand there instead: the known fields, or the pattern of free names. */
function remedy(schema: TSchema, schemaPath: string): string {
  let node: unknown = schema;
  for (const segment of schemaPath.split('/').slice(1)) {
    node = (node as Record<string, unknown>)[unescapePointer(segment)];
  }
  const { properties, patternProperties } = node as {
    properties?: Record<string, unknown>;
    patternProperties?: Record<string, unknown>;
  };
  if (properties) return `the fields are ${Object.keys(properties).join(', ')}`;
  return `names must ${Object.keys(patternProperties ?? {})
    .map(rule)
    .join(' or ')}`;
}

/** What a text must do, for people; patterns that are no names have no words. */
function rule(pattern: string): string {
  return pattern === NAME_PATTERN ? `be ${NAME_RULE}` : `match ${pattern}`;
}

/** `/spec/port` → `spec.port`, for sentences. */
export function fieldName(pointer: string): string {
  return pointer === '' ? 'The body' : pointer.slice(1).split('/').map(unescapePointer).join('.');
}

export function escapePointer(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}

export function unescapePointer(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}
