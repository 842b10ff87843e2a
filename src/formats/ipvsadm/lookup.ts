/** How ipvsadm finds numbers for names, which is the caller's to know: the machine's resolver and its list of services. */
import { canonicalAddress } from '../../domain/address.js';
import type { Protocol } from '../../domain/keys.js';
import { Fault } from './fault.js';
import { wholeNumber } from './numbers.js';

export interface Lookup {
  /** IPv4 address of a host name. */
  host(name: string): string | undefined;
  port(name: string, protocol: Protocol): number | undefined;
  /** Also takes what ipvsadm prints and does not read (`-f -1`), and thresholds as large as the kernel's. */
  readonly isLenient: boolean;
}

export interface Place {
  readonly address: string;
  /** Undefined when the text has none. */
  readonly port: number | undefined;
}

/** `host`, `host:port`, `[v6]:port` or a bare IPv6 address; undefined when ipvsadm calls it illegal. */
export function readPlace(text: string, protocol: Protocol | undefined, lookup: Lookup): Place | undefined {
  if (/^\d*$/.test(text)) return undefined;
  const bracketed = /^\[([^\]]*)\]:(.*)$/s.exec(text);
  if (text.startsWith('[') && !bracketed) return undefined;
  const bare = bracketed?.[1] ?? text;
  const port = (name: string) => wholeNumber(name, 0, 65535) ?? (protocol && lookup.port(name, protocol));
  const ipv6 = bare.includes(':') ? canonicalAddress(bare) : undefined;
  if (ipv6 !== undefined) return place(ipv6, bracketed?.[2], port);
  const colon = bare.lastIndexOf(':');
  const name = colon === -1 ? bare : bare.slice(0, colon);
  const address = ipv4(name) ?? lookup.host(name);
  return address === undefined
    ? undefined
    : place(address, colon === -1 ? undefined : bare.slice(colon + 1), port);
}

function place(address: string, port: string | undefined, read: (name: string) => number | undefined) {
  if (port === undefined) return { address, port: undefined };
  const number = read(port);
  return number === undefined ? undefined : { address, port: number };
}

/** As inet_aton(3): one to four parts, the last of which fills what is left; 0x and 0 in front as in C. */
export function ipv4(text: string): string | undefined {
  const parts = text
    .split('.')
    .map((part) => (/^(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.test(part) ? cNumber(part) : -1));
  const last = parts.pop() ?? -1;
  if (parts.length > 3 || parts.some((part) => part < 0 || part > 255)) return undefined;
  if (last < 0 || last >= 256 ** (4 - parts.length)) return undefined;
  const value = parts.reduce((sum, part, index) => sum + part * 256 ** (3 - index), last);
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

function cNumber(text: string): number {
  return /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
}

export function readMark(text: string, { isLenient }: Lookup): number {
  const negative = isLenient ? wholeNumber(text, -(2 ** 31), -1) : undefined;
  const mark = negative === undefined ? wholeNumber(text, 1, 0xffffffff) : negative + 2 ** 32;
  if (mark === undefined) throw new Fault(`invalid fwmark value \`${text}' specified`);
  return mark;
}
