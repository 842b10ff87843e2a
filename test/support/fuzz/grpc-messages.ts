/** Messages made from the descriptors of the proto files, as bytes: also such as no generated client would let through. */
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc, { type Arbitrary } from 'fast-check';
import { documentedOperations } from '../documented-answers.js';
import { exampleValues, type Scalar, type Seen, seenMark } from './examples.js';
import { hostileText } from './hostile.js';
import { names } from './values.js';

/** Decided before anything is sent; becomes bytes when it is known what the server has answered so far. */
export type MessagePlan = readonly FieldPlan[];

interface FieldPlan {
  readonly number: number;
  readonly kind: 'varint' | 'double' | 'text' | 'message';
  readonly value: Scalar | bigint | MessagePlan;
}

/** Deeper messages are left out; Struct could go on for ever. */
const MAX_DEPTH = 5;

export function messagePlans(desc: DescMessage, depth = 0): Arbitrary<MessagePlan> {
  const fields = desc.fields.flatMap((field) => {
    const values = fieldPlans(field, depth);
    if (!values) return [];
    const [absent, present] = absence(field);
    return [
      fc.oneof({ weight: absent, arbitrary: fc.constant(null) }, { weight: present, arbitrary: values }),
    ];
  });
  return fc.tuple(...fields).map((plans) => plans.flatMap((plan) => plan ?? []));
}

/** The weight of leaving a field out against that of setting it: mostly there is what the examples of the document have. */
function absence({ fieldKind, jsonName }: DescField): [absent: number, present: number] {
  if (pathNames.has(jsonName)) return [1, 15];
  if (fieldKind === 'message') return jsonName === 'spec' ? [1, 8] : [3, 1];
  return exampleValues.has(jsonName) && !GUARDS.has(jsonName) ? [1, 2] : [8, 1];
}

const pathNames = new Set(
  documentedOperations.flatMap(({ path }) => path.match(/(?<=\{)[^}]+/g) ?? []).concat('name'),
);
/** What a call is refused for when it is not the very one. */
const GUARDS = new Set(['etag', 'key', 'requestId', 'frontend']);

function fieldPlans(field: DescField, depth: number): Arbitrary<FieldPlan[]> | undefined {
  const { number } = field;
  switch (field.fieldKind) {
    case 'scalar':
      return scalarPlans(field, field.scalar).map((plan) => [plan]);
    case 'enum':
      return enumPlans(field).map((plan) => [plan]);
    case 'message':
      return messageOf(field.message, number, depth)?.map((plan) => [plan]);
    case 'list': {
      const items =
        field.listKind === 'message'
          ? messageOf(field.message, number, depth)
          : field.listKind === 'enum'
            ? enumPlans(field)
            : scalarPlans(field, field.scalar);
      return items && fc.array(items, { maxLength: 3 });
    }
    case 'map': {
      const values =
        field.mapKind === 'message'
          ? messageOf(field.message, 2, depth)
          : field.mapKind === 'scalar'
            ? scalarPlans({ ...field, number: 2 }, field.scalar)
            : undefined;
      const keys = fc
        .oneof(names, hostileText)
        .map((value): FieldPlan => ({ number: 1, kind: 'text', value }));
      const entries = values && fc.tuple(keys, values);
      return (
        entries &&
        fc.array(
          entries.map((value): FieldPlan => ({ number, kind: 'message', value })),
          { maxLength: 3 },
        )
      );
    }
  }
}

function messageOf(desc: DescMessage, number: number, depth: number): Arbitrary<FieldPlan> | undefined {
  if (depth >= MAX_DEPTH) return undefined;
  return messagePlans(desc, depth + 1).map((value) => ({ number, kind: 'message', value }));
}

function enumPlans(
  field: DescField & { readonly enum: { readonly values: readonly { number: number }[] } },
): Arbitrary<FieldPlan> {
  const { number } = field;
  const known = fc.constantFrom(...field.enum.values.map((one) => one.number));
  const values = fc.oneof({ weight: 20, arbitrary: known }, { weight: 1, arbitrary: fc.integer() });
  return values.map((value) => ({ number, kind: 'varint', value }));
}

function scalarPlans(
  { number, jsonName }: Pick<DescField, 'number' | 'jsonName'>,
  scalar: ScalarType,
): Arbitrary<FieldPlan> {
  const examples = exampleValues.get(jsonName) ?? [];
  const of = (type: string) => examples.filter((value) => typeof value === type);
  switch (scalar) {
    case ScalarType.BOOL:
      return fc.constantFrom(0, 1).map((value) => ({ number, kind: 'varint', value }));
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return fc
        .oneof(
          { weight: 20, arbitrary: fc.constantFrom(...(of('string').length > 0 ? of('string') : ['a'])) },
          { weight: 3, arbitrary: names },
          { weight: 2, arbitrary: fc.nat(99).map((pick) => seenMark(jsonName, pick)) },
          { weight: 1, arbitrary: hostileText },
        )
        .map((value) => ({ number, kind: 'text', value }));
    case ScalarType.DOUBLE:
      return fc.double().map((value) => ({ number, kind: 'double', value }));
    default:
      return fc
        .oneof(
          { weight: 6, arbitrary: fc.constantFrom(...(of('number').length > 0 ? of('number') : [1])) },
          { weight: 2, arbitrary: fc.nat(70_000) },
          { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
        )
        .map((value) => ({
          number,
          kind: 'varint',
          value: typeof value === 'number' ? BigInt(Math.trunc(value)) : value,
        }));
  }
}

export function encodePlan(plan: MessagePlan, seen: Seen): Uint8Array {
  const writer = new BinaryWriter();
  for (const { number, kind, value } of plan) {
    if (kind === 'message') {
      writer.tag(number, WireType.LengthDelimited).bytes(encodePlan(value as MessagePlan, seen));
    } else if (kind === 'text') {
      writer.tag(number, WireType.LengthDelimited).bytes(Buffer.from(String(seen.resolve(value))));
    } else if (kind === 'double') {
      writer.tag(number, WireType.Bit64).double(Number(value));
    } else {
      writer.tag(number, WireType.Varint).int64(BigInt(value as number | bigint));
    }
  }
  return writer.finish();
}
