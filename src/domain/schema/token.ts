import Type, { type Static } from 'typebox';
import { closed, Name, Nullable, Timestamp } from './common.js';

/** From least to most: each may do what those before it may. */
export const ROLES = ['viewer', 'operator', 'editor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export const TokenSpec = Type.Object(
  {
    role: Type.Enum(ROLES, {
      type: 'string',
      description:
        'viewer: read. operator: also drain and enable real servers and force a pass. editor: also change definitions. ' +
        'admin: everything.',
    }),
    project: Nullable(
      Type.String({ ...Name, description: 'The one project it is good for; null: the whole server.' }),
    ),
    expireTime: Nullable(
      Type.String({ ...Timestamp, description: 'From then on it is refused (RFC 3339, UTC); null: never.' }),
    ),
  },
  { ...closed, $id: 'TokenSpec', description: 'What the bearer of a token may do, and for how long.' },
);
export type TokenSpec = Static<typeof TokenSpec>;
