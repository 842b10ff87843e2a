import { canonicalAddress, isUnicast } from '../../domain/address.js';
import type { Violation } from '../../domain/errors.js';
import { type Family, familyOfAddress } from '../../domain/keys.js';

/** What is wrong with the text as the address of a host of one of these families. */
export function hostAddressViolation(
  text: string,
  pointer: string,
  families: readonly Family[],
): Violation | undefined {
  const address = canonicalAddress(text);
  const isFit = address !== undefined && isUnicast(address) && families.includes(familyOfAddress(address));
  if (isFit) return undefined;
  const kinds = families.map((family) => (family === 'ipv4' ? 'IPv4' : 'IPv6')).join(' or ');
  return { reason: 'ADDRESS_INVALID', pointer, detail: `"${text}" is not the ${kinds} address of a host.` };
}
