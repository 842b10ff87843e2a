/** Ranges of addresses as keepalived and ldirectord write them. */
import { addressBytes, addressFromBytes, canonicalAddress } from '../domain/address.js';
import { type Family, familyOfAddress } from '../domain/keys.js';
import { parseUnsigned } from './numbers.js';

const MOST_ADDRESSES = 65_536;

/** `A`, `A/prefix`, `A-B` and `A-last` (last: decimal octet of IPv4, hexadecimal group of IPv6), as check_data.c reads them. */
export function expandRange(text: string): string[] | string {
  const [, start = '', separator, end = ''] = /^([^/-]+)(?:([/-])(.*))?$/s.exec(text) ?? [];
  const first = canonicalAddress(start);
  if (first === undefined) return `"${text}" is not an address or a range of addresses.`;
  if (separator === undefined) return [first];
  const last = separator === '/' ? lastOfPrefix(first, end) : lastOfRange(first, end);
  if (last === undefined) return `"${text}" is not a range of addresses.`;
  const [from, to] = [toNumber(first), toNumber(last)];
  if (to < from) return `"${text}" ends before it begins.`;
  if (to - from >= BigInt(MOST_ADDRESSES)) return `"${text}" has more than ${MOST_ADDRESSES} addresses.`;
  const addresses: string[] = [];
  for (let value = from; value <= to; value++) addresses.push(fromNumber(value, familyOfAddress(first)));
  return addresses;
}

function lastOfPrefix(first: string, text: string): string | undefined {
  const bits = familyOfAddress(first) === 'ipv4' ? 32 : 128;
  const prefixLength = parseUnsigned(text, 1, bits);
  if (prefixLength === undefined) return undefined;
  const host = (1n << BigInt(bits - prefixLength)) - 1n;
  const value = toNumber(first);
  return (value & host) === 0n ? fromNumber(value | host, familyOfAddress(first)) : undefined;
}

function lastOfRange(first: string, text: string): string | undefined {
  const family = familyOfAddress(first);
  if (text.includes('.') || text.includes(':')) {
    const last = canonicalAddress(text);
    return last !== undefined && familyOfAddress(last) === family ? last : undefined;
  }
  const [digits, size] = family === 'ipv4' ? [/^\d{1,3}$/, 0xffn] : [/^[0-9a-fA-F]{1,4}$/, 0xffffn];
  const value = digits.test(text) ? BigInt(Number.parseInt(text, family === 'ipv4' ? 10 : 16)) : size + 1n;
  return value <= size ? fromNumber((toNumber(first) & ~size) | value, family) : undefined;
}

function toNumber(address: string): bigint {
  return addressBytes(address).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function fromNumber(value: bigint, family: Family): string {
  const length = family === 'ipv4' ? 4 : 16;
  const bytes = Array.from({ length }, (_, index) =>
    Number((value >> BigInt(8 * (length - 1 - index))) & 0xffn),
  );
  return addressFromBytes(bytes, family);
}
