/** A request's message as the JSON that the control layer takes: the inverse of `to-message.ts`. */
import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
  toJson,
} from '@bufbuild/protobuf';
import { type Timestamp, timestampDate, type Value, ValueSchema } from '@bufbuild/protobuf/wkt';
import type { Violation } from '../../domain/errors.js';
import { escapePointer } from '../../domain/validate.js';
import { memberName } from './enums.js';
import { itemsOf, specialOf } from './special.js';
import type { ElementField } from './to-message.js';

export type Json = Readonly<Record<string, unknown>>;

/**
 * Absent are: fields that are not set, unspecified enumerations, empty lists and maps (which proto cannot tell from
 * absent ones), and field masks. Adds to `faults` what JSON has no place for: unknown fields, unknown enumeration numbers
 * and timestamps out of range; their pointers start with `pointer`.
 */
export function fromMessage(desc: DescMessage, message: Message, faults: Violation[], pointer = ''): Json {
  const values = message as unknown as Readonly<Record<string, unknown>>;
  reportUnknownFields(desc, message, faults, pointer);
  const members = desc.fields.flatMap((field) => {
    const value = fieldJson(field, values[field.localName], faults, `${pointer}/${field.jsonName}`);
    return value === undefined ? [] : [[field.jsonName, value]];
  });
  return Object.fromEntries(members);
}

function reportUnknownFields(
  desc: DescMessage,
  message: Message,
  faults: Violation[],
  pointer: string,
): void {
  for (const { no } of message.$unknown ?? []) {
    faults.push({
      reason: 'FIELD_UNKNOWN',
      pointer: `${pointer}/${no}`,
      detail: `Field number ${no} is not known in ${desc.name}: the fields are ${desc.fields
        .map(({ name, number }) => `${name} (${number})`)
        .join(', ')}.`,
    });
  }
}

function fieldJson(field: DescField, value: unknown, faults: Violation[], pointer: string): unknown {
  if (value === undefined) return undefined;
  switch (field.fieldKind) {
    case 'scalar':
      return scalarJson(field.scalar, value);
    case 'enum':
      return value === 0 ? undefined : enumJson(field.enum, value, faults, pointer);
    case 'message':
      return messageJson(field.message, value, faults, pointer);
    case 'list': {
      const items = value as readonly unknown[];
      if (items.length === 0) return undefined;
      return items.map((item, index) => elementJson(field, item, faults, `${pointer}/${index}`));
    }
    case 'map': {
      const entries = Object.entries(value as object);
      if (entries.length === 0) return undefined;
      return Object.fromEntries(
        entries.map(([key, item]) => [
          key,
          elementJson(field, item, faults, `${pointer}/${escapePointer(key)}`),
        ]),
      );
    }
  }
}

function elementJson(field: ElementField, value: unknown, faults: Violation[], pointer: string): unknown {
  if (field.message) return messageJson(field.message, value, faults, pointer);
  if (field.enum) return enumJson(field.enum, value, faults, pointer);
  return field.scalar === undefined ? value : scalarJson(field.scalar, value);
}

function messageJson(desc: DescMessage, value: unknown, faults: Violation[], pointer: string): unknown {
  const special = specialOf(desc);
  // free-form objects hold any field; the others report theirs in `fromMessage`
  if (special !== undefined && special !== 'struct' && special !== 'value')
    reportUnknownFields(desc, value as Message, faults, pointer);
  switch (special) {
    case 'timestamp':
      return timestampJson(value as Timestamp, faults, pointer);
    case 'struct':
      return value;
    case 'value':
      return toJson(ValueSchema, value as Value);
    case 'list':
      return fieldJson(itemsOf(desc), (value as { readonly values?: unknown }).values, faults, pointer) ?? [];
    case 'field-mask':
      return undefined;
    default:
      return fromMessage(desc, value as Message, faults, pointer);
  }
}

function timestampJson(value: Timestamp, faults: Violation[], pointer: string): string | undefined {
  const date = timestampDate(value);
  if (!Number.isNaN(date.getTime())) return date.toISOString();
  faults.push({ reason: 'FIELD_INVALID', pointer, detail: 'The timestamp is out of range.' });
  return undefined;
}

function enumJson(desc: DescEnum, value: unknown, faults: Violation[], pointer: string): string | undefined {
  const name = memberName(desc, value as number);
  if (name !== undefined) return name;
  const members = desc.values.filter(({ number }) => number !== 0);
  faults.push({
    reason: 'FIELD_INVALID',
    pointer,
    detail: `${desc.name} has no member ${String(value)} that could stand here: use one of ${members.map(({ name }) => name).join(', ')}.`,
  });
  return undefined;
}

function scalarJson(type: ScalarType, value: unknown): unknown {
  if (type === ScalarType.INT64) return Number(value);
  return type === ScalarType.UINT64 ? String(value) : value;
}
