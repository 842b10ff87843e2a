/** `virtual_server ADDRESS [PORT] | fwmark MARK | group NAME { … }`, as check_parser.c reads its block: in order. */
import { canonicalAddress } from '../../domain/address.js';
import { type Family, familyOfAddress, type Protocol } from '../../domain/keys.js';
import { schedulerFlag } from '../../domain/scheduler-flags.js';
import type { ForwardingInput } from '../../domain/schema/forwarding.js';
import { PERSISTENCE_ENGINES, SCHEDULERS } from '../../domain/schema/virtual-service.js';
import type { Ledger } from '../ledger.js';
import { MAX_PERSISTENCE_SECONDS, parsePort, parseUnsigned, TOOLS_PERSISTENCE_SECONDS } from '../numbers.js';
import type { Directive } from '../result.js';
import { readForwarding } from './forwarding.js';
import { SORRY_SERVER, VIRTUAL_SERVER_KEYWORDS } from './keywords.js';
import { readGranularity } from './persistence.js';
import { type Keyword, numberInto, readBlock } from './reader.js';
import { type RealServer, readRealServer } from './real-server.js';

export type Target =
  | { readonly kind: 'address'; readonly address: string; readonly port: number }
  | { readonly kind: 'fwmark'; readonly fwmark: number }
  | { readonly kind: 'group'; readonly name: string };

export interface VirtualServer {
  readonly from: Directive;
  readonly target: Target;
  readonly servers: RealServer[];
  /** IP_VS_SVC_F_SCHED1…3 and where they were set. */
  readonly flags: Map<'flag-1' | 'flag-2' | 'flag-3', Directive>;
  family: Family | undefined;
  scheduler: (typeof SCHEDULERS)[number] | undefined;
  onePacket: Directive | undefined;
  forwarding: ForwardingInput | undefined;
  timeoutSeconds: number | undefined;
  prefixLength: number | undefined;
  engine: Directive | undefined;
  protocol: Protocol | undefined;
  weight: number;
  /** Decides the family of a firewall mark whose real servers do not. */
  sorryFamily: Family | undefined;
}

const MAX_U32 = 0xffffffff;
const FAMILIES: Readonly<Record<string, Family>> = { inet: 'ipv4', inet6: 'ipv6' };
const PROTOCOLS: Readonly<Record<string, Protocol>> = { tcp: 'tcp', udp: 'udp', sctp: 'sctp' };

const KEYWORDS: ReadonlyMap<string, Keyword<VirtualServer>> = new Map<string, Keyword<VirtualServer>>([
  ['ip_family', { values: 1, handle: setFamily }],
  ['lb_algo', { values: 1, handle: setScheduler }],
  ['lvs_sched', { values: 1, handle: setScheduler }],
  ['lb_kind', { handle: setForwarding }],
  ['lvs_method', { handle: setForwarding }],
  ['persistence_timeout', { values: 1, handle: setTimeoutSeconds }],
  ['persistence_granularity', { values: 1, handle: readGranularity }],
  ['persistence_engine', { values: 1, handle: setEngine }],
  ['protocol', { values: 1, handle: setProtocol }],
  ['weight', numberInto<VirtualServer>(1, 65535, (server, value) => { server.weight = value; })],
  ['real_server', { values: 2, hasBlock: true, handle: readRealServer }],
  ['sorry_server', { values: 2, handle: noteSorryServer }],
  ['ops', { values: 0, handle: setOnePacket }],
  ...['flag-1', 'flag-2', 'flag-3', 'sh-port', 'sh-fallback', 'mh-port', 'mh-fallback'].map(
    (word): [string, Keyword<VirtualServer>] => [word, { values: 0, handle: setFlag }],
  ),
]); // biome-ignore format: a table to read

/** The virtual server, or undefined when its first line says nothing; the reason is in the ledger then. */
export function readVirtualServer(from: Directive, ledger: Ledger): VirtualServer | undefined {
  const target = readTarget(from.words);
  if (typeof target === 'string' || from.block === null) {
    ledger.name(
      from,
      'error',
      typeof target === 'string' ? target : 'The block of this virtual server is missing.',
    );
    return undefined;
  }
  const server: VirtualServer = {
    from,
    target,
    servers: [],
    flags: new Map(),
    family: target.kind === 'address' ? familyOfAddress(target.address) : undefined,
    scheduler: undefined,
    onePacket: undefined,
    forwarding: undefined,
    timeoutSeconds: undefined,
    prefixLength: undefined,
    engine: undefined,
    protocol: undefined,
    weight: 1,
    sorryFamily: undefined,
  };
  ledger.take(from);
  if (from.words.length > 3) {
    ledger.note(
      from,
      from.words.join(' '),
      'error',
      `"${from.words.slice(3).join(' ')}" has no meaning here.`,
    );
  }
  readBlock(server, from.block, { keywords: KEYWORDS, others: VIRTUAL_SERVER_KEYWORDS, ledger });
  return server;
}

