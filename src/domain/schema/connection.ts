/** Connections as callers see them, and how they choose among them. */
import Type, { type Static } from 'typebox';
import { closed, Nullable } from './common.js';

function end(description: string) {
  return Type.Object({ address: Type.String(), port: Type.Integer() }, { ...closed, description });
}

export const Connection = Type.Object(
  {
    protocol: Type.String({
      description:
        'tcp, udp, sctp, …, as the kernel names it; ip: a persistence template of a firewall mark.',
    }),
    client: end('Where it comes from. Port 0: a persistence template.'),
    virtual: end(
      'What the client asked for. In a template of a firewall mark, the mark in the form of an address.',
    ),
    real: end('Where its packets go.'),
    state: Type.String({ description: "The kernel's word, such as ESTABLISHED, FIN_WAIT or UDP." }),
    expiresSeconds: Type.Integer({
      minimum: 0,
      description: 'How long it is kept if no packet comes.',
    }),
    template: Type.Boolean({
      description: 'true: no connection, but what keeps a client with its real server (persistence).',
    }),
    persistence: Nullable(
      Type.Object(
        { engine: Type.String(), data: Type.String() },
        { ...closed, description: 'What a persistence engine knows the client by.' },
      ),
    ),
    virtualService: Nullable(
      Type.String({
        description:
          'Path of the virtual service with this protocol, address and port; null: not managed. A connection does not show ' +
          'by which firewall mark it came, its template does.',
      }),
    ),
    realServer: Nullable(
      Type.String({ description: 'Path of the real server behind it; null: not managed.' }),
    ),
  },
  {
    ...closed,
    $id: 'Connection',
    description:
      "One entry of the kernel's connection table, which is what it goes by for packets that follow.",
  },
);
export type Connection = Static<typeof Connection>;

const address = { minLength: 2, maxLength: 45 };
const port = { minimum: 0, maximum: 65535 };

/** All that are given must hold. */
export const ConnectionFilter = Type.Object(
  {
    virtualService: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 512,
        description:
          'Key of a virtual service as in the table (`tcp/192.168.10.88:80`; port 0 stands for every port), or the path of ' +
          "one (`projects/…`). Of a firewall mark, whose connections do not show it, the clients' templates.",
      }),
    ),
    protocol: Type.Optional(
      Type.Enum(['tcp', 'udp', 'sctp', 'ip', 'ah', 'esp'], {
        type: 'string',
        description: 'ip: templates of firewall marks.',
      }),
    ),
    virtualAddress: Type.Optional(Type.String({ ...address, description: 'What the client asked for.' })),
    virtualPort: Type.Optional(Type.Integer({ ...port, description: 'Likewise.' })),
    realAddress: Type.Optional(Type.String({ ...address, description: 'Address of a real server.' })),
    realPort: Type.Optional(Type.Integer({ ...port, description: 'Port of a real server.' })),
    client: Type.Optional(
      Type.String({
        minLength: 2,
        maxLength: 49,
        description:
          'Address of a client, or a prefix of many: `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`.',
      }),
    ),
    state: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_!]{1,32}$',
        description: "The kernel's word, such as ESTABLISHED; in small letters too.",
      }),
    ),
    template: Type.Optional(
      Type.Boolean({ description: 'true: persistence templates only; false: none of them.' }),
    ),
  },
  closed,
);
export type ConnectionFilter = Static<typeof ConnectionFilter>;
