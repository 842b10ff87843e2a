import Type, { type Static } from 'typebox';
import { canonicalAddress } from '../address.js';
import { Address, closed, inputOf } from './common.js';

export const FORWARDING_METHODS = ['nat', 'dr', 'tun', 'fullnat'] as const;
export const TUNNEL_TYPES = ['ipip', 'gue', 'gre'] as const;
export const TUNNEL_CHECKSUMS = ['none', 'csum', 'remcsum'] as const;

export const Tunnel = Type.Object(
  {
    type: Type.Enum(TUNNEL_TYPES, { type: 'string', description: 'Encapsulation (default ipip).' }),
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65535, description: 'UDP port of the GUE receiver; gue only.' }),
    ),
    checksum: Type.Enum(TUNNEL_CHECKSUMS, {
      type: 'string',
      description:
        'Checksum of the outer header (default none): csum for gue and gre; remcsum (remote checksum) for gue.',
    }),
  },
  { ...closed, description: 'Encapsulation of method tun.' },
);
export type Tunnel = Static<typeof Tunnel>;

const TunnelInput = inputOf(Tunnel, { $id: 'TunnelInput', description: 'Encapsulation of method tun.' });

const Snat = Type.Object(
  { addresses: Type.Array(Address, { minItems: 1, maxItems: 256 }) },
  {
    ...closed,
    description:
      'Source addresses of fullnat, which must lead back to the director; a connection takes one of the family of its virtual ' +
      "service. Absent means the address that the director's route to the real server uses.",
  },
);

export const Forwarding = Type.Object(
  {
    method: Type.Enum(FORWARDING_METHODS, {
      type: 'string',
      description:
        'nat: addresses rewritten, replies return through the director. dr: direct routing, same segment, replies go ' +
        'straight to the client. tun: as dr, through a tunnel. fullnat: as nat, and the real server sees the director ' +
        'as its peer.',
    }),
    tunnel: Type.Optional(Tunnel),
    snat: Type.Optional(Snat),
  },
  {
    ...closed,
    $id: 'Forwarding',
    description: 'How packets reach a real server.',
    examples: [{ method: 'nat' }],
  },
);
export type Forwarding = Static<typeof Forwarding>;

export const ForwardingInput = inputOf(Forwarding, {
  $id: 'ForwardingInput',
  description: 'How packets reach a real server. Absent: as the parent says.',
  required: ['method'],
  replace: { tunnel: TunnelInput },
});
export type ForwardingInput = Pick<Forwarding, 'method' | 'snat'> & { readonly tunnel?: Partial<Tunnel> };

/** Fills in what method `tun` means when it says no more, and canonical spellings. */
export function normaliseForwarding({ method, tunnel, snat }: ForwardingInput): Forwarding {
  const settled =
    method === 'tun' || tunnel ? { type: 'ipip' as const, checksum: 'none' as const, ...tunnel } : undefined;
  const addresses = snat?.addresses.map((address) => canonicalAddress(address) ?? address);
  return { method, ...(settled && { tunnel: settled }), ...(addresses && { snat: { addresses } }) };
}
