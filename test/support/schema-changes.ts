/** What a new JSON schema takes away: of values that may be sent (in), or of what can be relied on in answers (out). */
import { isDeepStrictEqual } from 'node:util';

type Json = Readonly<Record<string, unknown>>;

export interface Comparison {
  /** The documents that `$ref` points into. */
  readonly released: object;
  readonly current: object;
  readonly direction: 'in' | 'out';
  /** Of the schema, for the sentences. */
  readonly where: string;
}

/** Say nothing about which values are valid. */
const PROSE = new Set(['description', 'title', 'example', 'examples', 'default', 'deprecated', '$comment']);
const COMPARED = new Set([
  ...['type', 'enum', 'const', 'anyOf', 'oneOf', 'items', 'required', 'properties', 'patternProperties'],
  ...['additionalProperties', 'format', 'pattern'],
]);
/** Keyword, and whether a greater bound lets more through. */
const BOUNDS: readonly (readonly [string, boolean])[] = [
  ['minimum', false],
  ['exclusiveMinimum', false],
  ['minLength', false],
  ['minItems', false],
  ['minProperties', false],
  ['maximum', true],
  ['exclusiveMaximum', true],
  ['maxLength', true],
  ['maxItems', true],
  ['maxProperties', true],
];

export function schemaChanges(oldSchema: Json, newSchema: Json, comparison: Comparison): string[] {
  const old = resolved(oldSchema, comparison.released);
  const now = resolved(newSchema, comparison.current);
  if (isAnything(now)) {
    return isAnything(old) || comparison.direction === 'in'
      ? []
      : [`${comparison.where} can be anything now`];
  }
  const variants = [variantsOf(old), variantsOf(now)] as const;
  if (variants[0].length > 1 || variants[1].length > 1) return variantChanges(variants, comparison);
  return [
    ...typeChanges(old, now, comparison),
    ...valueChanges(old, now, comparison),
    ...boundChanges(old, now, comparison),
    ...memberChanges(old, now, comparison),
    ...otherChanges(old, now, comparison),
  ];
}

function resolved(schema: Json, document: object): Json {
  const { $ref } = schema as { $ref?: string };
  if ($ref === undefined) return schema;
  const found = $ref
    .slice(2)
    .split('/')
    .reduce<unknown>((node, key) => (node as Json | undefined)?.[key], document);
  if (typeof found !== 'object' || found === null) throw new Error(`${$ref} leads nowhere`);
  return resolved(found as Json, document);
}

function isAnything(schema: Json): boolean {
  return Object.keys(schema).every((keyword) => PROSE.has(keyword));
}

function variantsOf(schema: Json): readonly Json[] {
  if (Array.isArray(schema.type)) return schema.type.map((type: string) => ({ ...schema, type }));
  return (schema.anyOf ?? schema.oneOf ?? [schema]) as readonly Json[];
}

/** All that could be sent must still find a variant; all that may come must have had one. */
function variantChanges(
  [old, now]: readonly [readonly Json[], readonly Json[]],
  comparison: Comparison,
): string[] {
  const { direction, where } = comparison;
  const fits = (one: Json, other: Json) => schemaChanges(one, other, comparison).length === 0;
  return direction === 'in'
    ? old.flatMap((one) =>
        now.some((other) => fits(one, other)) ? [] : [`${where} no longer takes ${nameOf(one)}`],
      )
    : now.flatMap((one) =>
        old.some((other) => fits(other, one)) ? [] : [`${where} can be ${nameOf(one)} now`],
      );
}

function nameOf(schema: Json): string {
  return String(schema.$ref ?? schema.const ?? schema.type ?? JSON.stringify(schema));
}

function typeChanges({ type: old }: Json, { type: now }: Json, { direction, where }: Comparison): string[] {
  const widened =
    direction === 'in' ? old === 'integer' && now === 'number' : old === 'number' && now === 'integer';
  const freed = direction === 'in' && now === undefined;
  return old === now || widened || freed
    ? []
    : [`${where} was ${old ?? 'of any type'} and is ${now ?? 'of any type'}`];
}

