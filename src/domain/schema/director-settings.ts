/** Timeouts and connection synchronisation: the parts of a director's desired state that are not in its table. */
import Type, { type Static, type TSchema } from 'typebox';
import type { SyncDaemon as KernelDaemon, SyncDaemons as KernelDaemons } from '../director-operation.js';
import { Address, closed, inputOf, Name, Nullable, Revision } from './common.js';
import { DEFAULT_DRIFT_POLICY, type DriftPolicy } from './drift-policy.js';

/** As ipvsadm has it: 31 days. */
const TIMEOUT_MAX = 2_678_400;

function seconds(description: string) {
  return Type.Integer({ minimum: 1, maximum: TIMEOUT_MAX, description });
}

export const Timeouts = Type.Object(
  {
    tcpSeconds: seconds('TCP connections without packets (the kernel begins with 900).'),
    tcpFinSeconds: seconds('TCP connections after a FIN (120).'),
    udpSeconds: seconds('UDP packets without an answer or a successor (300).'),
  },
  {
    ...closed,
    $id: 'Timeouts',
    description: 'How long connections without packets are kept, as `ipvsadm --set` sets it.',
  },
);
export type Timeouts = Static<typeof Timeouts>;

export const SyncDaemon = Type.Object(
  {
    interface: Type.String({ minLength: 1, maxLength: 15, description: 'Network interface of the group.' }),
    syncId: Type.Integer({
      minimum: 0,
      maximum: 255,
      description: 'Masters and backups of one id belong together (default 0; a backup with 0 takes all).',
    }),
    group: { ...Address, description: 'Multicast address, IPv4 or IPv6 (default 224.0.0.81).' },
    port: Type.Integer({ minimum: 1, maximum: 65535, description: 'UDP port (default 8848).' }),
    ttl: Type.Integer({ minimum: 1, maximum: 255, description: 'Lifetime of the packets (default 1).' }),
    maxLength: Nullable(
      Type.Integer({
        minimum: 1,
        maximum: 65487,
        description: "Longest message in bytes; null, the default: the kernel's choice.",
      }),
    ),
  },
  { ...closed, $id: 'SyncDaemon', description: 'One thread that sends or takes connections.' },
);
export type SyncDaemon = Static<typeof SyncDaemon>;

const SyncDaemonInput = inputOf(SyncDaemon, {
  $id: 'SyncDaemonInput',
  description: 'One thread that sends or takes connections; only the interface has no default.',
  required: ['interface'],
});

function daemons($id: string, daemon: TSchema, required: boolean) {
  const field = (description: string) => {
    const nullable = { ...Nullable(daemon), description };
    return required ? nullable : Type.Optional(nullable);
  };
  return Type.Object(
    {
      master: field('Sends the connections of this director; null: does not run.'),
      backup: field('Takes those of others; null: does not run.'),
    },
    {
      ...closed,
      $id,
      description: 'The synchronisation of connections, as `ipvsadm --start-daemon` has it.',
    },
  );
}

export const SyncDaemons = daemons('SyncDaemons', SyncDaemon, true);
const SyncDaemonsInput = daemons('SyncDaemonsInput', SyncDaemonInput, false);
export type SyncDaemons = KernelDaemons;

const actualTimeouts = Type.Object(
  { tcpSeconds: Type.Integer(), tcpFinSeconds: Type.Integer(), udpSeconds: Type.Integer() },
  closed,
);

const STATES = ['applied', 'pending', 'refused', 'drifted', 'unmanaged'] as const;

/** `spec` null: lvsd leaves the kernel as it is. */
function setting($id: string, description: string, { spec, actual }: { spec: TSchema; actual: TSchema }) {
  return Type.Object(
    {
      director: Name,
      spec: { ...Nullable(spec), description: 'What the kernel is to have; null: not managed.' },
      status: Type.Object(
        {
          state: Type.Enum(STATES, {
            type: 'string',
            description:
              'applied: the kernel has it. pending: not yet. refused: the kernel refuses it now. drifted: somebody else ' +
              'changed it, and the drift policy leaves that. unmanaged: nothing is wanted.',
          }),
          actual: { ...Nullable(actual), description: 'What the kernel has now; null: it cannot be read.' },
          detail: Nullable(
            Type.String({ description: 'Why, when the state is pending, refused or drifted.' }),
          ),
        },
        closed,
      ),
      revision: Revision,
      etag: Type.String({ description: 'Strong entity tag of all settings of the director.' }),
    },
    { ...closed, $id, description },
  );
}

function settingInput($id: string, spec: TSchema) {
  return Type.Object(
    {
      spec: { ...Nullable(spec), description: 'What the kernel is to have; null: no longer managed.' },
      etag: Type.Optional(
        Type.String({ description: 'When given, the write needs this entity tag (as If-Match).' }),
      ),
    },
    {
      ...closed,
      $id,
      description:
        'Read-only members of the resource are accepted and ignored, so that what GET answered can be sent back.',
    },
  );
}

export const TimeoutSettings = setting('TimeoutSettings', 'Timeouts of a director.', {
  spec: Timeouts,
  actual: actualTimeouts,
});
export const TimeoutSettingsInput = settingInput('TimeoutSettingsInput', Timeouts);
export const SyncDaemonSettings = setting('SyncDaemonSettings', 'Synchronisation of a director.', {
  spec: SyncDaemons,
  actual: SyncDaemons,
});
export const SyncDaemonSettingsInput = settingInput('SyncDaemonSettingsInput', SyncDaemonsInput);

/** The sections that the kernel has a side of. A null section is not managed. */
export interface KernelSections {
  readonly timeouts: Timeouts | null;
  readonly syncDaemons: SyncDaemons | null;
}
export type Section = keyof KernelSections;

/** What the store keeps of a director. */
export interface DirectorSpec extends KernelSections {
  readonly driftPolicy: DriftPolicy;
}

export const NOTHING_MANAGED: DirectorSpec = {
  timeouts: null,
  syncDaemons: null,
  driftPolicy: DEFAULT_DRIFT_POLICY,
};

/** What callers see of one section. */
export interface Setting<S extends Section> {
  readonly director: string;
  readonly spec: KernelSections[S];
  readonly status: {
    readonly state: (typeof STATES)[number];
    readonly actual: KernelSections[S];
    readonly detail: string | null;
  };
  readonly revision: number;
  readonly etag: string;
}

type GivenDaemon = Pick<KernelDaemon, 'interface'> & Partial<KernelDaemon>;

/** Fills in the defaults of a valid input. */
export function normaliseSyncDaemons(given: {
  readonly master?: GivenDaemon | null;
  readonly backup?: GivenDaemon | null;
}): SyncDaemons {
  return { master: normaliseDaemon(given.master), backup: normaliseDaemon(given.backup) };
}

function normaliseDaemon(given: GivenDaemon | null | undefined): KernelDaemon | null {
  if (!given) return null;
  return { syncId: 0, group: '224.0.0.81', port: 8848, ttl: 1, maxLength: null, ...given };
}
