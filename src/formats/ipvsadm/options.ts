/**
 * The options of ipvsadm 1.31, and which of them go with which command. Options that exclude each other share a slot: its
 * name is what ipvsadm calls them by in its messages.
 */

/** In the order in which ipvsadm checks them. */
export const SLOTS = [
  'numeric', 'connection', 'service-address', 'scheduler', 'persistent', 'netmask', 'real-server', 'forwarding-method',
  'weight', 'u-threshold', 'l-threshold', 'mcast-interface', 'timeout', 'daemon', 'stats', 'rate', 'thresholds',
  'persistent-conn', 'nosort', 'syncid', 'exact', 'ops', 'pe', 'sched-flags', 'mcast-group', 'mcast-port', 'mcast-ttl',
  'sync-maxlen', 'tun-info', 'tun-type', 'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum',
] as const; // biome-ignore format: a list to read
export type Slot = (typeof SLOTS)[number];

export interface OptionSpec {
  readonly long: string;
  readonly short: readonly string[];
  readonly value: 'none' | 'required' | 'optional';
  /** Null: may be given again, and goes with every command. */
  readonly slot: Slot | null;
}

function option(long: string, short: string | null, value: OptionSpec['value'], slot = long as Slot | null) {
  return { long, short: short === null ? [] : [short], value, slot };
}

export const OPTIONS: readonly OptionSpec[] = [
  option('tcp-service', 't', 'required', 'service-address'),
  option('udp-service', 'u', 'required', 'service-address'),
  option('sctp-service', null, 'required', 'service-address'),
  option('fwmark-service', 'f', 'required', 'service-address'),
  option('ipv6', '6', 'none', null),
  option('scheduler', 's', 'required'),
  option('pe', null, 'required'),
  option('persistent', 'p', 'optional'),
  option('netmask', 'M', 'required'),
  option('real-server', 'r', 'required'),
  option('gatewaying', 'g', 'none', 'forwarding-method'),
  option('ipip', 'i', 'none', 'forwarding-method'),
  option('masquerading', 'm', 'none', 'forwarding-method'),
  option('tun-type', null, 'required'),
  option('tun-port', null, 'required'),
  option('tun-nocsum', null, 'none'),
  option('tun-csum', null, 'none'),
  option('tun-remcsum', null, 'none'),
  option('weight', 'w', 'required'),
  option('u-threshold', 'x', 'required'),
  option('l-threshold', 'y', 'required'),
  option('connection', 'c', 'none'),
  option('timeout', null, 'none'),
  option('daemon', null, 'none'),
  option('stats', null, 'none'),
  option('rate', null, 'none'),
  option('exact', 'X', 'none'),
  option('thresholds', null, 'none'),
  option('persistent-conn', null, 'none'),
  option('tun-info', null, 'none'),
  option('nosort', null, 'none'),
  option('sort', null, 'none', null),
  option('ops', 'o', 'none'),
  option('numeric', 'n', 'none'),
  option('sched-flags', 'b', 'required'),
  option('syncid', null, 'required'),
  option('sync-maxlen', null, 'required'),
  option('mcast-interface', null, 'required'),
  option('mcast-group', null, 'required'),
  option('mcast-port', null, 'required'),
  option('mcast-ttl', null, 'required'),
];

export interface CommandSpec {
  readonly long: string;
  readonly short: readonly string[];
  readonly value: 'none' | 'required';
  /** As ipvsadm calls it in messages. */
  readonly name: string;
  readonly needs: readonly Slot[];
  readonly allows: readonly Slot[];
  /** At most one of these. */
  readonly oneOf: readonly Slot[];
}

interface Slots {
  readonly needs?: readonly Slot[];
  readonly allows?: readonly Slot[];
  readonly oneOf?: readonly Slot[];
}

const SERVICE: readonly Slot[] = ['scheduler', 'persistent', 'netmask', 'ops', 'pe', 'sched-flags'];
const SERVER: readonly Slot[] = [
  ...(['forwarding-method', 'weight', 'u-threshold', 'l-threshold'] as const),
  ...(['tun-type', 'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'] as const),
];
const VIEWS: readonly Slot[] = [
  ...(['numeric', 'stats', 'rate', 'thresholds', 'persistent-conn', 'nosort', 'exact', 'tun-info'] as const),
];
const DAEMON: readonly Slot[] = [
  ...(['mcast-interface', 'syncid', 'mcast-group', 'mcast-port', 'mcast-ttl', 'sync-maxlen'] as const),
];

export const COMMANDS = {
  'add-service': command('add-service', ['A'], { needs: ['service-address'], allows: SERVICE }),
  'edit-service': command('edit-service', ['E'], { needs: ['service-address'], allows: SERVICE }),
  'delete-service': command('delete-service', ['D'], { needs: ['service-address'] }),
  clear: { ...command('clear', ['C'], {}), name: 'flush' },
  restore: command('restore', ['R'], {}),
  save: command('save', ['S'], { allows: ['numeric'] }),
  'add-server': command('add-server', ['a'], { needs: ['service-address', 'real-server'], allows: SERVER }),
  'edit-server': command('edit-server', ['e'], { needs: ['service-address', 'real-server'], allows: SERVER }),
  'delete-server': command('delete-server', ['d'], { needs: ['service-address', 'real-server'] }),
  list: command('list', ['L', 'l'], {
    allows: VIEWS,
    oneOf: ['connection', 'service-address', 'timeout', 'daemon'],
  }),
  zero: command('zero', ['Z'], { allows: ['service-address'] }),
  set: command('set', [], {}),
  'start-daemon': { ...command('start-daemon', [], { allows: DAEMON }), value: 'required' },
  'stop-daemon': { ...command('stop-daemon', [], { allows: ['syncid'] }), value: 'required' },
  help: command('help', ['h'], {}),
  version: command('version', ['v'], {}),
} as const satisfies Record<string, CommandSpec>;
export type CommandName = keyof typeof COMMANDS;

function command(
  long: string,
  short: readonly string[],
  { needs = [], allows = [], oneOf = [] }: Slots,
): Omit<CommandSpec, 'value'> & { readonly value: 'none' } {
  return { long, short, value: 'none', name: long, needs, allows, oneOf };
}

/** Of an option and the tunnel types: which is needed, which are allowed. */
export const TUNNELS = {
  ipip: { needs: [], oneOf: [] },
  gue: { needs: ['tun-port'], oneOf: ['tun-nocsum', 'tun-csum', 'tun-remcsum'] },
  gre: { needs: [], oneOf: ['tun-nocsum', 'tun-csum'] },
} as const satisfies Record<string, { readonly needs: readonly Slot[]; readonly oneOf: readonly Slot[] }>;
export type TunnelType = keyof typeof TUNNELS;
