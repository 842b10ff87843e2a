/** Building blocks of every schema. All objects are closed: an unknown field is refused, never dropped. */
import Type, { type Static, type TObject, type TProperties, type TSchema } from 'typebox';
import { NAME_PATTERN } from '../names.js';

export const closed = { additionalProperties: false } as const;

export const Name = Type.String({
  pattern: NAME_PATTERN,
  description: 'A DNS label, chosen by the client, unique under its parent.',
});

export const Labels = Type.Record(
  Type.String({ pattern: '^[A-Za-z0-9]([-A-Za-z0-9_./]{0,61}[A-Za-z0-9])?$' }),
  Type.String({ maxLength: 255 }),
  {
    additionalProperties: false,
    maxProperties: 64,
    description: "Free key/value pairs for the client's own use; lists can be filtered by them.",
    examples: [{ team: 'web' }],
  },
);
export type Labels = Static<typeof Labels>;

export const Port = Type.Integer({ minimum: 0, maximum: 65535 });
export const Address = Type.String({
  minLength: 2,
  maxLength: 45,
  description: 'IPv4 or IPv6 address; kept in canonical spelling.',
});
/** Who bound an address of a director. */
export const BINDERS = ['lvsd', 'others'] as const;

export const Timestamp = Type.String({
  description: 'RFC 3339, UTC.',
  examples: ['2026-01-01T00:00:00.000Z'],
});
export const Revision = Type.Integer({
  minimum: 0,
  description: 'The global revision at which this came to be; also the id of the audit event of that change.',
});

export function Nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()]);
}

/**
 * What a client may send where lvsd knows defaults: the properties of `schema`, optional unless named in `required`, with
 * `replace` in place of those whose nested values have defaults too. Shapes, limits and texts stay in one place.
 */
export function inputOf(
  schema: TObject,
  { $id, description, required = [], replace = {} }: InputOptions,
): TObject<TProperties> {
  const properties: TProperties = {};
  for (const [name, property] of Object.entries(schema.properties)) {
    const chosen = replace[name] ?? property;
    properties[name] = required.includes(name) ? chosen : Type.Optional(chosen);
  }
  return Type.Object(properties, { $id, description, ...closed });
}

interface InputOptions {
  readonly $id: string;
  readonly description: string;
  readonly required?: readonly string[];
  readonly replace?: TProperties;
}
