/**
 * The IPVS table as a cheap look shows it: by line of the kernel's /proc/net/ip_vs, without what changes by itself. It has
 * each service with its scheduler, whether it takes single packets (not for IPv6 addresses) and whether it is persistent, and
 * each destination with its method and weight; all else only a read of the table shows.
 */
import { addressBytes } from './address.js';
import {
  type Backend,
  type Family,
  type Frontend,
  isFwmark,
  parseDestination,
  parseFrontend,
} from './keys.js';
import type { DestinationConfig, KernelMethod, ServiceConfig, TableEntry } from './table.js';

/** By the name that the kernel shows: marks of both families have one. */
export type Outline = ReadonlyMap<string, ServiceOutline>;

export interface ServiceOutline {
  /** A line for each entry, sorted. */
  readonly text: string;
  readonly entries: number;
}

export interface OutlineBuilder {
  /** The lines of a service must follow one another. */
  add(name: string, line: string): void;
  finish(): Outline;
}

export function createOutlineBuilder(): OutlineBuilder {
  const services = new Map<string, ServiceOutline>();
  let current: string | undefined;
  let lines: string[] = [];

  function endService(): void {
    if (current === undefined) return;
    const other = services.get(current);
    if (other) lines.push(...other.text.split('\n'));
    services.set(current, { text: lines.sort().join('\n'), entries: lines.length });
    lines = [];
  }

  return {
    add(name, line) {
      if (name !== current) endService();
      current = name;
      lines.push(line);
    },
    finish() {
      endService();
      return services;
    },
  };
}

/** Of entries in the order of their keys, or of a table. */
export function outlineOf(entries: Iterable<Pick<TableEntry, 'key' | 'config'>>): Outline {
  const builder = createOutlineBuilder();
  for (const { key, config } of entries) {
    if ('scheduler' in config) {
      const frontend = parseFrontend(key);
      builder.add(outlineName(frontend), serviceLine(frontend, config));
    } else {
      const { frontend, backend } = parseDestination(key);
      builder.add(outlineName(frontend), destinationLine(endpointText(backend), config));
    }
  }
  return builder.finish();
}

/** As the kernel begins the line of a service. */
export function outlineName(frontend: Frontend): string {
  return isFwmark(frontend)
    ? `FWM ${hex(frontend.fwmark, 8)}`
    : `${frontend.protocol.toUpperCase()} ${endpointText(frontend)}`;
}

/** The frontends with the same name. */
export function frontendsOfOneName(frontend: Frontend): Frontend[] {
  if (!isFwmark(frontend)) return [frontend];
  return (['ipv4', 'ipv6'] as const).map((family: Family) => ({ ...frontend, family }));
}

/** ip_vs_info_seq_show of net/netfilter/ipvs/ip_vs_ctl.c; of persistence only that there is one, because its time is in ticks. */
function serviceLine(frontend: Frontend, { scheduler, onePacket, persistence }: ServiceConfig): string {
  const isIpv6Address = !isFwmark(frontend) && frontend.address.includes(':');
  const ops = onePacket && !isIpv6Address ? ' ops' : '';
  return `${scheduler || 'none'}${ops}${persistence ? ' persistent' : ''}`;
}

/** With the kernel's own spaces, so that its text can be taken as it is. */
function destinationLine(endpoint: string, { method, weight }: DestinationConfig): string {
  return `${endpoint}      ${(METHOD_NAMES[method] ?? 'Masq').padEnd(7)} ${weight}`;
}

/** ip_vs_fwd_name; all others are "Masq". */
const METHOD_NAMES: Partial<Record<KernelMethod, string>> = { local: 'Local', tun: 'Tunnel', dr: 'Route' };

function endpointText({ address, port }: Backend): string {
  return `${addressText(address)}:${hex(port, 4)}`;
}

function addressText(address: string): string {
  const bytes = Buffer.from(addressBytes(address)).toString('hex');
  return bytes.length === 8 ? bytes.toUpperCase() : `[${bytes.replace(/.{4}(?=.)/g, '$&:')}]`;
}

function hex(number: number, digits: number): string {
  return number.toString(16).toUpperCase().padStart(digits, '0');
}
