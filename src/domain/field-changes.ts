/** What differs between two states of a resource, field by field. */
import { isDeepStrictEqual } from 'node:util';

export interface FieldChange {
  /** `spec.weight`, `labels.team`. */
  readonly field: string;
  /** undefined: there was none. */
  readonly before: unknown;
  readonly after: unknown;
}

/** Lists are one field; of null, as before a creation, nothing is there. In the order of the fields' names. */
export function fieldChanges(before: object | null, after: object | null): FieldChange[] {
  return differences('', before ?? undefined, after ?? undefined);
}

function differences(field: string, before: unknown, after: unknown): FieldChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  const [a, b] = [membersOf(before), membersOf(after)];
  if (a === undefined || b === undefined) return [{ field, before, after }];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return names.flatMap((name) => differences(field === '' ? name : `${field}.${name}`, a[name], b[name]));
}

/** An absent object has no members; other values are compared as a whole. */
function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined) return {};
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** `spec.weight 3 -> 5`; a field that was or is not there shows one value. */
export function fieldChangeText({ field, before, after }: FieldChange): string {
  if (before === undefined) return `${field} ${JSON.stringify(after)}`;
  if (after === undefined) return `${field} ${JSON.stringify(before)} removed`;
  return `${field} ${JSON.stringify(before)} -> ${JSON.stringify(after)}`;
}
