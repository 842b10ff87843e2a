/**
 * The lab's network. The director is the guest itself; the others are namespaces. Client and real servers are on different
 * subnets, as they mostly are, and the router between them is the gateway of the real servers and of the director.
 *
 *     client ── router ── switch ─┬─ director
 *                                 ├─ rs1
 *                                 ├─ rs2
 *                                 └─ rs3
 */
import { DIRECTOR, ip, sysctl } from './namespaces.js';

export type Family = 'ipv4' | 'ipv6';

export const CLIENT = 'client';
export const REAL_SERVERS = ['rs1', 'rs2', 'rs3'] as const;
export type RealServerName = (typeof REAL_SERVERS)[number];

/** The director's interface on the real servers' segment. */
export const DIRECTOR_INTERFACE = 'lan';
/** The interface of everybody else. */
export const UPLINK = 'eth0';

/** Addresses of the real servers' segment. */
export const LAN = {
  ipv4: {
    router: '192.0.2.1',
    director: '192.0.2.2',
    vip: '192.0.2.100',
    rs1: '192.0.2.11',
    rs2: '192.0.2.12',
    rs3: '192.0.2.13',
  },
  ipv6: {
    router: '2001:db8:1::1',
    director: '2001:db8:1::2',
    vip: '2001:db8:1::100',
    rs1: '2001:db8:1::11',
    rs2: '2001:db8:1::12',
    rs3: '2001:db8:1::13',
  },
} as const;

/** The client has two subnets, and some hosts' addresses in each: `clientAddress('ipv4', 0, 7)` is 203.0.113.17. */
const CLIENT_SUBNETS = {
  ipv4: ['203.0.113.', '198.51.100.'],
  ipv6: ['2001:db8:a::', '2001:db8:b::'],
} as const;
const HOSTS_IN_SUBNET = 40;
const PREFIX = { ipv4: 24, ipv6: 64 } as const;
export const FAMILIES = ['ipv4', 'ipv6'] as const;

export function clientAddress(family: Family, subnet: 0 | 1 = 0, host = 0): string {
  return `${CLIENT_SUBNETS[family][subnet]}${10 + host}`;
}

/** Everything but VIPs and what a forwarding method needs on the real servers. It lives as long as the guest. */
export function createNetwork(): void {
  const names = [CLIENT, 'router', 'switch', ...REAL_SERVERS];
  ip(
    DIRECTOR,
    names.map((name) => `netns add ${name}`),
  );
  // Duplicate address detection would keep IPv6 addresses from use for a second.
  for (const name of [DIRECTOR, ...names]) sysctl(name, { 'ipv6/conf/default/accept_dad': 0 });
  for (const name of [DIRECTOR, 'router'])
    sysctl(name, { 'ipv4/ip_forward': 1, 'ipv6/conf/all/forwarding': 1 });
  const others = ['router', ...REAL_SERVERS];
  ip('switch', [
    'link add segment type bridge',
    'link set segment up',
    `link add name to-${DIRECTOR} type veth peer name ${DIRECTOR_INTERFACE} netns 1`,
    ...others.map((name) => `link add name to-${name} type veth peer name ${UPLINK} netns ${name}`),
    ...[DIRECTOR, ...others].map((name) => `link set to-${name} up master segment`),
  ]);
  ip('router', [`link add client type veth peer name ${UPLINK} netns ${CLIENT}`, 'link set client up']);
  for (const host of [DIRECTOR, ...REAL_SERVERS] as const) connectHost(host);
  connectRouterAndClient();
}

function connectHost(host: typeof DIRECTOR | RealServerName): void {
  const device = host === DIRECTOR ? DIRECTOR_INTERFACE : UPLINK;
  ip(host, [
    'link set lo up',
    `link set ${device} up`,
    ...FAMILIES.flatMap((family) => [
      `address add ${LAN[family][host]}/${PREFIX[family]} dev ${device} ${family === 'ipv6' ? 'nodad' : ''}`,
      `route add default via ${LAN[family].router}`,
    ]),
  ]);
}

function connectRouterAndClient(): void {
  const subnets = FAMILIES.flatMap((family) => CLIENT_SUBNETS[family].map((subnet) => ({ family, subnet })));
  ip('router', [
    `link set ${UPLINK} up`,
    ...FAMILIES.map((family) => `address add ${LAN[family].router}/${PREFIX[family]} dev ${UPLINK}`),
    ...subnets.map(({ family, subnet }) => `address add ${subnet}1/${PREFIX[family]} dev client`),
  ]);
  const hosts = Array.from({ length: HOSTS_IN_SUBNET }, (_, host) => 10 + host);
  ip(CLIENT, [
    'link set lo up',
    `link set ${UPLINK} up`,
    ...subnets.flatMap(({ family, subnet }) =>
      hosts.map((host) => `address add ${subnet}${host}/${PREFIX[family]} dev ${UPLINK}`),
    ),
    ...FAMILIES.map((family) => `route add default via ${CLIENT_SUBNETS[family][0]}1`),
  ]);
}
