import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import type { Family } from './keys.js';

/**
 * The one spelling of an address that lvsd stores and compares: that of inet_ntop(3), which ipvsadm prints too. Dotted
 * quad for IPv4 (four decimal parts, no leading zeros), RFC 5952 for IPv6. Undefined when the text is not an address;
 * zone identifiers are refused.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return new SocketAddress({ address: text, family: 'ipv6' }).address;
}

/** 4 or 16 bytes in network order, of a canonical address. */
export function addressBytes(address: string): number[] {
  if (!address.includes(':')) return ipv4Bytes(address);
  const [head = '', tail] = address.split('::');
  const front = groupBytes(head);
  const back = groupBytes(tail ?? '');
  return [...front, ...new Array<number>(16 - front.length - back.length).fill(0), ...back];
}

/** Writes what `addressBytes` gives into 4 or 16 bytes; a large push does this for every entry, so IPv4 makes no garbage. */
export function putAddress(address: string, into: Uint8Array | number[], at: number): void {
  if (!address.includes(':')) putIpv4(address, into, at);
  else for (const [index, byte] of addressBytes(address).entries()) into[at + index] = byte;
}

function ipv4Bytes(address: string): number[] {
  const bytes = [0, 0, 0, 0];
  putIpv4(address, bytes, 0);
  return bytes;
}

function putIpv4(address: string, into: Uint8Array | number[], at: number): void {
  let byte = 0;
  let next = at;
  for (let i = 0; i < address.length; i++) {
    const code = address.charCodeAt(i);
    if (code === DOT) {
      into[next++] = byte;
      byte = 0;
    } else byte = byte * 10 + code - ZERO;
  }
  into[next] = byte;
}

const [DOT, ZERO] = [46, 48];

function groupBytes(groups: string): number[] {
  if (groups === '') return [];
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return ipv4Bytes(group);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** The canonical text of the first 4 or 16 bytes. */
export function addressFromBytes(bytes: ArrayLike<number>, family: Family): string {
  if (family === 'ipv4') return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

/** Whether a canonical address may stand for one host: not unspecified, multicast or IPv4's limited broadcast. */
export function isUnicast(address: string): boolean {
  const bytes = addressBytes(address);
  const first = bytes[0] ?? 0;
  if (bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 0xff)) return false;
  return bytes.length === 4 ? first !== 0 && (first & 0xf0) !== 0xe0 : first !== 0xff;
}
