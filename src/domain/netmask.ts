/** Dotted netmasks of IPv4 and the lengths of the prefixes that they stand for. */
import { addressBytes, canonicalAddress } from './address.js';

/** Length of a dotted mask whose ones are all in front; undefined for 0.0.0.0 and whatever is no mask. */
export function prefixLengthOfMask(mask: string): number | undefined {
  const address = canonicalAddress(mask);
  if (address === undefined || address.includes(':')) return undefined;
  const bits = addressBytes(address)
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  const ones = /^(1+)0*$/.exec(bits)?.[1];
  return ones?.length;
}

/** The mask of a prefix of 1 to 32 bits. */
export function dottedMask(prefixLength: number): string {
  const mask = (0xffffffff << (32 - prefixLength)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (mask >>> shift) & 0xff).join('.');
}