function readTarget([, first = '', second]: readonly string[]): Target | string {
  if (first === 'group')
    return second === undefined ? 'The name of the group is missing.' : { kind: 'group', name: second };
  if (first === 'fwmark') {
    const fwmark = parseUnsigned(second, 1, MAX_U32);
    return fwmark === undefined
      ? `"${second ?? ''}" is not a firewall mark: 1 to ${MAX_U32}.`
      : { kind: 'fwmark', fwmark };
  }
  const address = canonicalAddress(first);
  const port = second === undefined ? 0 : parsePort(second);
  if (address === undefined) return `"${first}" is not an address.`;
  if (port === undefined) return `"${second}" is not a port.`;
  return { kind: 'address', address, port };
}

function own<T>(table: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}

function setFamily(server: VirtualServer, { words: [, word = ''] }: Directive): string | undefined {
  const family = own(FAMILIES, word);
  if (!family) return `"${word}" is not a family: inet or inet6.`;
  if (server.family !== undefined && server.family !== family)
    return 'The virtual server has the other family already.';
  server.family = family;
  return undefined;
}

function setScheduler(server: VirtualServer, { words: [, word = ''] }: Directive): string | undefined {
  const scheduler = SCHEDULERS.find((one) => one === word);
  if (!scheduler) return `"${word}" is not a scheduler that keepalived and lvsd know.`;
  server.scheduler = scheduler;
  return undefined;
}

function setForwarding(server: VirtualServer, { words }: Directive): string | undefined {
  const { forwarding, fault } = readForwarding(words);
  if (forwarding) server.forwarding = forwarding;
  return fault;
}

function setTimeoutSeconds(server: VirtualServer, { words: [, text] }: Directive): string | undefined {
  const seconds =
    text === undefined ? TOOLS_PERSISTENCE_SECONDS : parseUnsigned(text, 1, MAX_PERSISTENCE_SECONDS);
  if (seconds === undefined)
    return `"${text}" is not a persistence time: 1 to ${MAX_PERSISTENCE_SECONDS} seconds.`;
  server.timeoutSeconds = seconds;
  return undefined;
}

function setEngine(server: VirtualServer, from: Directive): string | undefined {
  if (!PERSISTENCE_ENGINES.some((one) => one === from.words[1])) {
    return `lvsd does not know the persistence engine "${from.words[1] ?? ''}".`;
  }
  server.engine = from;
  return undefined;
}

/** Letters of either case, unlike all other words. */
function setProtocol(server: VirtualServer, { words: [, word = ''] }: Directive): string | undefined {
  const protocol = own(PROTOCOLS, word.toLowerCase());
  if (!protocol) return `"${word}" is not a protocol: TCP, UDP or SCTP.`;
  server.protocol = protocol;
  return undefined;
}

function setOnePacket(server: VirtualServer, from: Directive): undefined {
  server.onePacket = from;
}

/** `flag-1` and the like are taken as they are; `sh-port` and the like count only after their scheduler was named. */
function setFlag(server: VirtualServer, from: Directive): string | undefined {
  const word = from.words[0] ?? '';
  if (word === 'flag-1' || word === 'flag-2' || word === 'flag-3') {
    server.flags.set(word, from);
    return undefined;
  }
  if (!schedulerFlag(word, server.scheduler ?? '')) {
    return `${word} counts only after "lb_algo ${word.slice(0, 2)}": keepalived leaves it out.`;
  }
  server.flags.set(word.endsWith('-fallback') ? 'flag-1' : 'flag-2', from);
  return undefined;
}

function noteSorryServer(server: VirtualServer, from: Directive, ledger: Ledger): string | undefined {
  const address = canonicalAddress(from.words[1] ?? '');
  if (address === undefined) return `"${from.words[1] ?? ''}" is not an address.`;
  server.sorryFamily = familyOfAddress(address);
  ledger.name(from, SORRY_SERVER.severity, SORRY_SERVER.detail);
  return undefined;
}
