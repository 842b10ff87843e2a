/** What each option does to a command line while it is read. */
import { familyOf, isFwmark, type Protocol } from '../../domain/keys.js';
import { TOOLS_PERSISTENCE_SECONDS } from '../numbers.js';
import { readDaemonOption } from './daemon-options.js';
import { Fault } from './fault.js';
import type { State } from './line.js';
import { ipv4, type Lookup, readMark, readPlace } from './lookup.js';
import { limited, readTimeout } from './numbers.js';
import { TUNNELS, type TunnelType } from './options.js';

const MAX_INT = 2 ** 31 - 1;

interface Given {
  /** Empty for an option without value. */
  readonly text: string;
  readonly value: string | null;
  readonly lookup: Lookup;
}

type Read = (state: State, given: Given) => void;

const READERS: Readonly<Record<string, Read>> = {
  'tcp-service': (state, given) => readService(state, 'tcp', given),
  'udp-service': (state, given) => readService(state, 'udp', given),
  'sctp-service': (state, given) => readService(state, 'sctp', given),
  'fwmark-service': (state, { text, lookup }) => {
    state.frontend = { fwmark: readMark(text, lookup), family: 'ipv4' };
  },
  ipv6: (state) => {
    if (!state.frontend || !isFwmark(state.frontend)) throw new Fault('-6 used before -f\n');
    state.frontend = { ...state.frontend, family: 'ipv6' };
    state.netmask = '128';
  },
  scheduler: (state, { text }) => {
    state.scheduler = text || 'wlc';
  },
  'sched-flags': (state, { text }) => {
    state.flags = text;
  },
  persistent: (state, { value }) => {
    state.persistentSeconds = value === null ? TOOLS_PERSISTENCE_SECONDS : readTimeout(value, 1);
  },
  netmask: readNetmask,
  pe: (state, { text }) => {
    state.engine = text;
  },
  ops: (state) => {
    state.onePacket = true;
  },
  'real-server': readBackend,
  gatewaying: (state) => {
    state.method = 'dr';
  },
  ipip: (state) => {
    state.method = 'tun';
  },
  masquerading: (state) => {
    state.method = 'nat';
  },
  weight: (state, { text }) => {
    state.weight = limited(text, [0, MAX_INT], 'illegal weight specified');
  },
  'u-threshold': (state, { text, lookup }) => {
    state.upperThreshold = limited(text, [0, mostOf(lookup)], 'illegal u_threshold specified');
  },
  'l-threshold': (state, { text, lookup }) => {
    state.lowerThreshold = limited(text, [0, mostOf(lookup)], 'illegal l_threshold specified');
  },
  'tun-type': (state, { text }) => {
    if (!Object.hasOwn(TUNNELS, text)) throw new Fault('illegal tunnel type specified');
    state.tunnel = { ...state.tunnel, type: text as TunnelType };
  },
  'tun-port': (state, { text }) => {
    state.tunnel = { ...state.tunnel, port: limited(text, [1, 65535], 'illegal tunnel port specified') };
  },
  'tun-nocsum': (state) => {
    state.tunnel = { ...state.tunnel, checksum: 'none' };
  },
  'tun-csum': (state) => {
    state.tunnel = { ...state.tunnel, checksum: 'csum' };
  },
  'tun-remcsum': (state) => {
    state.tunnel = { ...state.tunnel, checksum: 'remcsum' };
  },
};

/** Throws a Fault for a value that ipvsadm does not take. `name` is the long name. */
export function readOption(state: State, name: string, given: Omit<Given, 'text'>): void {
  const text = given.value ?? '';
  const read = READERS[name];
  if (read) read(state, { ...given, text });
  else state.daemon = { ...state.daemon, ...readDaemonOption(name, text) };
}

function readService(state: State, protocol: Protocol, { text, lookup }: Given): void {
  const found = readPlace(text, protocol, lookup);
  if (!found) throw new Fault('illegal virtual server address[:port] specified');
  state.frontend = { protocol, address: found.address, port: found.port ?? 0 };
  if (familyOf(state.frontend) === 'ipv6') state.netmask = '128';
}

function readBackend(state: State, { text, lookup }: Given): void {
  const { frontend } = state;
  const service = frontend && !isFwmark(frontend) ? frontend : null;
  const found = readPlace(text, frontend && isFwmark(frontend) ? 'tcp' : service?.protocol, lookup);
  if (!found) throw new Fault('illegal real server address[:port] specified');
  state.backend = { address: found.address, port: found.port ?? service?.port ?? 0 };
  state.backendPort = found.port ?? null;
}

function readNetmask(state: State, { text, lookup }: Given): void {
  if (state.frontend && familyOf(state.frontend) === 'ipv6') {
    const length = Number.parseInt(text, 10);
    if (!(length >= 1 && length <= 128)) throw new Fault('illegal ipv6 netmask specified');
    state.netmask = String(length);
    return;
  }
  const mask = ipv4(text) ?? lookup.host(text);
  if (mask === undefined) throw new Fault('illegal virtual server persistent mask specified');
  state.netmask = mask;
}

function mostOf({ isLenient }: Lookup): number {
  return isLenient ? 0xffffffff : MAX_INT;
}
