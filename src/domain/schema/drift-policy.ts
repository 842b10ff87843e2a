/** What a director does by itself about differences that nobody asked for. */
import Type, { type Static } from 'typebox';
import { closed, inputOf, Name, Nullable, Revision } from './common.js';

export const DRIFT_MODES = ['enforce', 'report'] as const;

export const DriftPolicySpec = Type.Object(
  {
    mode: Type.Enum(DRIFT_MODES, {
      type: 'string',
      description:
        'enforce (the default): every pass removes drift. report: drift is audited and shown, and stays until a ' +
        'reconciliation is requested; writes go on to be applied.',
    }),
    maxChangePercent: Type.Integer({
      minimum: 1,
      maximum: 100,
      description:
        'A pass that nobody requested changes at most this share of the entries that lvsd owns (default 30).',
    }),
    minChangeEntries: Type.Integer({
      minimum: 0,
      maximum: 1_000_000,
      description: 'So many entries may always be changed, however small the table is (default 10).',
    }),
  },
  {
    ...closed,
    $id: 'DriftPolicySpec',
    description: 'Whether lvsd removes drift by itself, and how much of it at once.',
  },
);
export type DriftPolicy = Static<typeof DriftPolicySpec>;

const DriftPolicySpecInput = inputOf(DriftPolicySpec, {
  $id: 'DriftPolicySpecInput',
  description: 'Whether lvsd removes drift by itself, and how much of it at once; every field has a default.',
});

export const DEFAULT_DRIFT_POLICY: DriftPolicy = {
  mode: 'enforce',
  maxChangePercent: 30,
  minChangeEntries: 10,
};

export const DriftPolicySetting = Type.Object(
  {
    director: Name,
    spec: DriftPolicySpec,
    status: Type.Object(
      {
        held: Type.Boolean({
          description: 'true: passes would change too much, and wait for a requested reconciliation.',
        }),
        detail: Nullable(Type.String({ description: 'Why, when it is held.' })),
      },
      closed,
    ),
    revision: Revision,
    etag: Type.String({ description: 'Strong entity tag of all settings of the director.' }),
  },
  { ...closed, $id: 'DriftPolicySetting', description: 'The drift policy of a director.' },
);
export type DriftPolicySetting = Static<typeof DriftPolicySetting>;

export const DriftPolicySettingInput = Type.Object(
  {
    spec: DriftPolicySpecInput,
    etag: Type.Optional(
      Type.String({ description: 'When given, the write needs this entity tag (as If-Match).' }),
    ),
  },
  {
    ...closed,
    $id: 'DriftPolicySettingInput',
    description:
      'Read-only members of the resource are accepted and ignored, so that what GET answered can be sent back.',
  },
);
