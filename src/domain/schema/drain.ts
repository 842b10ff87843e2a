import Type, { type Static } from 'typebox';
import { closed, Nullable, Timestamp } from './common.js';

const Count = Type.Integer({ minimum: 0 });

export const Connections = Type.Object(
  {
    active: { ...Count, description: 'Established.' },
    inactive: { ...Count, description: 'Closing, or of a protocol without connections.' },
    persistent: { ...Count, description: 'Persistence templates: clients that come back to it.' },
  },
  {
    ...closed,
    $id: 'Connections',
    description: 'Connections of a destination, as the kernel counts them now.',
  },
);

const DrainState = Type.Enum(['draining', 'drained'], {
  type: 'string',
  description:
    'draining: it has connections, and time left. drained: it has no connections any more, or its deadline has passed.',
});

export const DrainProgress = Type.Object(
  {
    deadline: Timestamp,
    state: Type.Optional(DrainState),
  },
  {
    ...closed,
    $id: 'DrainProgress',
    description:
      'A drain that is under way, or has ended and left the real server with weight 0: when it ends whatever connections ' +
      'are left, and, when connections were asked for, how far it has come.',
  },
);
export type DrainProgress = Static<typeof DrainProgress>;

export const Drain = Type.Object(
  {
    key: Type.String({ examples: ['tcp/192.168.10.88:80->192.168.10.11:80'] }),
    resource: Type.String({ description: 'Path of the resource that it stands for, or stood for.' }),
    state: DrainState,
    leaving: Type.Boolean({
      description:
        'true: it is removed from the kernel when it has drained (a deletion, adminState disabled, another key). false: ' +
        'it stays, with weight 0 (adminState drain).',
    }),
    deadline: Nullable(Timestamp),
    connections: Nullable(Connections),
  },
  {
    ...closed,
    $id: 'Drain',
    description:
      'A kernel entry that gets no new connections, and waits for those that it has. A virtual service has no deadline and ' +
      'no connections of its own: it waits for its real servers.',
  },
);
export type Drain = Static<typeof Drain>;
