/**
 * Identities of what a director holds, and their canonical strings.
 *
 * A virtual service is known by its frontend, a destination by its frontend and backend, a VIP that is bound by its
 * address, source NAT by the frontend that it is for. The strings are what maps are keyed by, what the database stores and
 * what audit events show:
 *
 *     tcp/192.0.2.10:80                          udp/[2001:db8::10]:53           fwmark/ipv4/7
 *     tcp/192.0.2.10:80->10.0.0.1:8080           fwmark/ipv4/7->10.0.0.1:0
 *     address/192.0.2.10                         snat/tcp/192.0.2.10:80          snat/fwmark/ipv4/7
 */

import { canonicalAddress } from './address.js';

export type Family = 'ipv4' | 'ipv6';
export type Protocol = 'tcp' | 'udp' | 'sctp';

export interface AddressFrontend {
  readonly protocol: Protocol;
  /** Canonical text: see `canonicalAddress`. */
  readonly address: string;
  readonly port: number;
}

export interface FwmarkFrontend {
  readonly fwmark: number;
  readonly family: Family;
}

/** What clients reach: protocol + VIP + port, or a firewall mark + family. */
export type Frontend = AddressFrontend | FwmarkFrontend;

/** A real server as one virtual service sees it: RIP + port. */
export interface Backend {
  /** Canonical text: see `canonicalAddress`. */
  readonly address: string;
  readonly port: number;
}

export function isFwmark(frontend: Frontend): frontend is FwmarkFrontend {
  return 'fwmark' in frontend;
}

export function familyOfAddress(address: string): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

export function familyOf(frontend: Frontend): Family {
  return isFwmark(frontend) ? frontend.family : familyOfAddress(frontend.address);
}

/** `10.0.0.1:80` or `[2001:db8::1]:80`, as ipvsadm writes it. */
export function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export function frontendKey(frontend: Frontend): string {
  return isFwmark(frontend)
    ? `fwmark/${frontend.family}/${frontend.fwmark}`
    : `${frontend.protocol}/${endpoint(frontend.address, frontend.port)}`;
}

export function destinationKey(frontend: string, backend: Backend): string {
  return `${frontend}->${endpoint(backend.address, backend.port)}`;
}

export function addressKey(address: string): string {
  return `${ADDRESS_PREFIX}${address}`;
}

export function snatKey(frontend: string): string {
  return `${SNAT_PREFIX}${frontend}`;
}

const ADDRESS_PREFIX = 'address/';
const SNAT_PREFIX = 'snat/';

export type EntryKind = 'service' | 'destination' | 'address' | 'snat';

export function entryKindOf(key: string): EntryKind {
  if (key.startsWith(ADDRESS_PREFIX)) return 'address';
  if (key.startsWith(SNAT_PREFIX)) return 'snat';
  return key.includes('->') ? 'destination' : 'service';
}

/** The address of an `addressKey`. */
export function addressOfKey(key: string): string {
  return key.slice(ADDRESS_PREFIX.length);
}

/** The frontend's key of a `snatKey`. */
export function frontendOfSnatKey(key: string): string {
  return key.slice(SNAT_PREFIX.length);
}

/** The part of a key that is read and converged as one: that of the frontend for destinations, else the key itself. */
export function frontendKeyOf(key: string): string {
  const arrow = key.indexOf('->');
  return arrow === -1 ? key : key.slice(0, arrow);
}

/** Reads a key that `frontendKey` wrote. Throws on any other text: keys come from us, so that is a defect. */
export function parseFrontend(key: string): Frontend {
  const [kind, rest, mark] = key.split('/');
  if (kind === 'fwmark' && (rest === 'ipv4' || rest === 'ipv6'))
    return { fwmark: Number(mark), family: rest };
  if (rest !== undefined && (kind === 'tcp' || kind === 'udp' || kind === 'sctp')) {
    return { protocol: kind, ...parseEndpoint(rest) };
  }
  throw new TypeError(`not a frontend key: ${key}`);
}

/** As `parseFrontend` for text from outside: undefined unless it is exactly what `frontendKey` writes. */
export function readFrontendKey(text: string): Frontend | undefined {
  try {
    const frontend = parseFrontend(text);
    const isCanonical = isFwmark(frontend) ? frontend.fwmark <= 0xffffffff : isCanonicalEndpoint(frontend);
    return isCanonical && frontendKey(frontend) === text ? frontend : undefined;
  } catch {
    return undefined;
  }
}

/** Whether text from outside is exactly a key: what `frontendKey` or `destinationKey` writes. */
export function isKey(text: string): boolean {
  const frontend = readFrontendKey(frontendKeyOf(text));
  if (!frontend || frontendKeyOf(text) === text) return frontend !== undefined;
  try {
    const { backend } = parseDestination(text);
    return isCanonicalEndpoint(backend) && destinationKey(frontendKey(frontend), backend) === text;
  } catch {
    return false;
  }
}

function isCanonicalEndpoint({ address, port }: Backend): boolean {
  return canonicalAddress(address) === address && port <= 0xffff;
}

/** Splits a destination's key into its frontend and backend. Throws as `parseFrontend` does. */
export function parseDestination(key: string): { frontend: Frontend; backend: Backend } {
  const frontend = frontendKeyOf(key);
  return { frontend: parseFrontend(frontend), backend: parseEndpoint(key.slice(frontend.length + 2)) };
}

function parseEndpoint(text: string): Backend {
  const match = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d+)$/.exec(text);
  const address = match?.[1] ?? match?.[2];
  if (address === undefined) throw new TypeError(`not an address and port: ${text}`);
  return { address, port: Number(match?.[3]) };
}

/** Whether a key is of a destination whose address family is not that of its service. */
export function hasMixedFamilies(key: string): boolean {
  if (frontendKeyOf(key) === key) return false;
  const { frontend, backend } = parseDestination(key);
  return familyOf(frontend) !== familyOfAddress(backend.address);
}
