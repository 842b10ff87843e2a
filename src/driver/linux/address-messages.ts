/** Addresses of interfaces on the wire: `struct ifaddrmsg` and IFA_* of linux/if_addr.h. */
import { addressBytes, addressFromBytes } from '../../domain/address.js';
import { familyOfAddress } from '../../domain/keys.js';
import { attributeTable, binary, u8, u32 } from '../wire/attributes.js';
import { AF_INET, AF_INET6 } from '../wire/constants.js';
import type { Message } from '../wire/message.js';
import { HOST_IS_LITTLE_ENDIAN, type Writer } from '../wire/writer.js';
import { IFA, IFA_F_NODAD, INFINITY_LIFE_TIME, LVSD_ADDRESS_PROTOCOL } from './constants.js';
import { attributesAfter, claimHeader } from './session.js';

const HEADER_BYTES = 8;

const ADDRESS = attributeTable({
  address: binary(IFA.ADDRESS),
  local: binary(IFA.LOCAL),
  lifetimes: binary(IFA.CACHEINFO),
  flags: u32(IFA.FLAGS),
  protocol: u8(IFA.PROTO),
});

/** An address of the interface with this index. */
export interface InterfaceAddress {
  readonly index: number;
  readonly address: string;
  readonly prefixLength: number;
  /** IFA_PROTO; undefined where the kernel has none or does not know of it. */
  readonly protocol: number | undefined;
}

/** Null for addresses of neither IPv4 nor IPv6. */
export function decodeAddress(message: Message): InterfaceAddress | null {
  const { source, start, end } = message;
  const values = ADDRESS.decode(source, attributesAfter(message, HEADER_BYTES), end);
  const family = source.view.getUint8(start);
  // IFA_ADDRESS of a point-to-point link is the other end's
  const bytes = values.local ?? values.address;
  if (!bytes || (family !== AF_INET && family !== AF_INET6)) return null;
  return {
    index: source.view.getUint32(start + 4, HOST_IS_LITTLE_ENDIAN),
    address: addressFromBytes(bytes, family === AF_INET ? 'ipv4' : 'ipv6'),
    prefixLength: source.view.getUint8(start + 1),
    protocol: values.protocol,
  };
}

/**
 * An address to add, marked as lvsd's. An IPv6 address is usable at once, without duplicate address detection, and is not
 * taken as the source of the director's own packets (deprecated); of IPv4 addresses the kernel takes the one whose network
 * fits.
 */
export function encodeNewAddress(writer: Writer, target: Omit<InterfaceAddress, 'protocol'>): void {
  const isIpv6 = familyOfAddress(target.address) === 'ipv6';
  encodeHeader(writer, target);
  ADDRESS.encode(writer, {
    ...hostAddress(target.address),
    protocol: LVSD_ADDRESS_PROTOCOL,
    ...(isIpv6 && { flags: IFA_F_NODAD, lifetimes: DEPRECATED }),
  });
}

export function encodeDeletedAddress(writer: Writer, target: Omit<InterfaceAddress, 'protocol'>): void {
  encodeHeader(writer, target);
  ADDRESS.encode(writer, hostAddress(target.address));
}

export function encodeAddressQuestion(writer: Writer): void {
  claimHeader(writer, HEADER_BYTES);
}

/** `struct ifa_cacheinfo`: preferred for no time, valid for ever, and two times that the kernel fills in. */
const DEPRECATED = new Uint8Array(Uint32Array.of(0, INFINITY_LIFE_TIME, 0, 0).buffer);

function hostAddress(address: string): { address: Uint8Array; local: Uint8Array } {
  const bytes = Uint8Array.from(addressBytes(address));
  return { address: bytes, local: bytes };
}

function encodeHeader(
  writer: Writer,
  { index, address, prefixLength }: Omit<InterfaceAddress, 'protocol'>,
): void {
  // flags are in IFA_FLAGS; scope 0 is global
  const start = claimHeader(writer, HEADER_BYTES);
  const { view } = writer;
  view.setUint8(start, familyOfAddress(address) === 'ipv4' ? AF_INET : AF_INET6);
  view.setUint8(start + 1, prefixLength);
  view.setUint32(start + 4, index, HOST_IS_LITTLE_ENDIAN);
}
