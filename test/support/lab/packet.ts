/** Headers of IP packets, tunnels included. */
import { addressFromBytes } from '../../../src/domain/address.js';

/** Where IPVS sends what it encapsulates in UDP. */
export const GUE_PORT = 6080;

/** What a header says; `inner` is the packet that it carries. */
export interface Packet {
  readonly source: string;
  readonly destination: string;
  /** `tcp`, `ipip`, …; the number of the protocol where it has no name here. */
  readonly protocol: string;
  /** 0 where the protocol has none. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly inner?: Packet;
}

/** EtherTypes. */
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const PROTOCOLS: Readonly<Record<number, string>> = {
  4: 'ipip',
  6: 'tcp',
  17: 'udp',
  41: 'ipip',
  47: 'gre',
  132: 'sctp',
};
const IPPROTO_IPV6 = 41;
const WITH_PORTS = ['tcp', 'udp', 'sctp'];

/** Undefined when it is not an IP packet (ARP, say). */
export function readPacket(bytes: Buffer, etherType: number): Packet | undefined {
  if (etherType === IPV4) return readIpv4(bytes);
  if (etherType === IPV6) return readIpv6(bytes);
  return undefined;
}

function readIpv4(bytes: Buffer): Packet {
  const headerLength = (bytes.readUInt8(0) & 0x0f) * 4;
  return readPayload(bytes.subarray(headerLength), bytes.readUInt8(9), {
    source: addressFromBytes(bytes.subarray(12), 'ipv4'),
    destination: addressFromBytes(bytes.subarray(16), 'ipv4'),
  });
}

function readIpv6(bytes: Buffer): Packet {
  return readPayload(bytes.subarray(40), bytes.readUInt8(6), {
    source: addressFromBytes(bytes.subarray(8), 'ipv6'),
    destination: addressFromBytes(bytes.subarray(24), 'ipv6'),
  });
}

function readPayload(
  payload: Buffer,
  number: number,
  addresses: { readonly source: string; readonly destination: string },
): Packet {
  const protocol = PROTOCOLS[number] ?? String(number);
  const hasPorts = WITH_PORTS.includes(protocol);
  const sourcePort = hasPorts ? payload.readUInt16BE(0) : 0;
  const destinationPort = hasPorts ? payload.readUInt16BE(2) : 0;
  const packet = { ...addresses, protocol, sourcePort, destinationPort };
  if (protocol === 'udp' && destinationPort === GUE_PORT) {
    return { ...packet, protocol: 'gue', ...carried(readGue(payload.subarray(8))) };
  }
  if (protocol === 'gre') return { ...packet, ...carried(readGre(payload)) };
  if (protocol === 'ipip') {
    return { ...packet, ...carried(readPacket(payload, number === IPPROTO_IPV6 ? IPV6 : IPV4)) };
  }
  return packet;
}

function carried(inner: Packet | undefined): { inner?: Packet } {
  return inner === undefined ? {} : { inner };
}

/** RFC 2784: flags, EtherType, and four bytes more with a checksum. */
function readGre(bytes: Buffer): Packet | undefined {
  const hasChecksum = (bytes.readUInt8(0) & 0x80) !== 0;
  return readPacket(bytes.subarray(hasChecksum ? 8 : 4), bytes.readUInt16BE(2));
}

/** Variant 0 of draft-ietf-intarea-gue: four bytes and optional words, the protocol in the second byte. */
function readGue(bytes: Buffer): Packet | undefined {
  const headerLength = 4 + (bytes.readUInt8(0) & 0x1f) * 4;
  return readPacket(bytes.subarray(headerLength), bytes.readUInt8(1) === IPPROTO_IPV6 ? IPV6 : IPV4);
}
