/** Address prefixes, such as 192.0.2.0/24 and 2001:db8::/32. */
import { addressBytes, addressFromBytes, canonicalAddress } from './address.js';

export interface Prefix {
  /** 4 or 16, in network order; zero beyond the length. */
  readonly bytes: readonly number[];
  readonly length: number;
}

/** An address without a length is a prefix of its own. Undefined for other text, and for bits set beyond the length. */
export function parsePrefix(text: string): Prefix | undefined {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
  const address = canonicalAddress(match?.[1] ?? '');
  if (address === undefined) return undefined;
  const bytes = addressBytes(address);
  const length = match?.[2] === undefined ? bytes.length * 8 : Number(match[2]);
  if (length > bytes.length * 8) return undefined;
  return bytes.every((byte, index) => (byte & hostBits(length, index)) === 0) ? { bytes, length } : undefined;
}

/** The canonical text, with its length. */
export function prefixText(prefix: Prefix | undefined): string | undefined {
  if (prefix === undefined) return undefined;
  const { bytes, length } = prefix;
  return `${addressFromBytes(bytes, bytes.length === 4 ? 'ipv4' : 'ipv6')}/${length}`;
}

/** `address` is in canonical spelling. */
export function isInPrefix(address: string, { bytes, length }: Prefix): boolean {
  const own = addressBytes(address);
  return (
    own.length === bytes.length &&
    own.every((byte, index) => (byte & ~hostBits(length, index)) === bytes[index])
  );
}

/** The bits of one byte that are beyond the prefix. */
function hostBits(length: number, index: number): number {
  return 0xff >> Math.min(8, Math.max(0, length - index * 8));
}
