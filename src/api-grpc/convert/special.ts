/** Messages that JSON does not show as objects of their fields, and how it shows them instead. */
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { FieldMaskSchema, StructSchema, TimestampSchema, ValueSchema } from '@bufbuild/protobuf/wkt';
import { StringListSchema } from '../gen/lvsd/v1/common_pb.js';
import { ForwardingMethodListSchema, RangeListSchema } from '../gen/lvsd/v1/project_pb.js';

export type Special = 'timestamp' | 'struct' | 'value' | 'list' | 'field-mask';

const SPECIAL: ReadonlyMap<string, Special> = new Map([
  // RFC 3339 text, UTC, in milliseconds
  [TimestampSchema.typeName, 'timestamp'],
  // any JSON object; protobuf-es holds it as one
  [StructSchema.typeName, 'struct'],
  // any JSON value, null too
  [ValueSchema.typeName, 'value'],
  // an array that may be null
  [StringListSchema.typeName, 'list'],
  [RangeListSchema.typeName, 'list'],
  [ForwardingMethodListSchema.typeName, 'list'],
  // not data: see `update-patch.ts`
  [FieldMaskSchema.typeName, 'field-mask'],
]);

export function specialOf(desc: DescMessage): Special | undefined {
  return SPECIAL.get(desc.typeName);
}

/** The field with the items of a special `list`. */
export function itemsOf(desc: DescMessage): DescField {
  return desc.field.values as DescField;
}
