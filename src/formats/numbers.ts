/** Numbers, ports, addresses and masks as configurations spell them; undefined when they are none. */
import { addressBytes, canonicalAddress } from '../domain/address.js';

/** Decimal digits only, within the limits. */
export function parseUnsigned(text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

export function parsePort(text: string | undefined): number | undefined {
  return parseUnsigned(text, 0, 65535);
}

/** Length of a dotted mask whose ones are all in front; 0.0.0.0 is no mask. */
export function prefixLengthOfMask(mask: string): number | undefined {
  const address = canonicalAddress(mask);
  if (address === undefined || address.includes(':')) return undefined;
  const bits = addressBytes(address)
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  const ones = /^(1+)0*$/.exec(bits)?.[1];
  return ones?.length;
}

export function dottedMask(prefixLength: number): string {
  const mask = (0xffffffff << (32 - prefixLength)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (mask >>> shift) & 0xff).join('.');
}

export const MAX_PERSISTENCE_SECONDS = 31 * 24 * 60 * 60;

/** What ipvsadm and keepalived mean by persistence without a time. */
export const TOOLS_PERSISTENCE_SECONDS = 360;

export interface Endpoint {
  readonly address: string;
  /** Undefined when the text has none. */
  readonly port: number | undefined;
}

/**
 * `10.0.0.1:80`, `[2001:db8::1]:80` or either without port. Ports may be the names that `ports` knows; host names give
 * undefined, because a definition holds addresses.
 */
export function parseEndpoint(text: string, ports: ReadonlyMap<string, number>): Endpoint | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::([A-Za-z0-9_-]+))?$/.exec(text);
  const written = match?.[1] ?? match?.[2];
  if (written === undefined) return undefined;
  const address = canonicalAddress(written);
  if (address === undefined || address.includes(':') !== (match?.[1] !== undefined)) return undefined;
  const name = match?.[3];
  if (name === undefined) return { address, port: undefined };
  const port = parsePort(name) ?? ports.get(name.toLowerCase());
  return port === undefined ? undefined : { address, port };
}
