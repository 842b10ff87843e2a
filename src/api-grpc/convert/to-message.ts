/**
 * What the control layer gives, as a message. Driven by descriptors: names are equal on both sides (camelCase), and the
 * parity test proves that both sides have the same ones.
 */
import {
  create,
  type DescEnum,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  type MessageShape,
  ScalarType,
} from '@bufbuild/protobuf';
import { timestampFromDate, ValueSchema } from '@bufbuild/protobuf/wkt';
import { memberNumber } from './enums.js';
import { itemsOf, specialOf } from './special.js';

/** A list or map by the type of its items or values. */
export interface ElementField {
  readonly message?: DescMessage | undefined;
  readonly enum?: DescEnum | undefined;
  readonly scalar?: ScalarType | undefined;
}

/** Absent members become absent fields, and `null` does, but where any JSON value may stand. Throws TypeError for a value that the message cannot hold. */
export function toMessage<D extends DescMessage>(desc: D, json: object): MessageShape<D> {
  const values = json as Readonly<Record<string, unknown>>;
  const fields = desc.fields.flatMap((field) => {
    const value = values[field.jsonName];
    const isAbsent = value === undefined || (value === null && !isAnyValue(field));
    return isAbsent ? [] : [[field.localName, fieldValue(field, value)]];
  });
  return create(desc, Object.fromEntries(fields));
}

function isAnyValue(field: DescField): boolean {
  return field.fieldKind === 'message' && specialOf(field.message) === 'value';
}

function fieldValue(field: DescField, value: unknown): unknown {
  switch (field.fieldKind) {
    case 'scalar':
      return scalarValue(field.scalar, value);
    case 'enum':
      return enumValue(field.enum, value);
    case 'message':
      return messageValue(field.message, value);
    case 'list':
      return (value as readonly unknown[]).map((item) => elementValue(field, item));
    case 'map':
      return Object.fromEntries(
        Object.entries(value as object).map(([key, item]) => [key, elementValue(field, item)]),
      );
  }
}

/** One item of a list or one value of a map. */
function elementValue(field: ElementField, value: unknown): unknown {
  if (field.message) return messageValue(field.message, value);
  if (field.enum) return enumValue(field.enum, value);
  return field.scalar === undefined ? value : scalarValue(field.scalar, value);
}

function messageValue(desc: DescMessage, value: unknown): unknown {
  switch (specialOf(desc)) {
    case 'timestamp':
      return timestampFromDate(new Date(value as string));
    case 'struct':
      return value;
    case 'value':
      return fromJson(ValueSchema, value as JsonValue);
    case 'list':
      return create(desc, { values: fieldValue(itemsOf(desc), value) });
    default:
      return toMessage(desc, value as object);
  }
}

function enumValue(desc: DescEnum, value: unknown): number {
  const number = memberNumber(desc, value as string);
  if (number === undefined) throw new TypeError(`${desc.typeName} has no member for ${String(value)}`);
  return number;
}

/** JSON has revisions as numbers and 64-bit counters as text. */
function scalarValue(type: ScalarType, value: unknown): unknown {
  return type === ScalarType.INT64 || type === ScalarType.UINT64 ? BigInt(value as string | number) : value;
}
