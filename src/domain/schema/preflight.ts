import Type, { type Static } from 'typebox';
import { FINDINGS, SEVERITIES } from '../preflight/finding.js';
import { closed, Name, Nullable, Timestamp } from './common.js';

const Finding = Type.Object(
  {
    id: Type.String({ description: 'Stable code.', examples: Object.keys(FINDINGS).slice(0, 2) }),
    severity: Type.Enum(SEVERITIES, {
      type: 'string',
      description:
        'error: packets will not flow. warning: they may not, or will stop one day. info: worth knowing.',
    }),
    subject: Type.Object(
      {
        interface: Nullable(Type.String()),
        address: Nullable(Type.String()),
        resource: Nullable(Type.String({ description: 'Path.' })),
        method: Nullable(Type.String({ description: 'Forwarding method.' })),
      },
      { ...closed, description: 'What it is about; null: does not apply.' },
    ),
    seen: Type.String({ description: 'What there is, with its value.' }),
    why: Type.String({ description: 'What it means for packets.' }),
    remedy: Nullable(
      Type.String({ description: "A command for the director's shell; null: it takes a decision." }),
    ),
    advice: Type.String({ description: 'What to do, in words, and how it lasts.' }),
  },
  closed,
);

export const Preflight = Type.Object(
  {
    director: Name,
    time: Timestamp,
    errors: Type.Integer({ minimum: 0 }),
    warnings: Type.Integer({ minimum: 0 }),
    infos: Type.Integer({ minimum: 0 }),
    findings: Type.Array(Finding, { description: 'The worst first.' }),
  },
  {
    ...closed,
    $id: 'Preflight',
    description:
      'What stands between the definition and its packets. Reads only: no setting is ever changed.',
  },
);
export type Preflight = Static<typeof Preflight>;
