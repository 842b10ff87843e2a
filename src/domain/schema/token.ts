import Type, { type Static } from 'typebox';
import { closed, inputOf, Labels, Name, Nullable, Revision, Timestamp } from './common.js';

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
    expireTime: Nullable(Timestamp),
  },
  {
    ...closed,
    $id: 'TokenSpec',
    description:
      'What the bearer of a token may do, and until when: from `expireTime` on it is refused (null: never).',
  },
);
export type TokenSpec = Static<typeof TokenSpec>;

const TokenSpecInput = inputOf(TokenSpec, {
  $id: 'TokenSpecInput',
  description:
    'What the bearer is to be allowed, and until when: a time with any offset, kept in UTC; absent or null: for ever.',
  required: ['role'],
});

export const TOKEN_STATES = ['active', 'expired'] as const;

export const Token = Type.Object(
  {
    name: Name,
    project: Nullable(
      Type.String({ ...Name, description: 'The one project that it is good for; null: the whole server.' }),
    ),
    labels: Labels,
    spec: TokenSpec,
    status: Type.Object(
      { state: Type.Enum(TOKEN_STATES, { type: 'string', description: 'An expired token is refused.' }) },
      { ...closed, $id: 'TokenStatus', description: 'Whether it can be used.' },
    ),
    revision: Revision,
    etag: Type.String({ description: 'Strong entity tag, quotes included, as in the ETag header.' }),
    createTime: Timestamp,
    updateTime: Timestamp,
    secret: Type.Optional(
      Type.String({
        description:
          'What its bearer sends. Only in the answer to its creation: lvsd keeps a hash of it, and cannot tell it again.',
      }),
    ),
  },
  {
    ...closed,
    $id: 'Token',
    description: 'A credential of the API. It cannot be changed: make another one.',
  },
);
export type Token = Static<typeof Token>;

export const TokenInput = Type.Object(
  { name: Name, labels: Type.Optional(Labels), spec: TokenSpecInput },
  { ...closed, $id: 'TokenInput', description: 'A token to make.' },
);
export type TokenInput = Static<typeof TokenInput>;
