/**
 * What a host must have to be a real server, as data: the formats (shell, networkd, Ansible) only spell it. Kernel sources
 * are named where a need would not be guessed.
 */
import { addressBytes } from '../address.js';
import { type Family, familyOfAddress, type Protocol } from '../keys.js';
import type { Forwarding } from '../schema/forwarding.js';

export type TunnelDevice = 'ipip' | 'sit' | 'ip6tnl' | 'gre' | 'ip6gre';

export type Need =
  /** Requests come in by the interface that has this address, wherever the route back to their clients leads. */
  | { readonly kind: 'arrival'; readonly address: string }
  /** A value of /proc/sys that is to be at least so great. */
  | { readonly kind: 'sysctl'; readonly key: string; readonly least: number }
  /** A receiver of GUE: opens the UDP port and unpacks. */
  | { readonly kind: 'fou'; readonly port: number; readonly local: string }
  | {
      readonly kind: 'tunnel';
      readonly device: string;
      readonly type: TunnelDevice;
      readonly local: string;
      /** Whether packets arrive with a checksum; gre devices take those of their kind only (__ip_tunnel_rcv). */
      readonly checksum: boolean;
    }
  | {
      readonly kind: 'address';
      readonly address: string;
      readonly family: Family;
      readonly device: string;
    }
  /**
   * Replies of the service go by the gateway; all others keep their way. `from` null: from any address, because a UDP socket
   * that is bound to none has none yet when its route is looked up. `protocol` null and `port` 0: any.
   */
  | {
      readonly kind: 'reply-route';
      readonly address: string;
      readonly from: string | null;
      readonly protocol: Protocol | null;
      readonly port: number;
      readonly gateway: string;
      readonly table: number;
    };

/** One real server of one virtual service, as far as its host is concerned. */
export interface ServiceNeeds {
  readonly forwarding: Forwarding;
  /** RIP. */
  readonly address: string;
  /** Port of the real server; 0: any. */
  readonly port: number;
  /** null: any, behind a firewall mark. */
  readonly protocol: Protocol | null;
  /** Family of what clients connect to. */
  readonly family: Family;
  /** What clients connect to: one, or several behind a firewall mark. May be a placeholder. */
  readonly vips: readonly string[];
  /** The director's address towards the real server. May be a placeholder. */
  readonly dip: string;
}

/** Everything that stands for an address that lvsd does not know looks like this. */
export const PLACEHOLDER = /^@[A-Z]+@$/;

/** Of all services that one host is behind, each need once, in the order in which they are to be met. */
export function needsOf(services: readonly ServiceNeeds[]): Need[] {
  const all = services.flatMap(needsOfOne);
  return [...new Map(all.map((need) => [JSON.stringify(need), need])).values()];
}

function needsOfOne(service: ServiceNeeds): Need[] {
  switch (service.forwarding.method) {
    case 'dr':
      return [...silence(service), ...looseArrival(service), ...vips(service, 'lo')];
    case 'tun':
      return [...silence(service), ...tunnelNeeds(service)];
    case 'nat':
      return [...looseArrival(service), replyRoute(service)];
    case 'fullnat':
      return [];
  }
}

/**
 * The host must not say that it has the VIP: requests would come to it past the director. The kernel takes the greater of
 * conf.all and the interface's own (IN_DEV_MAXCONF). IPv6 needs none: a neighbour solicitation is answered only for addresses of
 * the interface that it came in by (ndisc_recv_ns).
 */
function silence({ family }: ServiceNeeds): Need[] {
  if (family === 'ipv6') return [];
  return [
    { kind: 'sysctl', key: 'net/ipv4/conf/all/arp_ignore', least: 1 },
    { kind: 'sysctl', key: 'net/ipv4/conf/all/arp_announce', least: 2 },
  ];
}

function vips({ vips: addresses, family }: ServiceNeeds, device: string): Need[] {
  return addresses.map((address) => ({ kind: 'address', address, family, device }));
}

/** IPv6 has no reverse path filtering of its own. */
function looseArrival({ address }: ServiceNeeds): Need[] {
  return familyOfAddress(address) === 'ipv4' ? [{ kind: 'arrival', address }] : [];
}

/**
 * The VIP is on the tunnel's device, not on lo: reverse path filtering drops all that a device without addresses receives
 * (__fib_validate_source), loose or strict. It must be loose (2), because the client is not behind the tunnel; 0 would not do
 * where conf.all is 1.
 */
function tunnelNeeds(service: ServiceNeeds): Need[] {
  const { forwarding, address, family } = service;
  const { type = 'ipip', port = 0, checksum = 'none' } = forwarding.tunnel ?? {};
  const kind = tunnelDevice(type === 'gre', family, familyOfAddress(address));
  const device = deviceName(kind, address);
  const hasChecksum = type === 'gre' && checksum === 'csum';
  return [
    ...(type === 'gue' ? [{ kind: 'fou', port, local: address } as const] : []),
    { kind: 'tunnel', device, type: kind, local: address, checksum: hasChecksum },
    ...(family === 'ipv4' ? [looseReversePath(device)] : []),
    ...vips(service, device),
  ];
}

function looseReversePath(device: string): Need {
  return { kind: 'sysctl', key: `net/ipv4/conf/${device}/rp_filter`, least: 2 };
}

/** Which kind of device takes the inner packet out of the outer one; GUE hands what it carries to the same devices. */
function tunnelDevice(isGre: boolean, inner: Family, outer: Family): TunnelDevice {
  if (outer === 'ipv6') return isGre ? 'ip6gre' : 'ip6tnl';
  if (isGre) return 'gre';
  return inner === 'ipv4' ? 'ipip' : 'sit';
}

/** A device of our own for each RIP, so that taking it away takes nothing else: `ipip-0a000001`. At most 15 characters. */
function deviceName(type: TunnelDevice, local: string): string {
  const bytes = addressBytes(local);
  const word = bytes.length === 4 ? bytes : hash(bytes);
  return `${type}-${word.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** FNV-1a, 32 bits. */
function hash(bytes: readonly number[]): number[] {
  const sum = bytes.reduce((before, byte) => Math.imul(before ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
  return [24, 16, 8, 0].map((shift) => (sum >>> shift) & 0xff);
}

export const RULE_PRIORITY = 7600;
const FIRST_TABLE = 7600;
const TABLES = 4096;

/** A routing table for each gateway. */
function replyRoute({ address, protocol, port, dip }: ServiceNeeds): Need {
  const seed = hash([...Buffer.from(dip)]).reduce((sum, byte) => sum * 256 + byte, 0);
  const isAny = protocol === null || port === 0;
  return {
    kind: 'reply-route',
    address,
    from: protocol === 'udp' && !isAny ? null : address,
    protocol: isAny ? null : protocol,
    port: isAny ? 0 : port,
    gateway: dip,
    table: FIRST_TABLE + (seed % TABLES),
  };
}
