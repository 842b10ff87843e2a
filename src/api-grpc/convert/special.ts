/** Messages that JSON does not show as objects of their fields, and how it shows them instead. */
import type { DescMessage } from '@bufbuild/protobuf';
import { FieldMaskSchema, StructSchema, TimestampSchema, ValueSchema } from '@bufbuild/protobuf/wkt';
import { StringListSchema } from '../gen/lvsd/v1/common_pb.js';

export type Special = 'timestamp' | 'struct' | 'value' | 'string-list' | 'field-mask';

const SPECIAL: ReadonlyMap<string, Special> = new Map([
  // RFC 3339 text, UTC, in milliseconds
  [TimestampSchema.typeName, 'timestamp'],
  // any JSON object; protobuf-es holds it as one
  [StructSchema.typeName, 'struct'],
  // any JSON value, null too
  [ValueSchema.typeName, 'value'],
  // an array that may be null
  [StringListSchema.typeName, 'string-list'],
  // not data: see `update-patch.ts`
  [FieldMaskSchema.typeName, 'field-mask'],
]);

export function specialOf(desc: DescMessage): Special | undefined {
  return SPECIAL.get(desc.typeName);
}
