/** What must be true for the packets to arrive, and what is known not to be. */
import { type Family, familyOfAddress } from '../keys.js';
import { onePacketFault } from '../one-packet.js';
import type { Route } from '../route.js';
import type { PathCondition } from '../schema/packet-path.js';
import { encapsulationBytes } from '../tunnel.js';
import type { Flow } from './hops.js';

export function conditionsOf(flow: Flow, family: Family): PathCondition[] {
  const { realServer, vip, vipAddress, vipInterface, rip, dip, forwarding } = flow;
  const at = (place: string, topic: string, detail: string): PathCondition => ({ place, topic, detail });
  const bound = at(
    'director',
    'vip',
    vipInterface === null
      ? `It has the VIP ${vipAddress}, which lvsd is not told to bind, and answers for it.`
      : `It has the VIP ${vipAddress}, which lvsd binds to ${vipInterface}, and answers for it.`,
  );
  const isNat = forwarding.method === 'nat' || forwarding.method === 'fullnat';
  if (flow.toServer?.local) {
    return [bound, at('director', 'listening', `The service listens on ${isNat ? rip : vip}.`)];
  }
  const forward = at(
    'director',
    'ip-forward',
    `${family === 'ipv4' ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding'} = 1, for the replies.`,
  );
  const silent = at(
    realServer,
    'arp',
    family === 'ipv4'
      ? 'It has the VIP, but does not answer ARP for it: arp_ignore = 1, arp_announce = 2.'
      : 'It has the VIP on lo or the tunnel, where no neighbour solicitation asks for it.',
  );
  const listening = (where: string) => at(realServer, 'listening', `The service listens on ${where}.`);
  const reverse = at(
    realServer,
    'rp-filter',
    'rp_filter is not strict where clients are reached by another interface.',
  );
  const direct = [silent, ...(family === 'ipv4' ? [reverse] : []), listening(vip)];
  switch (forwarding.method) {
    case 'nat':
      return [
        bound,
        forward,
        at(realServer, 'return-path', `Its replies to clients go by the director (${dip}).`),
        listening(rip),
      ];
    case 'dr':
      return [
        bound,
        at('network', 'same-segment', `Director and ${realServer} are on one segment.`),
        ...direct,
      ];
    case 'tun':
      return [
        bound,
        at(
          realServer,
          'tunnel-device',
          `A device for ${forwarding.tunnel?.type ?? 'ipip'} is up, with the VIP on it.`,
        ),
        at('network', 'mtu', mtuText(flow)),
        ...direct,
      ];
    case 'fullnat':
      return [
        bound,
        forward,
        at('director', 'conntrack', 'net.ipv4.vs.conntrack = 1.'),
        at('director', 'source-nat', `Its source NAT rules are in place: lvsd keeps them.`),
        at(realServer, 'return-path', 'It has a route to the director; none to clients is needed.'),
        listening(rip),
      ];
  }
}

function mtuText({ forwarding, address, toServer }: Flow): string {
  const bytes = encapsulationBytes(forwarding, familyOfAddress(address));
  const room = toServer ? ` (${toServer.mtu - bytes} of ${toServer.mtu})` : '';
  return `Requests leave room for ${bytes} bytes of outer header${room}, or ICMP "fragmentation needed" gets to the client.`;
}

export function warningsOf(flow: Flow): string[] {
  const { forwarding, toClient, toServer, realServer, onePacket } = flow;
  const { method } = forwarding;
  const fault = onePacketFault(onePacket, forwarding);
  const isNeighbour = isNear(toClient) && isNear(toServer) && toClient?.interface === toServer?.interface;
  const gateway = toServer?.gateway;
  return [
    ...(fault === null || toServer?.local ? [] : [fault]),
    ...(method === 'dr' && gateway
      ? [`${realServer} is behind the router ${gateway}: dr needs one segment. Use tun, or move one of them.`]
      : []),
    ...(method === 'nat' && isNeighbour
      ? [
          `The client is on the segment of ${realServer}, which would answer it directly: these replies must go by the director too ` +
            `(the setup of ${realServer} sees to that), and the director must not redirect them (send_redirects = 0).`,
        ]
      : []),
    ...(method === 'nat' && gateway
      ? [
          `${realServer} is behind the router ${gateway}: it must send the replies to the director. Or use fullnat.`,
        ]
      : []),
  ];
}

/** Known, and reached without a router. */
function isNear(route: Route | null): boolean {
  return route !== null && route.gateway === null && !route.local;
}
