/** The values of ipvsadm's options as parts of a definition. A text instead says what is wrong with the line. */
import { type Frontend, familyOf, isFwmark } from '../domain/keys.js';
import { prefixLengthOfMask } from '../domain/netmask.js';
import { schedulerFlag } from '../domain/scheduler-flags.js';
import type { ForwardingInput, Tunnel } from '../domain/schema/forwarding.js';
import { PERSISTENCE_ENGINES, SCHEDULERS } from '../domain/schema/virtual-service.js';
import type { ReadServer, ReadService, ServiceInput } from './definition.js';
import type { CommandLine } from './ipvsadm-options.js';
import type { Ledger } from './ledger.js';
import {
  MAX_PERSISTENCE_SECONDS,
  parseEndpoint,
  parseUnsigned,
  TOOLS_PERSISTENCE_SECONDS,
} from './numbers.js';
import type { Directive } from './result.js';
import { WELL_KNOWN_PORTS } from './well-known-ports.js';

const PROTOCOL_OPTIONS = { 'tcp-service': 'tcp', 'udp-service': 'udp', 'sctp-service': 'sctp' } as const;
const MAX_U32 = 0xffffffff;
const MAX_WEIGHT = 65535;

export function readFrontend({ options }: CommandLine): Frontend | string {
  const named = (['tcp-service', 'udp-service', 'sctp-service', 'fwmark-service'] as const).filter((name) =>
    options.has(name),
  );
  const [option] = named;
  if (option === undefined || named.length > 1)
    return 'Exactly one of -t, -u, --sctp-service and -f is needed.';
  const text = options.get(option) ?? '';
  if (option === 'fwmark-service') return readMark(text, options.has('ipv6'));
  const endpoint = parseEndpoint(text, WELL_KNOWN_PORTS);
  if (!endpoint)
    return `"${text}" is not an address and port: names cannot be looked up here, save with ipvsadm -Sn.`;
  return { protocol: PROTOCOL_OPTIONS[option], address: endpoint.address, port: endpoint.port ?? 0 };
}

/** ipvsadm prints marks from 2^31 as negative numbers. */
function readMark(text: string, isIpv6: boolean): Frontend | string {
  const fwmark = text.startsWith('-')
    ? 2 ** 32 - (parseUnsigned(text.slice(1), 1, 2 ** 31) ?? 0)
    : parseUnsigned(text, 1, MAX_U32);
  if (fwmark === undefined || fwmark > MAX_U32) return `"${text}" is not a firewall mark: 1 to ${MAX_U32}.`;
  return { fwmark, family: isIpv6 ? 'ipv6' : 'ipv4' };
}

export function readService(
  from: Directive,
  line: CommandLine,
  ledger: Ledger,
): { frontend: Frontend; service: ReadService } | string {
  const frontend = readFrontend(line);
  if (typeof frontend === 'string') return frontend;
  const scheduler = line.options.get('scheduler') ?? 'wlc';
  if (!isOneOf(SCHEDULERS, scheduler)) return `"${scheduler}" is not a scheduler that lvsd knows.`;
  const persistence = readPersistence(from, line, frontend, ledger);
  if (typeof persistence === 'string') return persistence;
  const spec = {
    ...frontend,
    scheduler,
    schedulerFlags: readFlags(from, line.options.get('sched-flags'), scheduler, ledger),
    persistence,
    onePacket: line.options.has('ops'),
  };
  return { frontend, service: { from, spec, servers: [] } };
}

function readFlags(from: Directive, text: string | null | undefined, scheduler: string, ledger: Ledger) {
  const words = (text ?? '').split(',').filter((word) => word !== '');
  const flags = words.flatMap((word) => {
    const flag = schedulerFlag(word, scheduler);
    if (!flag)
      ledger.note(from, `-b ${word}`, 'unsupported', `Scheduler ${scheduler} has no flag ${word}: left out.`);
    return flag ?? [];
  });
  return [...new Set(flags)];
}

function readPersistence(
  from: Directive,
  { options }: CommandLine,
  frontend: Frontend,
  ledger: Ledger,
): NonNullable<ServiceInput['persistence']> | null | string {
  const engine = options.get('pe');
  if (!options.has('persistent')) {
    if (engine)
      ledger.note(from, `--pe ${engine}`, 'info', 'A persistence engine does nothing without -p: left out.');
    if (options.has('netmask')) return '-M needs -p.';
    return null;
  }
  const time = options.get('persistent');
  const timeoutSeconds =
    typeof time === 'string' ? parseUnsigned(time, 1, MAX_PERSISTENCE_SECONDS) : TOOLS_PERSISTENCE_SECONDS;
  if (timeoutSeconds === undefined)
    return `"${time}" is not a persistence time: 1 to ${MAX_PERSISTENCE_SECONDS} seconds.`;
  const prefixLength = readMask(from, options.get('netmask'), frontend, ledger);
  const isKnown = engine ? isOneOf(PERSISTENCE_ENGINES, engine) : false;
  if (engine && !isKnown) {
    ledger.note(
      from,
      `--pe ${engine}`,
      'unsupported',
      `lvsd does not know the persistence engine ${engine}: left out.`,
    );
  }
  return {
    timeoutSeconds,
    ...(prefixLength && { prefixLength }),
    ...(isKnown && { engine: 'sip' as const }),
  };
}

