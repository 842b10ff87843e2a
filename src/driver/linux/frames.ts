/** Ethernet frames that tell neighbours where an address is now. Pure. */
import { addressBytes } from '../../domain/address.js';
import { familyOfAddress } from '../../domain/keys.js';
import { ETH_P_ARP, ETH_P_IPV4, ETH_P_IPV6 } from './constants.js';

export interface Announcement {
  readonly address: string;
  /** In colon notation. */
  readonly mac: string;
  /** Whether the host forwards IPv6 on that interface: a neighbour forgets a router that says that it is none. */
  readonly isRouter: boolean;
}

const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const NOBODY = [0, 0, 0, 0, 0, 0];
/** 33:33 and the end of ff02::1, all nodes (RFC 2464, section 7). */
const ALL_NODES_MAC = [0x33, 0x33, 0, 0, 0, 1];
const ALL_NODES = addressBytes('ff02::1');

/** Every frame that announces the address: for IPv4 in both forms of gratuitous ARP, as some neighbours heed only one. */
export function announcementFrames(announcement: Announcement): Uint8Array[] {
  const address = addressBytes(announcement.address);
  const mac = announcement.mac.split(':').map((part) => Number.parseInt(part, 16));
  if (familyOfAddress(announcement.address) === 'ipv6') {
    return [neighbourAdvertisement({ address, mac, isRouter: announcement.isRouter })];
  }
  return [
    gratuitousArp({ operation: 1, address, mac, target: NOBODY }),
    gratuitousArp({ operation: 2, address, mac, target: BROADCAST }),
  ];
}

interface ArpFields {
  /** 1 request, 2 reply (RFC 826). */
  readonly operation: number;
  readonly address: readonly number[];
  readonly mac: readonly number[];
  readonly target: readonly number[];
}

/** Sender and target protocol address are the announced one (RFC 5227, section 3). */
function gratuitousArp({ operation, address, mac, target }: ArpFields): Uint8Array {
  return Uint8Array.from([
    ...ethernetHeader(BROADCAST, mac, ETH_P_ARP),
    // hardware type 1 (Ethernet), protocol, and the lengths of their addresses
    ...[0, 1, ...bigEndian16(ETH_P_IPV4), 6, 4, ...bigEndian16(operation)],
    ...[...mac, ...address, ...target, ...address],
  ]);
}

interface AdvertisementFields {
  readonly address: readonly number[];
  readonly mac: readonly number[];
  readonly isRouter: boolean;
}

/** Unsolicited, to all nodes, overriding what they know (RFC 4861, section 7.2.6). */
function neighbourAdvertisement({ address, mac, isRouter }: AdvertisementFields): Uint8Array {
  const OVERRIDE = 0x20;
  const ROUTER = 0x80;
  const targetLinkLayerAddress = [2, 1, ...mac];
  const withChecksum = (checksum: number): number[] => [
    ...[136, 0, ...bigEndian16(checksum)],
    ...[OVERRIDE | (isRouter ? ROUTER : 0), 0, 0, 0],
    ...address,
    ...targetLinkLayerAddress,
  ];
  const blank = withChecksum(0);
  const pseudoHeader = [...address, ...ALL_NODES, 0, 0, ...bigEndian16(blank.length), 0, 0, 0, ICMPV6];
  return Uint8Array.from([
    ...ethernetHeader(ALL_NODES_MAC, mac, ETH_P_IPV6),
    ...[0x60, 0, 0, 0, ...bigEndian16(blank.length), ICMPV6, 255],
    ...address,
    ...ALL_NODES,
    ...withChecksum(internetChecksum([...pseudoHeader, ...blank])),
  ]);
}

const ICMPV6 = 58;

function ethernetHeader(to: readonly number[], from: readonly number[], protocol: number): number[] {
  return [...to, ...from, ...bigEndian16(protocol)];
}

function bigEndian16(value: number): [number, number] {
  return [value >> 8, value & 0xff];
}

/** RFC 1071, of an even number of bytes. */
function internetChecksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
