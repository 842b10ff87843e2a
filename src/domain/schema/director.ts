import Type, { type Static } from 'typebox';
import { KERNEL_METHODS } from '../table.js';
import { KernelOperation } from './audit-event.js';
import { BINDERS, closed, Name, Nullable, Timestamp } from './common.js';

const Capabilities = Type.Object(
  {
    ipv6: Type.Boolean(),
    sctp: Type.Boolean(),
    fullnat: Type.Boolean({ description: 'Source NAT of fullnat.' }),
    fullnatMissing: Nullable(
      Type.String({ description: 'Why there is no fullnat, with the remedy; null: there is.' }),
    ),
    vipBinding: Type.Boolean({ description: 'lvsd can bind VIPs to an interface.' }),
    vipBindingMissing: Nullable(
      Type.String({ description: 'Why it cannot, with the remedy; null: it can.' }),
    ),
    schedulers: Nullable(
      Type.Array(Type.String(), { description: 'Available schedulers; null: not known beforehand.' }),
    ),
    persistenceEngines: Nullable(Type.Array(Type.String())),
    tunnelTypes: Type.Array(Type.String()),
  },
  closed,
);

export const Reconciliation = Type.Object(
  {
    time: Timestamp,
    trigger: Type.Enum(['start', 'interval', 'request', 'retry'], { type: 'string' }),
    outcome: Type.Enum(['clean', 'repaired', 'reported', 'held', 'refused', 'unavailable'], {
      type: 'string',
      description:
        'clean: nothing to do. repaired: differences were removed. reported: differences were left, as the drift ' +
        'policy says. held: too many for a pass that nobody requested, so they were left. refused: the kernel refused ' +
        'some. unavailable: the kernel could not be reached.',
    }),
    durationMs: Type.Number({ minimum: 0 }),
    drift: Type.Integer({ minimum: 0, description: 'Differences found.' }),
    operations: Type.Integer({ minimum: 0, description: 'Kernel operations carried out.' }),
    refused: Type.Integer({ minimum: 0 }),
    detail: Nullable(Type.String()),
  },
  { ...closed, $id: 'Reconciliation', description: 'One pass that made the kernel equal to the definition.' },
);
export type Reconciliation = Static<typeof Reconciliation>;

export const Director = Type.Object(
  {
    name: Name,
    driver: Type.Enum(['netlink', 'memory'], {
      type: 'string',
      description: 'memory: a model of the kernel; no packet is balanced.',
    }),
    driverReason: Type.String({ description: 'Why this driver was chosen.' }),
    reachable: Type.Boolean(),
    kernelRelease: Nullable(Type.String()),
    ipvsVersion: Nullable(Type.String()),
    connectionTableSize: Nullable(Type.Integer()),
    capabilities: Nullable(Capabilities),
    intervalSeconds: Type.Number({ description: 'Time between two passes.' }),
    lastReconciliation: Nullable(Reconciliation),
    managedEntries: Type.Integer({ minimum: 0 }),
    foreignEntries: Nullable(
      Type.Integer({
        minimum: 0,
        description: 'Kernel entries of others: as the last pass counted them, without those adopted since.',
      }),
    ),
    driftCount: Nullable(
      Type.Integer({ minimum: 0, description: 'Differences that the last pass could not remove.' }),
    ),
  },
  { ...closed, $id: 'Director', description: 'A host whose kernel runs IPVS.' },
);
export type Director = Static<typeof Director>;

const Counter = Type.String({
  pattern: '^[0-9]+$',
  description: 'As text: 64 bits do not fit a JSON number.',
});

export const Stats = Type.Object(
  {
    connections: Counter,
    inPackets: Counter,
    outPackets: Counter,
    inBytes: Counter,
    outBytes: Counter,
    connectionRate: Counter,
    inPacketRate: Counter,
    outPacketRate: Counter,
    inByteRate: Counter,
    outByteRate: Counter,
  },
  { ...closed, $id: 'Stats', description: 'Totals since the last zeroing, and rates per second.' },
);

