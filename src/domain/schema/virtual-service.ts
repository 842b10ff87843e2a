import Type, { type Static } from 'typebox';
import { canonicalAddress } from '../address.js';
import { type Family, familyOfAddress } from '../keys.js';
import { Address, closed, inputOf, Nullable, Port } from './common.js';
import { Forwarding, ForwardingInput, normaliseForwarding } from './forwarding.js';

export const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
export const FAMILIES = ['ipv4', 'ipv6'] as const;
/** Every scheduler of Linux 6.x; `lc`, `sh` and friends as ipvsadm(8) and Documentation/networking/ipvs name them. */
export const SCHEDULERS = [
  'rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'fo', 'ovf', 'mh', 'twos',
] as const; // biome-ignore format: a list to read
export const SCHEDULER_FLAGS = ['sh-fallback', 'sh-port', 'mh-fallback', 'mh-port'] as const;
export const PERSISTENCE_ENGINES = ['sip'] as const;

const Persistence = Type.Object(
  {
    timeoutSeconds: Type.Integer({
      minimum: 1,
      maximum: 31 * 24 * 60 * 60,
      description: 'How long a client stays with its real server after its last connection (default 300).',
    }),
    prefixLength: Type.Integer({
      minimum: 1,
      maximum: 128,
      description: 'Clients of one prefix count as one client (default 32 or 128: each address by itself).',
    }),
    engine: Nullable(
      Type.Enum(PERSISTENCE_ENGINES, {
        type: 'string',
        description: 'Persistence engine; null: by client address (default). sip: by Call-ID, UDP only.',
      }),
    ),
  },
  { ...closed, description: 'Keeps a client on one real server.' },
);
export type Persistence = Static<typeof Persistence>;

const PersistenceInput = inputOf(Persistence, {
  $id: 'PersistenceInput',
  description: 'Keeps a client on one real server; every field has a default.',
});

export const VirtualServiceSpec = Type.Object(
  {
    protocol: Type.Optional(
      Type.Enum(PROTOCOLS, { type: 'string', description: 'With address and port; not with fwmark.' }),
    ),
    address: Type.Optional(Address),
    port: Type.Optional(Port),
    fwmark: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 0xffffffff,
        description: 'Firewall mark, instead of protocol, address and port; needs family.',
      }),
    ),
    family: Type.Optional(
      Type.Enum(FAMILIES, { type: 'string', description: 'Address family of a firewall-mark service.' }),
    ),
    scheduler: Type.Enum(SCHEDULERS, {
      type: 'string',
      description: 'How a real server is picked (default wlc, as ipvsadm).',
    }),
    schedulerFlags: Type.Array(Type.Enum(SCHEDULER_FLAGS, { type: 'string' }), {
      maxItems: 2,
      uniqueItems: true,
      description: 'sh-fallback, sh-port with scheduler sh; mh-fallback, mh-port with mh (default none).',
    }),
    persistence: Nullable(Persistence),
    onePacket: Type.Boolean({
      description: 'Schedule every datagram by itself; UDP only (default false).',
    }),
    forwarding: Type.Optional(Forwarding),
  },
  { ...closed, $id: 'VirtualServiceSpec', description: 'What clients connect to and how they are served.' },
);
export type VirtualServiceSpec = Static<typeof VirtualServiceSpec>;

export const VirtualServiceSpecInput = inputOf(VirtualServiceSpec, {
  $id: 'VirtualServiceSpecInput',
  description:
    'What clients connect to: protocol, address and port, or fwmark and family. The rest has defaults; forwarding is the ' +
    "cluster's when absent.",
  replace: { forwarding: ForwardingInput, persistence: Nullable(PersistenceInput) },
});
type VirtualServiceSpecInput = Omit<Partial<VirtualServiceSpec>, 'persistence'> & {
  readonly persistence?: Partial<Persistence> | null;
};

/** Fills in defaults and canonical spellings; an address that cannot be read is left for the rules to name. */
export function normaliseVirtualService(input: VirtualServiceSpecInput): VirtualServiceSpec {
  const { protocol, port, fwmark, family, persistence, forwarding } = input;
  const address =
    input.address === undefined ? undefined : (canonicalAddress(input.address) ?? input.address);
  return {
    ...(protocol && { protocol }),
    ...(address !== undefined && { address }),
    ...(port !== undefined && { port }),
    ...(fwmark !== undefined && { fwmark }),
    ...(family && { family }),
    scheduler: input.scheduler ?? 'wlc',
    schedulerFlags: [...(input.schedulerFlags ?? [])].sort(),
    persistence: persistence ? normalisePersistence(persistence, serviceFamily({ address, family })) : null,
    onePacket: input.onePacket ?? false,
    ...(forwarding && { forwarding: normaliseForwarding(forwarding) }),
  };
}

export function serviceFamily(spec: { address?: string | undefined; family?: Family | undefined }): Family {
  return spec.address === undefined ? (spec.family ?? 'ipv4') : familyOfAddress(spec.address);
}

function normalisePersistence(input: Partial<Persistence>, family: Family): Persistence {
  return {
    timeoutSeconds: input.timeoutSeconds ?? 300,
    prefixLength: input.prefixLength ?? (family === 'ipv4' ? 32 : 128),
    engine: input.engine ?? null,
  };
}
