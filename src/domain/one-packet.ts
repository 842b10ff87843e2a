import type { Forwarding } from './schema/forwarding.js';

/**
 * Why replies get lost with one-packet scheduling, or null: the connection is forgotten when its datagram has left
 * (ip_vs_conn_put of IP_VS_CONN_F_ONE_PACKET), so nothing puts the VIP into the reply, and source NAT has nothing to match.
 */
export function onePacketFault(onePacket: boolean, { method }: Forwarding): string | null {
  if (!onePacket || method === 'dr' || method === 'tun') return null;
  return (
    `One-packet scheduling forgets each datagram at once, so method ${method} cannot put the VIP into the reply: clients do not ` +
    'know who answers. Use dr or tun, or switch onePacket off, unless nobody waits for a reply.'
  );
}
