import Type, { type Static } from 'typebox';
import { closed, Nullable, Revision, Timestamp } from './common.js';

export const EVENT_KINDS = ['change', 'apply', 'refused', 'drift', 'drain', 'auth'] as const;
/** What became of it, by kind: what an auditor asks first. */
export const OUTCOMES = {
  /** It was done, or seen. */
  done: ['change', 'apply', 'drift', 'drain'],
  /** The kernel would not. */
  refused: ['refused'],
  /** The caller was turned away. */
  denied: ['auth'],
} as const satisfies Record<string, readonly (typeof EVENT_KINDS)[number][]>;
export type Outcome = keyof typeof OUTCOMES;

export const TRANSPORTS = ['rest', 'grpc', 'system', 'cli'] as const;

export const Actor = Type.Object(
  {
    principal: Type.String({
      description: 'Who; "system" for lvsd itself.',
      examples: ['admin', 'ci', 'system'],
    }),
    credentialId: Nullable(Type.String({ description: 'The token or other credential, never its secret.' })),
    roles: Type.Array(Type.String()),
  },
  { ...closed, $id: 'Actor', description: 'Who did it.' },
);
export type Actor = Static<typeof Actor>;

export const KernelOperation = Type.Object(
  {
    command: Type.String({
      description:
        'IPVS_CMD_* of linux/ip_vs.h; NEW_, SET_ and DEL_ADDRESS and _SNAT outside the IPVS table.',
      examples: ['NEW_SERVICE', 'SET_DEST'],
    }),
    key: Type.String({ description: 'The entry.', examples: ['tcp/192.168.10.88:80->192.168.10.11:80'] }),
    config: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'The attributes, for new and set.' }),
    ),
    errno: Nullable(Type.Integer({ description: "The kernel's answer; null: done." })),
    errnoName: Nullable(Type.String({ examples: ['EINVAL'] })),
  },
  { ...closed, $id: 'KernelOperation', description: 'One netlink command and what the kernel answered.' },
);
export type KernelOperation = Static<typeof KernelOperation>;

const Snapshot = Nullable(
  Type.Record(Type.String(), Type.Unknown(), { description: 'Labels and spec, or kernel attributes.' }),
);

export const AuditEvent = Type.Object(
  {
    id: Revision,
    time: Timestamp,
    kind: Type.Enum(EVENT_KINDS, {
      type: 'string',
      description:
        "change: what somebody wanted. apply: what a director's kernel did. refused: what the kernel would not do. " +
        'drift: what the kernel had that nobody wanted. drain: a drain has ended. auth: a call that was turned away.',
    }),
    actor: Actor,
    transport: Type.Enum(TRANSPORTS, { type: 'string' }),
    sourceAddress: Nullable(Type.String()),
    requestId: Type.String(),
    reason: Nullable(Type.String({ description: "The caller's X-Audit-Reason (gRPC: reason)." })),
    action: Type.String({
      description: 'The operation, as in operationId.',
      examples: ['createVirtualService', 'reconcile'],
    }),
    resource: Type.String({
      description: 'Path without /v1/.',
      examples: ['projects/default/clusters/shop/virtual-services/http'],
    }),
    director: Nullable(Type.String({ description: 'For apply, refused and drift.' })),
    before: Snapshot,
    after: Snapshot,
    operations: Type.Array(KernelOperation, { description: 'For apply and refused.' }),
    durationMicros: Nullable(
      Type.Integer({ description: 'How long the kernel took, for apply and refused.' }),
    ),
    detail: Nullable(Type.String({ description: 'A sentence, where the fields do not say it all.' })),
    previousHash: Type.String({ description: 'Hash of the event before; 64 zeros for the first.' }),
    hash: Type.String({
      description: 'SHA-256 (hex) of the canonical JSON (RFC 8785) of all other fields of this event.',
    }),
  },
  { ...closed, $id: 'AuditEvent', description: 'One link of the audit chain.' },
);
export type AuditEvent = Static<typeof AuditEvent>;

export const Integrity = Type.Object(
  {
    intact: Type.Boolean(),
    events: Type.Integer({ minimum: 0, description: 'How many were checked.' }),
    lastId: Type.Integer({ minimum: 0 }),
    lastHash: Type.String({
      description: 'Keep it elsewhere: a later chain that does not contain it was rewritten.',
    }),
    archivedThrough: Type.Integer({
      minimum: 0,
      description:
        'Events up to this one are in archive files, and the chain was checked from there on; 0: none.',
    }),
    brokenAt: Nullable(Type.Integer({ description: 'The first event that does not fit the chain.' })),
    detail: Nullable(Type.String()),
  },
  { ...closed, $id: 'Integrity', description: 'Whether the audit chain is whole.' },
);
export type Integrity = Static<typeof Integrity>;