const tableCommon = {
  key: Type.String(),
  managed: Type.Boolean({ description: 'false: foreign; shown, never touched.' }),
  resource: Nullable(Type.String({ description: 'Path of the resource that owns a managed entry.' })),
  stats: Type.Optional(Stats),
};

export const TableDestination = Type.Object(
  {
    ...tableCommon,
    address: Type.String(),
    port: Type.Integer(),
    method: Type.Enum(KERNEL_METHODS, {
      type: 'string',
      description:
        'method-5 to method-7: numbers that have no meaning, and that the kernel keeps all the same.',
    }),
    weight: Type.Integer(),
    upperThreshold: Type.Integer(),
    lowerThreshold: Type.Integer(),
    tunnel: Nullable(
      Type.Object({ type: Type.String(), port: Type.Integer(), checksum: Type.String() }, closed),
    ),
    activeConnections: Type.Integer(),
    inactiveConnections: Type.Integer(),
    persistentConnections: Type.Integer(),
  },
  closed,
);

export type TableDestination = Static<typeof TableDestination>;

export const TableService = Type.Object(
  {
    ...tableCommon,
    protocol: Type.Optional(Type.String()),
    address: Type.Optional(Type.String()),
    port: Type.Optional(Type.Integer()),
    fwmark: Type.Optional(Type.Integer()),
    family: Type.Enum(['ipv4', 'ipv6'], { type: 'string' }),
    scheduler: Type.String(),
    schedulerFlags: Type.Array(Type.String()),
    onePacket: Type.Boolean(),
    persistence: Nullable(
      Type.Object(
        { timeoutSeconds: Type.Integer(), netmask: Type.String(), engine: Nullable(Type.String()) },
        closed,
      ),
    ),
    destinations: Type.Array(TableDestination),
  },
  closed,
);
export type TableService = Static<typeof TableService>;

const { stats: _, ...hostCommon } = tableCommon;

export const TableAddress = Type.Object(
  {
    ...hostCommon,
    address: Type.String(),
    interface: Type.String(),
    prefixLength: Type.Integer(),
    boundBy: Type.Enum(BINDERS, {
      type: 'string',
      description: 'lvsd: it carries its mark. others: it is used as a VIP, never changed or removed.',
    }),
  },
  closed,
);
export type TableAddress = Static<typeof TableAddress>;

export const TableSnat = Type.Object(
  {
    ...hostCommon,
    addresses: Nullable(
      Type.Array(Type.String(), {
        description: 'Source addresses; null: the address that the route to the real server uses.',
      }),
    ),
  },
  closed,
);
export type TableSnat = Static<typeof TableSnat>;

export const KernelTable = Type.Object(
  {
    director: Name,
    readTime: Timestamp,
    services: Type.Array(TableService),
    addresses: Type.Array(TableAddress, {
      description: 'Addresses of the director that are VIPs, or that lvsd bound.',
    }),
    snat: Type.Array(TableSnat, { description: 'Source NAT of fullnat virtual services.' }),
  },
  {
    ...closed,
    $id: 'KernelTable',
    description:
      "The kernel's table as it is now, managed and foreign, and what the director has around it to make it work.",
  },
);
export type KernelTable = Static<typeof KernelTable>;

export const Drift = Type.Object(
  {
    director: Name,
    readTime: Timestamp,
    differences: Type.Array(
      Type.Object(
        {
          type: Type.Enum(['missing', 'different', 'unwanted'], {
            type: 'string',
            description:
              'missing from the kernel; there with other attributes; there although it was removed.',
          }),
          key: Type.String(),
          resource: Type.String(),
          desired: Nullable(Type.Record(Type.String(), Type.Unknown())),
          actual: Nullable(Type.Record(Type.String(), Type.Unknown())),
        },
        closed,
      ),
    ),
    foreign: Type.Array(Type.String(), { description: 'Keys of entries made by others.' }),
    operations: Type.Array(KernelOperation, { description: 'What a requested reconciliation would do now.' }),
  },
  {
    ...closed,
    $id: 'Drift',
    description: 'Where the kernel differs from the definition and from the settings of the director, now.',
  },
);
export type Drift = Static<typeof Drift>;
