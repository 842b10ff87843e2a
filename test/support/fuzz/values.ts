/** Values for the schemas of the document: by schema, and more often than not such as mean something. */
import fc, { type Arbitrary } from 'fast-check';
import { createValidator } from '../../../src/domain/validate.js';
import { withoutReferences } from '../documented-answers.js';
import { schemaArbitrary } from '../schema-arbitrary.js';
import { exampleValues, type Scalar, seenMark } from './examples.js';

/** A handful, so that requests meet one another's resources. */
export const names = fc.constantFrom('a', 'b', 'shop', 'http', 'web1');

export function schemaValues(schema: object, name = ''): Arbitrary<unknown> {
  const resolved = withoutReferences(schema);
  const values = schemaArbitrary(resolved, meaningful);
  return meaningful(name, resolved, values);
}

/** The schema's own values, or those that the document's examples or the server's answers have under this name. */
function meaningful(name: string, schema: object, values: Arbitrary<unknown>): Arbitrary<unknown> {
  const { type } = schema as { type?: string };
  if (type === 'object' || type === 'array' || type === 'boolean') return values;
  const examples = acceptable(schema, exampleValues.get(name) ?? []);
  const sources = [{ weight: 2, arbitrary: values }];
  if (examples.length > 0) sources.push({ weight: 6, arbitrary: fc.constantFrom<unknown>(...examples) });
  if (name === 'name') sources.push({ weight: 6, arbitrary: names });
  if (name === 'address') sources.push({ weight: 3, arbitrary: addresses });
  if (type !== undefined)
    sources.push({ weight: 1, arbitrary: fc.nat(99).map((pick) => seenMark(name, pick)) });
  return fc.oneof(...sources);
}

/** Neighbours of those in the examples, and a few of other networks. */
const addresses = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...(exampleValues.get('address') ?? [])), fc.nat(9))
      .map(([address, n]) => String(address).replace(/\d$/, String(n))),
  },
  { weight: 2, arbitrary: fc.nat(9).map((n) => `10.0.0.${n + 1}`) },
  { weight: 1, arbitrary: fc.nat(9).map((n) => `2001:db8::${n + 1}`) },
);

/** Bodies that are as right as an example, of other resources: some names, addresses and numbers in it are others. */
export function varied(values: Arbitrary<unknown>): Arbitrary<unknown> {
  const others = fc.record<Readonly<Record<string, unknown>>>({
    name: names,
    address: addresses,
    port: fc.constantFrom(0, 80, 443, 8080),
    weight: fc.nat(100),
  });
  return fc
    .tuple(values, others, fc.subarray(['name', 'address', 'port', 'weight']))
    .map(([value, other, chosen]) =>
      JSON.parse(JSON.stringify(value ?? null), (key, member) =>
        chosen.includes(key) ? other[key] : member,
      ),
    );
}

function acceptable(schema: object, candidates: readonly Scalar[]): Scalar[] {
  const key = JSON.stringify(schema);
  const validate = validators.get(key) ?? createValidator(schema);
  validators.set(key, validate);
  return candidates.filter((value) => {
    try {
      validate(value);
      return true;
    } catch {
      return false;
    }
  });
}

const validators = new Map<string, (value: unknown) => unknown>();
