/** What each forwarding method needs of the hosts around IPVS, set up and taken back. */
import { execFileSync } from 'node:child_process';
import type { ForwardingInput } from '../../../src/domain/schema/forwarding.js';
import { DIRECTOR, ip, sysctl } from './namespaces.js';
import { DIRECTOR_INTERFACE, FAMILIES, LAN, REAL_SERVERS, type RealServerName, UPLINK } from './network.js';
import { GUE_PORT } from './packet.js';

/** Modules that make tunnel devices and receivers; loading them makes tunl0, gre0 and ip6tnl0 in every namespace. */
const TUNNEL_MODULES = ['ipip', 'ip6_tunnel', 'ip_gre', 'ip6_gre', 'fou', 'fou6'];

/**
 * The director takes the VIPs. As an address of the preferred kind, an IPv6 VIP would be the source of what the director
 * itself sends to its segment, tunnels included: with 128 bits it matches every destination longest (RFC 6724, rule 8).
 */
export function bindVips(): void {
  ip(DIRECTOR, [
    `address add ${LAN.ipv4.vip}/32 dev ${DIRECTOR_INTERFACE}`,
    `address add ${LAN.ipv6.vip}/128 dev ${DIRECTOR_INTERFACE} nodad preferred_lft 0`,
  ]);
}

export function loadTunnelModules(): void {
  execFileSync('modprobe', ['-a', ...TUNNEL_MODULES]);
}

export function prepareRealServers(forwarding: ForwardingInput): void {
  for (const name of REAL_SERVERS) setUp(name, forwarding, 'add');
}

export function undoRealServers(forwarding: ForwardingInput): void {
  for (const name of REAL_SERVERS) setUp(name, forwarding, 'del');
}

function setUp(name: RealServerName, { method, tunnel }: ForwardingInput, verb: 'add' | 'del'): void {
  const isAdding = verb === 'add';
  if (method === 'nat') {
    const gateway = isAdding ? 'director' : 'router';
    // To a router on the same segment the director redirects replies (ICMP, RFC 1812 5.2.7.2): past itself, that would be.
    const accept = isAdding ? 0 : 1;
    sysctl(name, {
      'ipv4/conf/all/accept_redirects': accept,
      [`ipv4/conf/${UPLINK}/accept_redirects`]: accept,
      [`ipv6/conf/${UPLINK}/accept_redirects`]: accept,
    });
    ip(
      name,
      FAMILIES.map((family) => `route replace default via ${LAN[family][gateway]}`),
    );
    return;
  }
  sysctl(name, {
    'ipv4/conf/all/arp_ignore': isAdding ? 1 : 0,
    'ipv4/conf/all/arp_announce': isAdding ? 2 : 0,
  });
  ip(name, [
    `address ${verb} ${LAN.ipv4.vip}/32 dev lo`,
    `address ${verb} ${LAN.ipv6.vip}/128 dev lo ${isAdding ? 'nodad' : ''}`,
  ]);
  if (method === 'tun') ip(name, tunnelLines(name, tunnel?.type ?? 'ipip', isAdding));
}

function tunnelLines(name: RealServerName, type: 'ipip' | 'gue' | 'gre', isAdding: boolean): string[] {
  const state = isAdding ? 'up' : 'down';
  const verb = isAdding ? 'add' : 'del';
  if (type === 'gre') {
    const gre6 = isAdding ? `type ip6gre local ${LAN.ipv6[name]} remote any` : '';
    return [`link set gre0 ${state}`, `link ${verb} gre6 ${gre6}`, ...(isAdding ? ['link set gre6 up'] : [])];
  }
  const devices = [`link set tunl0 ${state}`, `link set ip6tnl0 ${state}`];
  const receivers = [`fou ${verb} port ${GUE_PORT} gue`, `fou ${verb} port ${GUE_PORT} gue -6`];
  return type === 'gue' ? [...devices, ...receivers] : devices;
}