function valueChanges(old: Json, now: Json, { direction, where }: Comparison): string[] {
  const [before, after] = [valuesOf(old), valuesOf(now)];
  // Clients have to expect values in answers that they do not know.
  if (direction === 'out' || after === undefined) return [];
  if (before === undefined) return [`${where} takes only ${after.join(', ')} now`];
  return before.filter((value) => !after.includes(value)).map((value) => `${where} no longer takes ${value}`);
}

function valuesOf(schema: Json): readonly unknown[] | undefined {
  return schema.const !== undefined ? [schema.const] : (schema.enum as readonly unknown[] | undefined);
}

function boundChanges(old: Json, now: Json, { direction, where }: Comparison): string[] {
  if (direction === 'out') return [];
  const bounds = BOUNDS.flatMap(([keyword, greaterIsMore]) => {
    const [before, after] = [old[keyword], now[keyword]] as (number | undefined)[];
    const none = greaterIsMore ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    const tighter = greaterIsMore ? (after ?? none) < (before ?? none) : (after ?? none) > (before ?? none);
    return tighter ? [`${keyword} of ${where} was ${before ?? 'none'} and is ${after}`] : [];
  });
  const texts = ['pattern', 'format'].flatMap((keyword) =>
    now[keyword] === undefined || now[keyword] === old[keyword]
      ? []
      : [`${keyword} of ${where} was ${old[keyword] ?? 'none'} and is ${now[keyword]}`],
  );
  return [...bounds, ...texts];
}

function memberChanges(old: Json, now: Json, comparison: Comparison): string[] {
  const { direction, where } = comparison;
  const [before, after] = [membersOf(old), membersOf(now)];
  const changes: string[] = [];
  for (const [name, schema] of Object.entries(before.all)) {
    const same = after.all[name];
    if (same) changes.push(...schemaChanges(schema, same, { ...comparison, where: `${where}, ${name}` }));
    else if (direction === 'out' || now.additionalProperties === false)
      changes.push(`${where}, ${name} is gone`);
  }
  const required = direction === 'in' ? after.required : before.required;
  const wasOrIs = direction === 'in' ? before.required : after.required;
  for (const name of required.filter((one) => !wasOrIs.includes(one))) {
    if (direction === 'in') changes.push(`${where}, ${name} is required now`);
    else if (after.all[name]) changes.push(`${where}, ${name} may be missing now`);
  }
  if (
    direction === 'in' &&
    now.additionalProperties === false &&
    old.additionalProperties !== false &&
    old.type === 'object'
  ) {
    changes.push(`${where} takes no other members now`);
  }
  return changes;
}

/** With `items` and patterns as members, whose names they are in the sentences. */
function membersOf(schema: Json): { all: Readonly<Record<string, Json>>; required: readonly string[] } {
  const {
    properties,
    patternProperties,
    items,
    required = [],
  } = schema as {
    readonly properties?: Record<string, Json>;
    readonly patternProperties?: Record<string, Json>;
    readonly items?: Json;
    readonly required?: readonly string[];
  };
  return { all: { ...properties, ...patternProperties, ...(items && { '[]': items }) }, required };
}

/** What this comparison does not understand must stay as it is. */
function otherChanges(old: Json, now: Json, { where }: Comparison): string[] {
  const known = (keyword: string) =>
    PROSE.has(keyword) || COMPARED.has(keyword) || BOUNDS.some(([one]) => one === keyword);
  const keywords = new Set([...Object.keys(old), ...Object.keys(now)].filter((keyword) => !known(keyword)));
  return [...keywords]
    .filter((keyword) => !isDeepStrictEqual(old[keyword], now[keyword]))
    .map((keyword) => `${keyword} of ${where} is another`);
}
