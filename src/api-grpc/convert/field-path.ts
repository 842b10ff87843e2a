/** How google.rpc.BadRequest names the field that JSON knows by a pointer. */
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { unescapePointer } from '../../domain/validate.js';
import { itemsOf, specialOf } from './special.js';

/**
 * `/spec/upperThreshold` of a request → `spec.upper_threshold`; items of lists as `addresses[0]`, values of maps as
 * `virtual_services["http"]`. Segments that are no field of the message stand as they are.
 */
export function fieldPath(desc: DescMessage, pointer: string): string {
  let path = '';
  let message: DescMessage | undefined = desc;
  let container: DescField | undefined;
  for (const segment of pointer.split('/').slice(1).map(unescapePointer)) {
    if (container) {
      path += container.fieldKind === 'map' ? `["${segment}"]` : `[${segment}]`;
      message = container.message;
      container = undefined;
      continue;
    }
    const field: DescField | undefined = message?.fields.find(({ jsonName }) => jsonName === segment);
    path += `${path === '' ? '' : '.'}${field?.name ?? segment}`;
    message = field?.fieldKind === 'message' ? field.message : undefined;
    container = field?.fieldKind === 'map' || field?.fieldKind === 'list' ? field : undefined;
    if (message && specialOf(message) === 'list') {
      container = itemsOf(message);
      path += '.values';
    }
  }
  return path;
}
