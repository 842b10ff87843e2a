import Type, { type Static } from 'typebox';
import { canonicalAddress } from '../address.js';
import { Address, closed, inputOf, Port } from './common.js';
import { Forwarding, ForwardingInput, normaliseForwarding } from './forwarding.js';

const ADMIN_STATES = ['active', 'drain', 'disabled'] as const;

export const DEFAULT_DRAIN_TIMEOUT_SECONDS = 300;

const Threshold = Type.Integer({ minimum: 0, maximum: 0xffffffff });

export const RealServerSpec = Type.Object(
  {
    address: Address,
    port: Type.Optional({ ...Port, description: "The real server's port (default: the service's)." }),
    weight: Type.Integer({
      minimum: 0,
      maximum: 65535,
      description: 'Share of new connections (default 1); 0 is legal and means quiesced.',
    }),
    upperThreshold: {
      ...Threshold,
      description: 'No new connections at or above this many (default 0: no limit).',
    },
    lowerThreshold: {
      ...Threshold,
      description:
        'New connections again below this many (default 0: the kernel takes three quarters of the upper threshold).',
    },
    adminState: Type.Enum(ADMIN_STATES, {
      type: 'string',
      description:
        'active (default): as the weight says. drain: effective weight 0, connections go on. disabled: drained, then not in the kernel.',
    }),
    drainTimeoutSeconds: Type.Integer({
      minimum: 0,
      maximum: 7 * 24 * 60 * 60,
      description:
        'How long its connections may take to end when it is drained, disabled or deleted (default 300; behind UDP at most ' +
        "the director's UDP timeout); 0: not at all.",
    }),
    forwarding: Type.Optional(Forwarding),
  },
  { ...closed, $id: 'RealServerSpec', description: 'A destination behind one virtual service.' },
);
export type RealServerSpec = Static<typeof RealServerSpec>;

export const RealServerSpecInput = inputOf(RealServerSpec, {
  $id: 'RealServerSpecInput',
  description: "A destination behind one virtual service. Forwarding is the service's when absent.",
  required: ['address'],
  replace: { forwarding: ForwardingInput },
});
type RealServerSpecInput = Pick<RealServerSpec, 'address'> & Partial<RealServerSpec>;

/** Fills in defaults and canonical spellings; an address that cannot be read is left for the rules to name. */
export function normaliseRealServer(input: RealServerSpecInput): RealServerSpec {
  return {
    address: canonicalAddress(input.address) ?? input.address,
    ...(input.port !== undefined && { port: input.port }),
    weight: input.weight ?? 1,
    upperThreshold: input.upperThreshold ?? 0,
    lowerThreshold: input.lowerThreshold ?? 0,
    adminState: input.adminState ?? 'active',
    drainTimeoutSeconds: input.drainTimeoutSeconds ?? DEFAULT_DRAIN_TIMEOUT_SECONDS,
    ...(input.forwarding && { forwarding: normaliseForwarding(input.forwarding) }),
  };
}
