/** Numbers, ports and addresses as configurations spell them; undefined when they are none. */
import { canonicalAddress } from '../domain/address.js';

/** Decimal digits only, within the limits. */
export function parseUnsigned(text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

export function parsePort(text: string | undefined): number | undefined {
  return parseUnsigned(text, 0, 65535);
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
