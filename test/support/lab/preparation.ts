/** What the forwarding methods need of the hosts around IPVS. */
import { execFileSync } from 'node:child_process';
import type { Rest } from '../kernel-rest.js';
import { commandIn, DIRECTOR, ip, sysctl } from './namespaces.js';
import { DIRECTOR_INTERFACE, FAMILIES, type Family, LAN, REAL_SERVERS, UPLINK } from './network.js';

const ADDRESSES = '/v1/projects/default/real-server-addresses';

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

/** Source NAT of IPVS connections needs them tracked; lvsd reports that it is off and leaves it so. */
export function trackConnections(): void {
  sysctl(DIRECTOR, { 'ipv4/vs/conntrack': 1 });
}

/** The real servers reach their own segment only, or clients too, by the router. */
export function routeToClients(verb: 'add' | 'del'): void {
  for (const name of REAL_SERVERS) {
    ip(
      name,
      FAMILIES.map((family) => `route ${verb} default via ${LAN[family].router}`),
    );
  }
}

/**
 * The real servers answer clients through the director, as nat needs it. To a router on the same segment the director
 * redirects them (ICMP, RFC 1812 5.2.7.2): past itself, that would be.
 */
export function routeByDirector(): void {
  for (const name of REAL_SERVERS) {
    sysctl(name, {
      'ipv4/conf/all/accept_redirects': 0,
      [`ipv4/conf/${UPLINK}/accept_redirects`]: 0,
      [`ipv6/conf/${UPLINK}/accept_redirects`]: 0,
    });
    ip(
      name,
      FAMILIES.map((family) => `route replace default via ${LAN[family].director}`),
    );
  }
}

/** Runs on every real server the script that lvsd hands out for its addresses, or the one that undoes it. */
export async function runSetups(
  rest: Rest,
  { undo = false, families = FAMILIES }: { undo?: boolean; families?: readonly Family[] } = {},
): Promise<void> {
  for (const name of REAL_SERVERS) {
    for (const family of families) {
      const address = `${ADDRESSES}/${encodeURIComponent(LAN[family][name])}`;
      const script = await rest.get<string>(`${address}/setup?undo=${undo}&dip=${LAN[family].director}`);
      execFileSync(...commandIn(name, ['sh', '-c', script]));
    }
  }
}
