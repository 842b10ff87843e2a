/** The JSON merge patch (RFC 7396) that an Update request asks for. The rules for callers are in the proto files. */
import type { DescMessage } from '@bufbuild/protobuf';
import type { FieldMask } from '@bufbuild/protobuf/wkt';
import { type Violation, violationError } from '../../domain/errors.js';
import type { Json } from './from-message.js';

/** The fields of an Update request that a mask may name. */
const WRITABLE: readonly string[] = ['labels', 'spec'];

type Patch = Record<string, unknown>;

interface MaskedField {
  /** Names in JSON, from the request down. */
  readonly segments: readonly string[];
  readonly isList: boolean;
}

/** `request` is the JSON of a message of `desc`. Throws a DomainError that names all paths that cannot be followed. */
export function updatePatch(desc: DescMessage, request: Json, mask: FieldMask | undefined): Json {
  if (!mask || mask.paths.length === 0) {
    return Object.fromEntries(Object.entries(request).filter(([name]) => WRITABLE.includes(name)));
  }
  const faults: Violation[] = [];
  const patch: Patch = {};
  // "spec" before "spec.weight": the wider path must not overwrite the narrower one
  for (const path of [...mask.paths].sort()) {
    const field = resolve(desc, path);
    if (field) put(patch, field.segments, valueAt(request, field.segments) ?? (field.isList ? [] : null));
    else faults.push(unknownPath(desc, path));
  }
  const [first, ...rest] = faults;
  if (first) throw violationError([first, ...rest]);
  return patch;
}

function resolve(desc: DescMessage, path: string): MaskedField | undefined {
  const names = path.split('.');
  if (!WRITABLE.includes(names[0] ?? '')) return undefined;
  const segments: string[] = [];
  let message: DescMessage | undefined = desc;
  let isList = false;
  for (const [index, name] of names.entries()) {
    const field: DescMessage['fields'][number] | undefined = message?.fields.find((one) => one.name === name);
    if (!field) return undefined;
    segments.push(field.jsonName);
    const rest = names.slice(index + 1);
    if (field.fieldKind === 'map' && rest.length > 0) {
      // keys of labels may hold dots
      return { segments: [...segments, rest.join('.')], isList: false };
    }
    message = field.fieldKind === 'message' ? field.message : undefined;
    isList = field.fieldKind === 'list';
  }
  return { segments, isList };
}

function valueAt(json: Json, segments: readonly string[]): unknown {
  return segments.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? (value as Json)[name]
        : undefined,
    json,
  );
}

/** Sets a nested member, with new objects on the way where there are none. */
function put(target: Patch, segments: readonly string[], value: unknown): void {
  const [name = '', ...rest] = segments;
  if (rest.length === 0) {
    define(target, name, value);
    return;
  }
  const inner: Patch = { ...((Object.hasOwn(target, name) ? target[name] : undefined) as Patch | undefined) };
  put(inner, rest, value);
  define(target, name, inner);
}

/** Plain assignment to "__proto__" would change the prototype instead of adding a member. */
function define(target: Patch, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

function unknownPath(desc: DescMessage, path: string): Violation {
  const { name, fields } = desc;
  const spec =
    fields.find((field) => field.name === 'spec')?.message?.fields.map((field) => field.name) ?? [];
  return {
    reason: 'FIELD_INVALID',
    pointer: '/updateMask',
    detail:
      `update_mask has "${path}", which ${name} cannot change: use labels, labels.KEY, spec, or spec. and a field ` +
      `(${spec.join(', ')}).`,
  };
}
