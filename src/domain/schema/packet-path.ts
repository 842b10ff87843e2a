import Type, { type Static } from 'typebox';
import { closed, Name, Nullable } from './common.js';
import { FORWARDING_METHODS } from './forwarding.js';

const Endpoint = Type.String({
  description: 'Address and port; VIP, DIP and PORT stand for what is not known.',
  examples: ['203.0.113.7:40000'],
});

const OuterHeader = Type.Object(
  {
    encapsulation: Type.String({ examples: ['ipip'] }),
    source: Type.String(),
    destination: Type.String(),
  },
  { ...closed, $id: 'OuterHeader', description: 'What method tun puts before the packet.' },
);

const Hop = Type.Object(
  {
    from: Type.String({
      description: 'Who sends the packet: client, director, or the name of a real server.',
    }),
    to: Type.String({ description: 'Who gets it.' }),
    source: Endpoint,
    destination: Endpoint,
    outer: Nullable(OuterHeader),
    sourceMac: Type.String({
      description:
        "Whose MAC address the frame comes from, on the director's segment, or else on the sender's.",
    }),
    destinationMac: Type.String({ description: 'Whose MAC address it goes to, on the same segment.' }),
    interface: Nullable(Type.String({ description: "The director's interface, where it is known." })),
    rewritten: Type.Array(Type.String(), {
      description: 'What the sender has changed since the hop before.',
    }),
    note: Nullable(Type.String()),
  },
  { ...closed, $id: 'Hop', description: 'One packet between two parties that look at its IP addresses.' },
);
export type Hop = Static<typeof Hop>;

const PathCondition = Type.Object(
  {
    place: Type.String({
      description: 'Where it must be true: director, network, or the name of a real server.',
    }),
    topic: Type.String({ description: 'Stable code.', examples: ['ip-forward'] }),
    detail: Type.String(),
  },
  { ...closed, $id: 'PathCondition', description: 'What must be true for the packets to arrive.' },
);
export type PathCondition = Static<typeof PathCondition>;

const RealServerPath = Type.Object(
  {
    realServer: Name,
    address: Type.String(),
    port: Type.Integer({ minimum: 0, maximum: 65535, description: '0: as the client sent it.' }),
    method: Type.Enum(FORWARDING_METHODS, { type: 'string' }),
    weight: Type.Integer({ minimum: 0 }),
    request: Type.Array(Hop),
    reply: Type.Array(Hop),
    explanation: Type.String({ description: 'Why the reply comes back the way it does.' }),
    conditions: Type.Array(PathCondition),
    warnings: Type.Array(Type.String(), { description: 'Why it does not work as it is.' }),
  },
  { ...closed, $id: 'RealServerPath', description: 'The way by one real server and back.' },
);
export type RealServerPath = Static<typeof RealServerPath>;

export const PacketPath = Type.Object(
  {
    project: Name,
    cluster: Name,
    virtualService: Name,
    key: Type.String({ description: 'Of the virtual service.', examples: ['tcp/192.168.10.88:80'] }),
    client: Endpoint,
    scheduling: Type.Array(Type.String(), { description: 'How a real server is picked.' }),
    paths: Type.Array(RealServerPath, {
      description: 'By each real server that may be picked, ordered by name.',
    }),
    remarks: Type.Array(Type.String()),
  },
  { ...closed, $id: 'PacketPath', description: 'How packets of one client travel, there and back.' },
);
export type PacketPath = Static<typeof PacketPath>;