function readMask(
  from: Directive,
  text: string | null | undefined,
  frontend: Frontend,
  ledger: Ledger,
): number | undefined {
  if (!text) return undefined;
  const prefixLength = familyOf(frontend) === 'ipv6' ? parseUnsigned(text, 1, 128) : prefixLengthOfMask(text);
  if (prefixLength === undefined) {
    ledger.note(
      from,
      `-M ${text}`,
      'unsupported',
      `${text} is not a mask of leading ones: left out, each client counts by itself.`,
    );
  }
  return prefixLength;
}

export function readServer(
  from: Directive,
  { options }: CommandLine,
  frontend: Frontend,
  ledger: Ledger,
): ReadServer | string {
  const text = options.get('real-server') ?? '';
  const endpoint = parseEndpoint(text, WELL_KNOWN_PORTS);
  if (!endpoint)
    return `"${text}" is not an address of a real server: names cannot be looked up here, save with ipvsadm -Sn.`;
  if (endpoint.port === undefined && endpoint.address.includes(':'))
    return 'ipvsadm wants a port after an IPv6 address: [ADDRESS]:PORT.';
  const forwarding = readForwarding(options);
  if (typeof forwarding === 'string') return forwarding;
  const limits = readLimits(options);
  if (typeof limits === 'string') return limits;
  const servicePort = isFwmark(frontend) ? 0 : frontend.port;
  let port = endpoint.port ?? servicePort;
  if (!isFwmark(frontend) && forwarding.method !== 'nat' && port !== servicePort) {
    ledger.note(
      from,
      `-r ${text}`,
      'info',
      `${forwarding.method} cannot change the port: ipvsadm takes ${servicePort}, and so does lvsd.`,
    );
    port = servicePort;
  }
  return { from, spec: { address: endpoint.address, port, ...limits }, forwarding };
}

function readLimits(options: CommandLine['options']) {
  const weight = number(options, 'weight', MAX_WEIGHT);
  const upperThreshold = number(options, 'u-threshold', MAX_U32);
  const lowerThreshold = number(options, 'l-threshold', MAX_U32);
  for (const value of [weight, upperThreshold, lowerThreshold]) if (typeof value === 'string') return value;
  return {
    ...(typeof weight === 'number' && { weight }),
    ...(typeof upperThreshold === 'number' && { upperThreshold }),
    ...(typeof lowerThreshold === 'number' && { lowerThreshold }),
  };
}

function number(options: CommandLine['options'], name: string, max: number): number | string | undefined {
  const text = options.get(name);
  if (text === undefined || text === null) return undefined;
  return parseUnsigned(text, 0, max) ?? `--${name} must be a number from 0 to ${max}, not "${text}".`;
}

function readForwarding(options: CommandLine['options']): ForwardingInput | string {
  const methods = (['gatewaying', 'ipip', 'masquerading'] as const).filter((name) => options.has(name));
  if (methods.length > 1) return 'Only one of -g, -i and -m can be given.';
  if (methods[0] === 'masquerading') return { method: 'nat' };
  if (methods[0] !== 'ipip') return { method: 'dr' };
  const type = options.get('tun-type') ?? 'ipip';
  if (!isOneOf(['ipip', 'gue', 'gre'], type)) return `"${type}" is not a tunnel type: ipip, gue or gre.`;
  const port = number(options, 'tun-port', 65535);
  if (typeof port === 'string') return port;
  const checksums = (['tun-nocsum', 'tun-csum', 'tun-remcsum'] as const).filter((name) => options.has(name));
  if (checksums.length > 1) return 'Only one of --tun-nocsum, --tun-csum and --tun-remcsum can be given.';
  const checksum: Tunnel['checksum'] =
    checksums[0] === 'tun-csum' ? 'csum' : checksums[0] === 'tun-remcsum' ? 'remcsum' : 'none';
  return { method: 'tun', tunnel: { type, ...(port !== undefined && { port }), checksum } };
}

function isOneOf<T extends string>(values: readonly T[], text: string): text is T {
  return (values as readonly string[]).includes(text);
}
