/** What the reader of a setup should know beside it, a sentence or two each. */
import { endpoint, type Family, familyOfAddress } from '../keys.js';
import type { Route } from '../route.js';
import { encapsulationBytes } from '../tunnel.js';
import { PLACEHOLDER, type ServiceNeeds } from './needs.js';

/** `route`: the director's to the real server, null when it is not known. */
export function remarksOf(service: ServiceNeeds, route: Route | null): string[] {
  switch (service.forwarding.method) {
    case 'dr':
      return [
        ...listening(service),
        ...unknownVip(service),
        ...segment(service, route),
        ...quietFamily(service),
      ];
    case 'tun':
      return [...listening(service), ...unknownVip(service), ...tunnelRemarks(service, route)];
    case 'nat':
      return natRemarks(service, route);
    case 'fullnat':
      return [
        `Method fullnat needs nothing on the real server: its peer is the director, and its replies go there by its ordinary routes.`,
      ];
  }
}

function listening({ vips, port, protocol }: ServiceNeeds): string[] {
  const where = vips.map((vip) => (port === 0 ? vip : endpoint(vip, port))).join(', ');
  return [
    `Packets come for the VIP: the service must listen on ${where}${protocol ? `/${protocol}` : ''}, or on all addresses.`,
  ];
}

function unknownVip({ vips }: ServiceNeeds): string[] {
  if (!vips.some((vip) => PLACEHOLDER.test(vip))) return [];
  return [
    'A firewall mark does not tell which addresses clients connect to: ask again with vip=ADDRESS (or several), or put them in ' +
      'place of @VIP@.',
  ];
}

function segment({ address }: ServiceNeeds, route: Route | null): string[] {
  const gateway = route?.gateway;
  return gateway
    ? [
        `The director reaches ${address} by the router ${gateway}: method dr works only on one segment. Use tun, or move one of them.`,
      ]
    : [];
}

function quietFamily({ family }: ServiceNeeds): string[] {
  if (family === 'ipv4') return [];
  return [
    'IPv6 needs no ARP settings: Linux answers neighbour solicitations only for addresses of the interface that asks.',
  ];
}

function tunnelRemarks(service: ServiceNeeds, route: Route | null): string[] {
  const { forwarding, address, family } = service;
  const bytes = encapsulationBytes(forwarding, familyOfAddress(address));
  const room = (route?.mtu ?? 1500) - bytes;
  const segmentSize = room - (family === 'ipv4' ? 40 : 60);
  return [
    `Let in ${outerProtocol(service)} from the director; a firewall sees that, not the packets inside.`,
    `Requests arrive with ${bytes} bytes of outer header: those longer than ${room} are answered to the client with ICMP ` +
      `"fragmentation needed", which must reach it. To be independent of that, announce a smaller segment: ip route change default … ` +
      `advmss ${segmentSize}.`,
  ];
}

function outerProtocol({ forwarding, family }: ServiceNeeds): string {
  switch (forwarding.tunnel?.type) {
    case 'gue':
      return `UDP port ${forwarding.tunnel.port}`;
    case 'gre':
      return 'IP protocol 47 (gre)';
    default:
      return innerProtocol(family);
  }
}

function innerProtocol(family: Family): string {
  return family === 'ipv4' ? 'IP protocol 4 (ipip)' : 'IP protocol 41 (ipv6)';
}

function natRemarks({ address, port, protocol, dip }: ServiceNeeds, route: Route | null): string[] {
  const isAny = protocol === null || port === 0;
  return [
    ...(PLACEHOLDER.test(dip)
      ? [
          `lvsd does not know by which address the director reaches ${address}: ask again with dip=ADDRESS, or put it in place of @DIP@.`,
        ]
      : []),
    `Replies must go back through the director, which puts the VIP into them: ${
      isAny ? `all packets from ${address}` : `packets from ${protocol} port ${port}`
    } go by ${dip}, the rest of this host's traffic as before. With several directors, dip is the address that moves with the VIP.`,
    `Or let the whole host use it: ip route replace default via ${dip}. That may cut off who manages this host by another router.`,
    ...(route?.gateway
      ? [
          `The director reaches ${address} by the router ${route.gateway}: replies must be routed to ${dip} there, or use fullnat.`,
        ]
      : []),
  ];
}
