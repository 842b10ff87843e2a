/** What a command line of ipvsadm says, as parts of a definition. What lvsd has no word for is noted and left out. */
import { endpoint, familyOf } from '../../domain/keys.js';
import { prefixLengthOfMask } from '../../domain/netmask.js';
import { schedulerFlag } from '../../domain/scheduler-flags.js';
import type { ForwardingInput } from '../../domain/schema/forwarding.js';
import { PERSISTENCE_ENGINES, SCHEDULERS } from '../../domain/schema/virtual-service.js';
import type { ReadServer, ReadService, ServiceInput } from '../definition.js';
import type { Ledger } from '../ledger.js';
import type { Directive } from '../result.js';
import type { CommandLine } from './line.js';

const MAX_WEIGHT = 65535;

/** A text says why there is no service. */
export function readService(from: Directive, line: CommandLine, ledger: Ledger): ReadService | string {
  const { frontend, scheduler, onePacket } = line;
  if (!frontend) return 'No virtual service is named.';
  if (!isOneOf(SCHEDULERS, scheduler)) return `"${scheduler}" is not a scheduler that lvsd knows.`;
  const spec = {
    ...frontend,
    scheduler,
    schedulerFlags: readFlags(from, line, ledger),
    persistence: readPersistence(from, line, ledger),
    onePacket,
  };
  return { from, spec, servers: [] };
}

function readFlags(from: Directive, { schedulerFlags, scheduler }: CommandLine, ledger: Ledger) {
  return schedulerFlags.flatMap((flag) => {
    const known = schedulerFlag(flag, scheduler);
    if (!known)
      ledger.note(from, `-b ${flag}`, 'unsupported', `Scheduler ${scheduler} has no flag ${flag}: left out.`);
    return known ?? [];
  });
}

function readPersistence(
  from: Directive,
  line: CommandLine,
  ledger: Ledger,
): NonNullable<ServiceInput['persistence']> | null {
  const { persistentSeconds, engine, netmask } = line;
  if (persistentSeconds === null) {
    if (engine)
      ledger.note(from, `--pe ${engine}`, 'info', 'A persistence engine does nothing without -p: left out.');
    if (line.given.has('netmask'))
      ledger.note(from, `-M ${netmask}`, 'info', 'A mask does nothing without -p: left out.');
    return null;
  }
  const isKnown = engine ? isOneOf(PERSISTENCE_ENGINES, engine) : false;
  if (engine && !isKnown) {
    const detail = `lvsd does not know the persistence engine ${engine}: left out.`;
    ledger.note(from, `--pe ${engine}`, 'unsupported', detail);
  }
  const prefixLength = readMask(from, line, ledger);
  return {
    timeoutSeconds: persistentSeconds,
    ...(prefixLength && { prefixLength }),
    ...(isKnown && { engine: 'sip' as const }),
  };
}

function readMask(from: Directive, { frontend, netmask }: CommandLine, ledger: Ledger): number | undefined {
  if (frontend && familyOf(frontend) === 'ipv6') return Number(netmask);
  const prefixLength = prefixLengthOfMask(netmask);
  if (prefixLength === undefined) {
    const detail = `${netmask} is not a mask of leading ones: left out, each client counts by itself.`;
    ledger.note(from, `-M ${netmask}`, 'unsupported', detail);
  }
  return prefixLength;
}

/** A text says why there is no real server. */
export function readServer(from: Directive, line: CommandLine, ledger: Ledger): ReadServer | string {
  const { backend, backendPort, method, weight, upperThreshold, lowerThreshold, given } = line;
  if (!backend) return 'No real server is named.';
  if (weight > MAX_WEIGHT) return `The weight must be a number from 0 to ${MAX_WEIGHT}, not ${weight}.`;
  if (backendPort !== null && backendPort !== backend.port) {
    const detail = `${method} cannot change the port: ipvsadm takes ${backend.port}, and so does lvsd.`;
    ledger.note(from, `-r ${endpoint(backend.address, backendPort)}`, 'info', detail);
  }
  const spec = {
    ...backend,
    ...(given.has('weight') && { weight }),
    ...(given.has('u-threshold') && { upperThreshold }),
    ...(given.has('l-threshold') && { lowerThreshold }),
  };
  return { from, spec, forwarding: forwardingOf(line) };
}

function forwardingOf({ method, tunnel: { type, port, checksum } }: CommandLine): ForwardingInput {
  if (method !== 'tun') return { method };
  return { method, tunnel: { type, ...(port !== null && { port }), checksum } };
}

function isOneOf<T extends string>(values: readonly T[], text: string): text is T {
  return (values as readonly string[]).includes(text);
}
