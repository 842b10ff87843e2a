import type { Family } from './keys.js';
import type { Forwarding } from './schema/forwarding.js';

/**
 * Bytes that method tun puts before a packet: the outer IP header, and GRE (4, with checksum 8), or UDP (8) and GUE (4, with
 * remote checksum 12; ip_vs_tunnel_xmit).
 */
export function encapsulationBytes({ tunnel }: Forwarding, outer: Family): number {
  const ip = outer === 'ipv4' ? 20 : 40;
  switch (tunnel?.type) {
    case 'gre':
      return ip + (tunnel.checksum === 'csum' ? 8 : 4);
    case 'gue':
      return ip + 8 + (tunnel.checksum === 'remcsum' ? 12 : 4);
    default:
      return ip;
  }
}
