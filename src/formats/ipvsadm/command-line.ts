/**
 * A command line of ipvsadm 1.31: read from left to right, checked in ipvsadm's order, refused in ipvsadm's words. What an
 * option means can depend on those before it (`-r` takes over the port of a service that is already named).
 */
import { type Backend, type Frontend, familyOf, familyOfAddress, isFwmark } from '../../domain/keys.js';
import { MAX_PERSISTENCE_SECONDS, TOOLS_PERSISTENCE_SECONDS } from '../numbers.js';
import { checkOptions, checkTunnel } from './checks.js';
import { type DaemonOptions, readDaemonOption } from './daemon-options.js';
import { Fault, notUnderstood } from './fault.js';
import { ipv4, type Lookup, readMark, readPlace } from './lookup.js';
import { limited } from './numbers.js';
import {
  COMMANDS,
  type CommandName,
  type OptionSpec,
  type Slot,
  TUNNELS,
  type TunnelType,
} from './options.js';
import { readWords } from './popt.js';
import { readSchedulerFlags, type SchedulerFlagNumber } from './scheduler-flags.js';

export interface CommandLine {
  readonly command: CommandName;
  readonly given: ReadonlySet<Slot>;
  readonly frontend: Frontend | null;
  readonly scheduler: string;
  readonly schedulerFlags: readonly SchedulerFlagNumber[];
  /** Seconds; null: not persistent. */
  readonly persistentSeconds: number | null;
  /** Dotted, or the length of an IPv6 prefix. */
  readonly netmask: string;
  readonly engine: string | null;
  readonly onePacket: boolean;
  readonly backend: Backend | null;
  /** The port that `-r` has; null: none. With direct routing and tunnels the backend has the service's all the same. */
  readonly backendPort: number | null;
  readonly method: 'nat' | 'dr' | 'tun';
  readonly tunnel: {
    readonly type: TunnelType;
    readonly port: number | null;
    readonly checksum: 'none' | 'csum' | 'remcsum';
  };
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly daemon: DaemonOptions;
  /** `--set`: tcp, tcpfin, udp. */
  readonly timeouts: readonly [number, number, number] | null;
}

type State = { -readonly [Name in keyof CommandLine]: CommandLine[Name] } & {
  given: Set<Slot>;
  flags: string;
};

const MAX_INT = 2 ** 31 - 1;

/** Throws a Fault for what ipvsadm refuses before it asks the kernel. */
export function readCommandLine(words: readonly string[], lookup: Lookup): CommandLine {
  const { occurrences, rest, error } = readWords(words);
  const [first, ...others] = occurrences;
  if (!first?.command) throw notUnderstood();
  const state = initialState(first.command);
  if (state.command === 'help' || state.command === 'version') return state;
  if (first.value !== null) state.daemon.state = readDaemonState(state.command, first.value);
  for (const { option, value, word } of others) {
    if (!option) throw new Fault(`invalid option \`${word}'`);
    take(state, option);
    apply(state, { name: option.long, value, lookup });
  }
  if (error !== null) throw new Fault(error, { status: 255, isFinal: false });
  readRest(state, rest);
  state.schedulerFlags = readSchedulerFlags(state.flags, state.scheduler);
  checkOptions(COMMANDS[state.command], state.given);
  settle(state);
  return state;
}

function initialState(command: CommandName): State {
  return {
    command,
    given: new Set(),
    frontend: null,
    scheduler: 'wlc',
    schedulerFlags: [],
    flags: '',
    persistentSeconds: null,
    netmask: '255.255.255.255',
    engine: null,
    onePacket: false,
    backend: null,
    backendPort: null,
    method: 'dr',
    tunnel: { type: 'ipip', port: null, checksum: 'none' },
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    daemon: { state: 'master', interface: 'eth0' },
    timeouts: null,
  };
}

function readDaemonState(command: CommandName, text: string): 'master' | 'backup' {
  if (text === 'master' || text === 'backup') return text;
  const parameter = command === 'start-daemon' ? 'start-daemon parameter' : 'start_daemon';
  throw new Fault(`illegal ${parameter} specified`);
}

function take({ given }: State, { slot }: OptionSpec): void {
  if (slot === null) return;
  if (given.has(slot)) throw new Fault(`multiple '${slot}' options specified`);
  given.add(slot);
}

interface Given {
  readonly name: string;
  readonly value: string | null;
  readonly lookup: Lookup;
}

const PROTOCOLS = { 'tcp-service': 'tcp', 'udp-service': 'udp', 'sctp-service': 'sctp' } as const;
const METHODS = { gatewaying: 'dr', ipip: 'tun', masquerading: 'nat' } as const;
const CHECKSUMS = { 'tun-nocsum': 'none', 'tun-csum': 'csum', 'tun-remcsum': 'remcsum' } as const;

