import Type, { type Static } from 'typebox';
import { closed, inputOf, Nullable } from './common.js';
import { Forwarding, ForwardingInput, normaliseForwarding } from './forwarding.js';

const Vip = Type.Object(
  {
    interface: Nullable(
      Type.String({
        minLength: 1,
        maxLength: 15,
        description: 'Interface to which lvsd adds the VIPs; null: the VIPs are managed elsewhere.',
      }),
    ),
  },
  { ...closed, description: 'Who binds the virtual addresses on the director.' },
);

const VipInput = inputOf(Vip, {
  $id: 'VipInput',
  description: 'Who binds the virtual addresses on the director.',
});

export const ClusterSpec = Type.Object(
  {
    description: Type.String({ maxLength: 1024, description: 'For people (default "").' }),
    forwarding: Forwarding,
    vip: Vip,
  },
  { ...closed, $id: 'ClusterSpec', description: 'What a cluster is to be.' },
);
export type ClusterSpec = Static<typeof ClusterSpec>;

export const ClusterSpecInput = inputOf(ClusterSpec, {
  $id: 'ClusterSpecInput',
  description:
    'What a cluster is to be; all fields have defaults. Forwarding is the default of its virtual services (dr).',
  replace: { forwarding: ForwardingInput, vip: VipInput },
});
type ClusterSpecInput = Omit<Partial<ClusterSpec>, 'vip'> & { readonly vip?: Partial<ClusterSpec['vip']> };

export function normaliseCluster({ description, forwarding, vip }: ClusterSpecInput): ClusterSpec {
  return {
    description: description ?? '',
    forwarding: normaliseForwarding(forwarding ?? { method: 'dr' }),
    vip: { interface: vip?.interface ?? null },
  };
}
