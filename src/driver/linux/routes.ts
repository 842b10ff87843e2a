/** Route lookup: `struct rtmsg` and RTA_* of linux/rtnetlink.h. */
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { addressBytes, addressFromBytes } from '../../domain/address.js';
import { type Family, familyOfAddress } from '../../domain/keys.js';
import type { HostRoute } from '../host.js';
import { KernelUnavailableError } from '../kernel-error.js';
import { attributeTable, binary, nested, u32 } from '../wire/attributes.js';
import { AF_INET, AF_INET6 } from '../wire/constants.js';
import type { Message } from '../wire/message.js';
import type { Writer } from '../wire/writer.js';
import { RTA, RTAX_MTU, RTM, RTN_LOCAL, RTN_WITHOUT_WAY } from './constants.js';
import type { Link } from './links.js';
import { attributesAfter, claimHeader, type Session } from './session.js';

const HEADER_BYTES = 12;
const TYPE_OFFSET = 7;

const ROUTE = attributeTable({
  destination: binary(RTA.DST),
  interface: u32(RTA.OIF),
  gateway: binary(RTA.GATEWAY),
  /** `struct rtvia`: a gateway of the other family; its family (2 bytes), then its address. */
  via: binary(RTA.VIA),
  source: binary(RTA.PREFSRC),
  metrics: nested(RTA.METRICS, attributeTable({ mtu: u32(RTAX_MTU) })),
});

/** A route with the index of its interface. */
interface Route extends Omit<HostRoute, 'interface' | 'mtu'> {
  readonly index: number;
  /** Null: that of the interface. */
  readonly mtu: number | null;
}

/** What a lookup is answered with where packets cannot go: no route, or one that says so. */
const NO_WAY = new Set([
  constants.errno.ENETUNREACH,
  constants.errno.EHOSTUNREACH,
  constants.errno.EACCES,
  constants.errno.EINVAL,
  constants.errno.EAFNOSUPPORT,
  constants.errno.EOPNOTSUPP,
]);
const TYPES_WITHOUT_WAY = new Set<number>(Object.values(RTN_WITHOUT_WAY));

export function lookUpRoute(session: Session, address: string, links: readonly Link[]): HostRoute | null {
  const route = askForRoute(session, address);
  const link = links.find(({ index }) => index === route?.index);
  if (!route || !link) return null;
  const { source, gateway, mtu, local } = route;
  return { interface: link.name, source, gateway, mtu: mtu ?? link.mtu, local };
}

/** Whether packets to the address end at this host. */
export function isLocal(session: Session, address: string): boolean {
  return askForRoute(session, address)?.local ?? false;
}

function askForRoute({ connection }: Session, address: string): Route | null {
  let found: Route | null = null;
  const { errno } = connection.request({
    type: RTM.GETROUTE,
    encode: (writer) => encodeQuestion(writer, address),
    onReply(message) {
      found = decodeRoute(message, familyOfAddress(address));
    },
  });
  if (errno === 0) return found;
  if (NO_WAY.has(errno)) return null;
  throw new KernelUnavailableError(`the kernel answered a route lookup with ${getSystemErrorName(-errno)}`);
}

function encodeQuestion(writer: Writer, address: string): void {
  const bytes = Uint8Array.from(addressBytes(address));
  const start = claimHeader(writer, HEADER_BYTES);
  writer.view.setUint8(start, bytes.length === 4 ? AF_INET : AF_INET6);
  writer.view.setUint8(start + 1, bytes.length * 8);
  ROUTE.encode(writer, { destination: bytes });
}

function decodeRoute(message: Message, family: Family): Route | null {
  const { source, start, end } = message;
  const values = ROUTE.decode(source, attributesAfter(message, HEADER_BYTES), end);
  const type = source.view.getUint8(start + TYPE_OFFSET);
  if (TYPES_WITHOUT_WAY.has(type) || values.interface === undefined || !values.source) return null;
  return {
    index: values.interface,
    source: addressFromBytes(values.source, family),
    gateway: gatewayOf(values, family),
    mtu: values.metrics?.mtu || null,
    local: type === RTN_LOCAL,
  };
}

function gatewayOf(
  { gateway, via }: { gateway?: Uint8Array | undefined; via?: Uint8Array | undefined },
  family: Family,
): string | null {
  if (gateway) return addressFromBytes(gateway, family);
  return via ? addressFromBytes(via.subarray(2), via.length === 6 ? 'ipv4' : 'ipv6') : null;
}
