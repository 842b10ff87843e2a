/** Random values of a TypeBox schema, for properties that must hold for everything the API may carry. */
import fc, { type Arbitrary } from 'fast-check';
import { Revision, Timestamp } from '../../src/domain/schema/common.js';
import { type JsonSchema, jsonSchema } from './json-schema.js';

const revision = jsonSchema(Revision).description;
const timestamp = jsonSchema(Timestamp).description;

/** A choice of what a member of an object gets, by its name and schema; `values` are those of the schema. */
export type Preference = (name: string, schema: object, values: Arbitrary<unknown>) => Arbitrary<unknown>;

export function schemaArbitrary(
  schema: object,
  prefer: Preference = (_name, _schema, values) => values,
): Arbitrary<unknown> {
  return arbitraryOf(jsonSchema(schema), prefer);
}

function arbitraryOf(schema: JsonSchema, prefer: Preference): Arbitrary<unknown> {
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => arbitraryOf(one, prefer)));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return integerOf(schema);
    case 'number':
      return fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map(Math.abs);
    case 'string':
      return stringOf(schema);
    case 'array':
      return fc.array(arbitraryOf(schema.items ?? {}, prefer), { maxLength: 3 });
    case 'object':
      return objectOf(schema, prefer);
    case undefined:
      return fc.jsonValue({ maxDepth: 1 });
    default:
      throw new Error(`no values for a schema of type ${schema.type}`);
  }
}

function integerOf({ description, minimum = 0, maximum = 0x7fffffff }: JsonSchema): Arbitrary<number> {
  if (description === revision) return fc.maxSafeNat();
  return fc.integer({ min: minimum, max: maximum });
}

function stringOf({ description, pattern, format }: JsonSchema): Arbitrary<string> {
  if (description === timestamp || format === 'date-time') {
    return fc.date({ min: new Date(0), noInvalidDate: true }).map((date) => date.toISOString());
  }
  if (pattern === '^[0-9]+$') return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
  if (pattern) return fc.stringMatching(new RegExp(pattern));
  return fc.string({ unit: 'grapheme' });
}

function objectOf(
  { properties, patternProperties, required = [] }: JsonSchema,
  prefer: Preference,
): Arbitrary<unknown> {
  if (patternProperties) {
    const [[pattern, schema] = ['', {}]] = Object.entries(patternProperties);
    return fc.dictionary(fc.stringMatching(new RegExp(pattern)), arbitraryOf(schema, prefer), {
      maxKeys: 3,
      noNullPrototype: true,
    });
  }
  const members = Object.entries(properties ?? {}).map(([name, schema]) => [
    name,
    prefer(name, schema, arbitraryOf(schema, prefer)),
  ]);
  const model: Record<string, Arbitrary<unknown>> = Object.fromEntries(members);
  return fc.record(model, { requiredKeys: [...required], noNullPrototype: true });
}
