/** `virtual = …` and the directives below it. */
import { type Frontend, frontendKey } from '../../domain/keys.js';
import { prefixLengthOfMask } from '../../domain/netmask.js';
import { schedulerFlag } from '../../domain/scheduler-flags.js';
import { SCHEDULERS } from '../../domain/schema/virtual-service.js';
import type { Budget } from '../budget.js';
import type { ReadServer, ReadService } from '../definition.js';
import type { Ledger } from '../ledger.js';
import { MAX_PERSISTENCE_SECONDS, parseEndpoint, parseUnsigned } from '../numbers.js';
import type { Directive } from '../result.js';
import { WELL_KNOWN_PORTS } from '../well-known-ports.js';
import type { Section, Setting } from './directives.js';
import { FORMER_DIRECTIVES, VIRTUAL_DIRECTIVES } from './keywords.js';
import { readReal } from './real-servers.js';

interface Virtual {
  frontend: Frontend;
  readonly isIpv6: boolean;
  scheduler: (typeof SCHEDULERS)[number];
  flags: Setting | undefined;
  timeoutSeconds: number | undefined;
  mask: Setting | undefined;
  onePacket: boolean;
  /** checktype = off: ldirectord never activates the real servers. */
  isOff: boolean;
  readonly reals: Setting[];
  /** Where each directive was given first. */
  readonly first: Map<string, Directive>;
  readonly budget: Budget;
}

/** Returns nothing when the setting was taken over, or a sentence that says why not. */
type Handler = (into: Virtual, setting: Setting, ledger: Ledger) => string | undefined;

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['real', keepReal],
  ['real6', keepReal],
  ['scheduler', setScheduler],
  ['persistent', setPersistent],
  ['netmask', setMask],
  ['schedflags', setFlags],
  ['protocol', setProtocol],
  ['ops', setOnePacket],
  ['checktype', setChecktype],
]);

const MAX_U32 = 0xffffffff;

/** The service, or undefined when its first line says nothing; the reason is in the ledger then. */
export function readVirtual(
  { head, settings }: Section,
  { ledger, budget }: { readonly ledger: Ledger; readonly budget: Budget },
): ReadService | undefined {
  const isIpv6 = head.name === 'virtual6';
  const frontend = readFrontend(head.value ?? '', isIpv6);
  if (typeof frontend === 'string') {
    ledger.name(head.from, 'error', frontend);
    return undefined;
  }
  ledger.take(head.from);
  const virtual: Virtual = {
    frontend,
    isIpv6,
    scheduler: 'wrr',
    flags: undefined,
    timeoutSeconds: undefined,
    mask: undefined,
    onePacket: false,
    isOff: false,
    reals: [],
    first: new Map(),
    budget,
  };
  for (const setting of settings) readSetting(virtual, setting, ledger);
  return settle(virtual, head, ledger);
}

function readFrontend(text: string, isIpv6: boolean): Frontend | string {
  const mark = /^\d+$/.test(text) ? parseUnsigned(text, 1, MAX_U32) : undefined;
  if (mark !== undefined) return { fwmark: mark, family: isIpv6 ? 'ipv6' : 'ipv4' };
  const endpoint = parseEndpoint(text, WELL_KNOWN_PORTS);
  if (endpoint?.port === undefined)
    return `"${text}" is not an address and port or a firewall mark: names cannot be looked up here.`;
  if (endpoint.address.includes(':') !== isIpv6) return `"${text}" needs ${isIpv6 ? 'virtual' : 'virtual6'}.`;
  return { protocol: endpoint.port === 53 ? 'udp' : 'tcp', address: endpoint.address, port: endpoint.port };
}

function readSetting(virtual: Virtual, setting: Setting, ledger: Ledger): void {
  const { from, name, value } = setting;
  const handler = HANDLERS.get(name);
  const other = VIRTUAL_DIRECTIVES.get(name);
  const former = FORMER_DIRECTIVES.get(name);
  if (value === null || (!handler && !other)) {
    ledger.name(from, 'error', former ?? `ldirectord does not know "${name}" here.`);
  } else if (handler) {
    ledger.take(from);
    const earlier = virtual.first.get(name);
    if (earlier && !name.startsWith('real')) {
      const detail = `${name} is given already (line ${earlier.line}): this one counts.`;
      ledger.note(from, from.words.join(' '), 'info', detail);
    }
    virtual.first.set(name, earlier ?? from);
    const reason = handler(virtual, setting, ledger);
    if (reason !== undefined) ledger.name(from, 'error', reason);
  } else if (other) {
    ledger.name(from, 'unsupported', other);
  }
}

