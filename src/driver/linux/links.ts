/** The network interfaces: `struct ifinfomsg` and IFLA_* of linux/if_link.h. */
import type { HostLink } from '../host.js';
import { attributeTable, binary, nested, text, u32 } from '../wire/attributes.js';
import type { Message } from '../wire/message.js';
import { HOST_IS_LITTLE_ENDIAN } from '../wire/writer.js';
import { ARPHRD_ETHER, IFF_NOARP, IFF_UP, IFLA, IFLA_INFO_KIND, RTM } from './constants.js';
import { attributesAfter, claimHeader, list, type Session } from './session.js';

const HEADER_BYTES = 16;

const LINK = attributeTable({
  address: binary(IFLA.ADDRESS),
  name: text(IFLA.IFNAME),
  mtu: u32(IFLA.MTU),
  info: nested(IFLA.LINKINFO, attributeTable({ kind: text(IFLA_INFO_KIND) })),
});

export interface Link extends HostLink {
  /** Whether neighbours on it are found by ARP and neighbour discovery. */
  readonly hasNeighbours: boolean;
}

export function readLinks(session: Session): Promise<Link[]> {
  return list(session, {
    type: RTM.GETLINK,
    encode: (writer) => claimHeader(writer, HEADER_BYTES),
    decode: decodeLink,
  });
}

export function decodeLink(message: Message): Link {
  const { source, start, end } = message;
  const values = LINK.decode(source, attributesAfter(message, HEADER_BYTES), end);
  const isEthernet = source.view.getUint16(start + 2, HOST_IS_LITTLE_ENDIAN) === ARPHRD_ETHER;
  const flags = source.view.getUint32(start + 8, HOST_IS_LITTLE_ENDIAN);
  return {
    name: values.name ?? '',
    index: source.view.getInt32(start + 4, HOST_IS_LITTLE_ENDIAN),
    up: (flags & IFF_UP) !== 0,
    mtu: values.mtu ?? 0,
    kind: values.info?.kind ?? null,
    mac: isEthernet && values.address ? colons(values.address) : null,
    hasNeighbours: isEthernet && (flags & IFF_NOARP) === 0,
  };
}

function colons(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
