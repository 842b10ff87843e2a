/** The one shape that every resource has: identity, labels, spec, status, bookkeeping. */
import Type, { type Static, type TProperties, type TSchema } from 'typebox';
import { ClusterSpec, ClusterSpecInput } from './cluster.js';
import { BINDERS, closed, Labels, Name, Nullable, Port, Revision, Timestamp } from './common.js';
import { Connections, DrainProgress } from './drain.js';
import { Forwarding } from './forwarding.js';
import { RealServerSpec, RealServerSpecInput } from './real-server.js';
import { VirtualServiceSpec, VirtualServiceSpecInput } from './virtual-service.js';

export const STATES = ['applied', 'pending', 'refused', 'drifted'] as const;
export type State = (typeof STATES)[number];

const StateSchema = Type.Enum(STATES, {
  type: 'string',
  description:
    'applied: the kernel holds it. pending: stored, the kernel not reached yet. refused: the kernel refused it after it ' +
    'had been stored. drifted: somebody else changed it in the kernel, and the drift policy leaves that so.',
});

const DirectorState = Type.Object(
  {
    name: Name,
    state: StateSchema,
    observedRevision: Type.Integer({
      minimum: 0,
      description: 'The revision of this resource that this director last acted on; 0: none yet.',
    }),
    reason: Type.Optional(Type.String({ description: 'Stable code, when the state is not applied.' })),
    detail: Type.Optional(Type.String({ description: 'Why, and what happens next.' })),
  },
  closed,
);
export type DirectorState = Static<typeof DirectorState>;

const Warning = Type.Object({ reason: Type.String(), detail: Type.String() }, closed);

const commonStatus = {
  state: StateSchema,
  directors: Type.Array(DirectorState, { description: 'One entry for each director.' }),
  warnings: Type.Array(Warning, { description: 'Legal, but probably not what is wanted.' }),
};

export const ClusterStatus = Type.Object(commonStatus, {
  ...closed,
  $id: 'ClusterStatus',
  description: 'The worst state of everything in the cluster.',
});
export type ClusterStatus = Static<typeof ClusterStatus>;

const VipStatus = Type.Object(
  {
    address: Type.String(),
    interface: Nullable(
      Type.String({ description: 'The interface that has it; null: none, as far as is known.' }),
    ),
    boundBy: Nullable(
      Type.Enum(BINDERS, {
        type: 'string',
        description: 'lvsd: because the cluster has vip.interface. others: it was there. null: nobody.',
      }),
    ),
  },
  { ...closed, $id: 'VipStatus', description: 'Whether the director has the VIP, and who bound it.' },
);
export type VipStatus = Static<typeof VipStatus>;

export const VirtualServiceStatus = Type.Object(
  {
    ...commonStatus,
    vip: Nullable(VipStatus),
    key: Type.String({
      description: 'The frontend in the kernel.',
      examples: ['tcp/192.168.10.88:80', 'fwmark/ipv4/7'],
    }),
  },
  {
    ...closed,
    $id: 'VirtualServiceStatus',
    description: 'The worst state of the virtual service and its real servers.',
  },
);
export type VirtualServiceStatus = Static<typeof VirtualServiceStatus>;

export const RealServerStatus = Type.Object(
  {
    ...commonStatus,
    key: Type.String({
      description: 'The destination in the kernel.',
      examples: ['tcp/192.168.10.88:80->192.168.10.11:80'],
    }),
    effectivePort: Port,
    effectiveWeight: Type.Integer({
      minimum: 0,
      description: 'What the kernel is to have: 0 when draining.',
    }),
    effectiveForwarding: Forwarding,
    drain: Nullable(DrainProgress),
    connections: Type.Optional(Connections),
  },
  { ...closed, $id: 'RealServerStatus', description: 'What the kernel does with the real server.' },
);
export type RealServerStatus = Static<typeof RealServerStatus>;

/** Read-only members of every resource; a body may carry them (what GET gave can be sent back) and they are ignored. */
export const READ_ONLY_MEMBERS = [
  'project',
  'cluster',
  'virtualService',
  'status',
  'revision',
  'createTime',
  'updateTime',
] as const;

export function resource<P extends TProperties, S extends TSchema, T extends TSchema>(
  $id: string,
  description: string,
  { parents, spec, status }: { parents: P; spec: S; status: T },
) {
  return Type.Object(
    {
      name: Name,
      ...parents,
      labels: Labels,
      spec,
      status,
      revision: Revision,
      etag: Type.String({ description: 'Strong entity tag, quotes included, as in the ETag header.' }),
      createTime: Timestamp,
      updateTime: Timestamp,
    },
    { ...closed, $id, description },
  );
}

export const Cluster = resource('Cluster', 'Virtual services and their real servers, defined as one.', {
  parents: { project: Name },
  spec: ClusterSpec,
  status: ClusterStatus,
});
export type Cluster = Static<typeof Cluster>;

export const VirtualService = resource('VirtualService', 'What clients connect to.', {
  parents: { project: Name, cluster: Name },
  spec: VirtualServiceSpec,
  status: VirtualServiceStatus,
});
export type VirtualService = Static<typeof VirtualService>;

export const RealServer = resource('RealServer', 'A destination behind one virtual service.', {
  parents: { project: Name, cluster: Name, virtualService: Name },
  spec: RealServerSpec,
  status: RealServerStatus,
});
export type RealServer = Static<typeof RealServer>;

/** What a client sends: POST needs `name`; PUT may repeat it; `etag` is a precondition, as If-Match. */
export function resourceInput($id: string, spec: TSchema, specRequired: boolean) {
  return Type.Object(
    {
      name: Type.Optional(Name),
      labels: Type.Optional(Labels),
      spec: specRequired ? spec : Type.Optional(spec),
      etag: Type.Optional(
        Type.String({ description: 'When given, the write needs this entity tag (as If-Match).' }),
      ),
    },
    {
      ...closed,
      $id,
      description:
        'What a client may write. Read-only members of the resource (status, revision, …) are accepted and ignored, so ' +
        'that what GET answered can be sent back.',
    },
  );
}

export const ClusterInput = resourceInput('ClusterInput', ClusterSpecInput, false);
export const VirtualServiceInput = resourceInput('VirtualServiceInput', VirtualServiceSpecInput, true);
export const RealServerInput = resourceInput('RealServerInput', RealServerSpecInput, true);

/** The stored part of any resource, as audit events show it before and after a change. */
export interface Stored {
  readonly labels: Labels;
  readonly spec: unknown;
}