function keepReal(virtual: Virtual, setting: Setting): string | undefined {
  const wanted = virtual.isIpv6 ? 'real6' : 'real';
  if (setting.name !== wanted) return `Below ${virtual.isIpv6 ? 'virtual6' : 'virtual'} it is ${wanted}.`;
  virtual.reals.push(setting);
  return undefined;
}

function setScheduler(virtual: Virtual, { value }: Setting): string | undefined {
  const scheduler = SCHEDULERS.find((one) => one === value);
  if (!scheduler) return `"${value}" is not a scheduler that lvsd knows.`;
  virtual.scheduler = scheduler;
  return undefined;
}

function setPersistent(virtual: Virtual, { value }: Setting): string | undefined {
  const seconds = parseUnsigned(value ?? '', 1, MAX_PERSISTENCE_SECONDS);
  if (seconds === undefined)
    return `"${value}" is not a persistence time: 1 to ${MAX_PERSISTENCE_SECONDS} seconds.`;
  virtual.timeoutSeconds = seconds;
  return undefined;
}

function setMask(virtual: Virtual, setting: Setting): undefined {
  virtual.mask = setting;
}

function setFlags(virtual: Virtual, setting: Setting): undefined {
  virtual.flags = setting;
}

function setProtocol(virtual: Virtual, { value }: Setting): string | undefined {
  const { frontend } = virtual;
  if ('fwmark' in frontend) return value === 'fwm' ? undefined : 'A firewall mark has the protocol fwm.';
  if (value !== 'tcp' && value !== 'udp') return 'With address and port the protocol is tcp or udp.';
  virtual.frontend = { ...frontend, protocol: value };
  return undefined;
}

function setOnePacket(virtual: Virtual, { value }: Setting): string | undefined {
  if (value !== 'yes' && value !== 'no') return 'ops is yes or no.';
  virtual.onePacket = value === 'yes';
  return undefined;
}

function setChecktype(virtual: Virtual, { from, value }: Setting, ledger: Ledger): undefined {
  virtual.isOff = value === 'off';
  if (value === 'off') {
    ledger.note(
      from,
      from.words.join(' '),
      'info',
      'Never activated by ldirectord: the real servers are taken over as disabled.',
    );
  } else if (value !== 'on') {
    ledger.name(from, 'unsupported', 'Health checks are not taken over: the real servers count as healthy.');
  }
}

function settle(virtual: Virtual, head: Setting, ledger: Ledger): ReadService {
  const { frontend, scheduler, onePacket } = virtual;
  const servers = virtual.reals.flatMap((setting) => readServers(virtual, setting, ledger));
  return {
    from: head.from,
    spec: {
      ...frontend,
      scheduler,
      schedulerFlags: flagsOf(virtual, ledger),
      persistence: persistenceOf(virtual, ledger),
      onePacket,
    },
    servers,
  };
}

function readServers(virtual: Virtual, setting: Setting, ledger: Ledger): ReadServer[] {
  const servers = readReal(setting, virtual.frontend, ledger);
  if (typeof servers === 'string') {
    ledger.name(setting.from, 'error', servers);
    return [];
  }
  if (!virtual.budget.spend(servers.length)) {
    ledger.name(setting.from, 'error', virtual.budget.refusal);
    return [];
  }
  if (!virtual.isOff) return servers;
  return servers.map((server) => ({ ...server, spec: { ...server.spec, adminState: 'disabled' } }));
}

function flagsOf({ flags, scheduler }: Virtual, ledger: Ledger) {
  if (!flags) return [];
  return (flags.value ?? '').split(',').flatMap((word) => {
    const flag = schedulerFlag(word, scheduler);
    if (!flag)
      ledger.name(flags.from, 'unsupported', `Scheduler ${scheduler} has no flag ${word}: left out.`);
    return flag ?? [];
  });
}

function persistenceOf({ frontend, mask, timeoutSeconds, isIpv6 }: Virtual, ledger: Ledger) {
  if (timeoutSeconds === undefined) {
    if (mask)
      ledger.name(
        mask.from,
        'error',
        `${frontendKey(frontend)} has a netmask but no persistent: ipvsadm refuses that.`,
      );
    return null;
  }
  const prefixLength = isIpv6
    ? parseUnsigned(mask?.value ?? '128', 1, 128)
    : prefixLengthOfMask(mask?.value ?? '255.255.255.255');
  if (mask && prefixLength === undefined) {
    const detail = isIpv6
      ? 'A prefix length is 1 to 128'
      : 'Only a dotted mask of leading ones is taken over';
    ledger.name(mask.from, 'error', `${detail}: left out, each client counts by itself.`);
  }
  return { timeoutSeconds, ...(prefixLength !== undefined && { prefixLength }) };
}