function apply(state: State, { name, value, lookup }: Given): void {
  const text = value ?? '';
  switch (name) {
    case 'tcp-service':
    case 'udp-service':
    case 'sctp-service': {
      const protocol = PROTOCOLS[name];
      const found = readPlace(text, protocol, lookup);
      if (!found) throw new Fault('illegal virtual server address[:port] specified');
      state.frontend = { protocol, address: found.address, port: found.port ?? 0 };
      if (familyOf(state.frontend) === 'ipv6') state.netmask = '128';
      return;
    }
    case 'fwmark-service':
      state.frontend = { fwmark: readMark(text, lookup), family: 'ipv4' };
      return;
    case 'ipv6':
      if (!state.frontend || !isFwmark(state.frontend)) throw new Fault('-6 used before -f\n');
      state.frontend = { ...state.frontend, family: 'ipv6' };
      state.netmask = '128';
      return;
    case 'real-server':
      readBackend(state, text, lookup);
      return;
    case 'scheduler':
      state.scheduler = text || 'wlc';
      return;
    case 'sched-flags':
      state.flags = text;
      return;
    case 'persistent':
      state.persistentSeconds = value === null ? TOOLS_PERSISTENCE_SECONDS : readTimeout(value, 1);
      return;
    case 'netmask':
      state.netmask = readNetmask(text, state.frontend, lookup);
      return;
    case 'pe':
      state.engine = text;
      return;
    case 'ops':
      state.onePacket = true;
      return;
    case 'gatewaying':
    case 'ipip':
    case 'masquerading':
      state.method = METHODS[name];
      return;
    case 'weight':
      state.weight = limited(text, [0, MAX_INT], 'illegal weight specified');
      return;
    case 'u-threshold':
      state.upperThreshold = limited(text, [0, mostOf(lookup)], 'illegal u_threshold specified');
      return;
    case 'l-threshold':
      state.lowerThreshold = limited(text, [0, mostOf(lookup)], 'illegal l_threshold specified');
      return;
    case 'tun-type':
      state.tunnel = { ...state.tunnel, type: readTunnelType(text) };
      return;
    case 'tun-port':
      state.tunnel = { ...state.tunnel, port: limited(text, [1, 65535], 'illegal tunnel port specified') };
      return;
    case 'tun-nocsum':
    case 'tun-csum':
    case 'tun-remcsum':
      state.tunnel = { ...state.tunnel, checksum: CHECKSUMS[name] };
      return;
    default:
      state.daemon = { ...state.daemon, ...readDaemonOption(name, text) };
  }
}

function readBackend(state: State, text: string, lookup: Lookup): void {
  const { frontend } = state;
  const service = frontend && !isFwmark(frontend) ? frontend : null;
  const found = readPlace(text, frontend && isFwmark(frontend) ? 'tcp' : service?.protocol, lookup);
  if (!found) throw new Fault('illegal real server address[:port] specified');
  state.backend = { address: found.address, port: found.port ?? service?.port ?? 0 };
  state.backendPort = found.port ?? null;
}

function readNetmask(text: string, frontend: Frontend | null, lookup: Lookup): string {
  if (frontend && familyOf(frontend) === 'ipv6') {
    const length = Number.parseInt(text, 10);
    if (length >= 1 && length <= 128) return String(length);
    throw new Fault('illegal ipv6 netmask specified');
  }
  const mask = ipv4(text) ?? lookup.host(text);
  if (mask === undefined) throw new Fault('illegal virtual server persistent mask specified');
  return mask;
}

function mostOf({ isLenient }: Lookup): number {
  return isLenient ? 0xffffffff : MAX_INT;
}

function readTunnelType(text: string): TunnelType {
  if (Object.hasOwn(TUNNELS, text)) return text as TunnelType;
  throw new Fault('illegal tunnel type specified');
}

function readTimeout(text: string, min: number): number {
  return limited(text, [min, MAX_PERSISTENCE_SECONDS], `invalid timeout value \`${text}' specified`);
}

function readRest(state: State, rest: readonly string[]): void {
  let superfluous = rest;
  if (state.command === 'set') {
    const [tcp, tcpFin, udp, ...more] = rest;
    if (tcp === undefined || tcpFin === undefined || udp === undefined)
      throw new Fault('--set option requires 3 timeout values');
    state.timeouts = [readTimeout(tcp, 0), readTimeout(tcpFin, 0), readTimeout(udp, 0)];
    superfluous = more;
  }
  if (superfluous[0] !== undefined) throw new Fault(`unexpected argument ${superfluous[0]}`);
}

/** What ipvsadm checks and corrects once all options are known. */
function settle(state: State): void {
  const { command, frontend, backend, method, given } = state;
  const service = frontend && !isFwmark(frontend) ? frontend : null;
  if (command === 'add-service' || command === 'edit-service') {
    if (service?.port === 0 && state.persistentSeconds === null)
      throw new Fault('Zero port specified for non-persistent service');
    if (service && service.protocol !== 'udp' && state.onePacket)
      throw new Fault('One-Packet Scheduling is only for UDP virtual services');
  }
  if ((command === 'add-server' || command === 'edit-server') && frontend && backend) {
    if (service && method !== 'nat') state.backend = { ...backend, port: service.port };
    if (familyOf(frontend) !== familyOfAddress(backend.address) && method !== 'tun')
      throw new Fault('Different address family is allowed only for tunneling servers');
    checkTunnel(state.tunnel.type, method, given);
  }
  if (command === 'list' && isListConflict(given)) throw new Fault('options conflicts in the list command');
}

function isListConflict(given: ReadonlySet<Slot>): boolean {
  const has = (...slots: Slot[]) => slots.some((slot) => given.has(slot));
  const isOther = has('timeout', 'daemon');
  return (
    ((isOther || has('connection')) && has('stats', 'rate', 'thresholds')) ||
    (isOther && has('persistent-conn'))
  );
}
