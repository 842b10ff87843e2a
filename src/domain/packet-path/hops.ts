/** The hops of one request and its reply, for each forwarding method. */
import { familyOfAddress } from '../keys.js';
import { onePacketFault } from '../one-packet.js';
import type { Route } from '../route.js';
import type { Forwarding } from '../schema/forwarding.js';
import type { Hop } from '../schema/packet-path.js';

/** Everything that the hops depend on; endpoints are texts, because some of their parts may be unknown. */
export interface Flow {
  /** CIP:port. */
  readonly client: string;
  /** VIP:port. */
  readonly vip: string;
  readonly vipAddress: string;
  /** Interface to which lvsd binds the VIP; null: it is bound by others. */
  readonly vipInterface: string | null;
  /** RIP:port. */
  readonly rip: string;
  /** RIP without its port. */
  readonly address: string;
  /** What the director calls itself towards the real server; "DIP" when that is not known. */
  readonly dip: string;
  /** The source address and port of fullnat. */
  readonly snat: string;
  readonly realServer: string;
  readonly forwarding: Forwarding;
  readonly mapsPort: boolean;
  readonly onePacket: boolean;
  readonly toClient: Route | null;
  readonly toServer: Route | null;
}

export interface Hops {
  readonly request: Hop[];
  readonly reply: Hop[];
}

/** Whether nothing on the director puts the VIP into replies, because the datagram has been forgotten. */
export function isForgotten({ forwarding, onePacket, toServer }: Flow): boolean {
  return onePacketFault(onePacket, forwarding) !== null && !toServer?.local;
}

export function hopsOf(flow: Flow): Hops {
  if (flow.toServer?.local) return localHops(flow);
  if (isForgotten(flow)) return forgottenHops(flow);
  switch (flow.forwarding.method) {
    case 'nat':
      return natHops(flow);
    case 'fullnat':
      return fullnatHops(flow);
    case 'dr':
      return directHops(flow, sent(flow));
    case 'tun':
      return directHops(flow, encapsulated(flow));
  }
}

function arriving({ client, vip, toClient }: Flow): Hop {
  return {
    ...packet('client', 'director', client, vip),
    sourceMac: nextTo(toClient, 'client'),
    destinationMac: 'director (it answers for the VIP)',
    interface: toClient?.interface ?? null,
  };
}

function leaving({ client, vip, toClient }: Flow): Hop {
  return {
    ...packet('director', 'client', vip, client),
    sourceMac: 'director',
    destinationMac: nextTo(toClient, 'client'),
    interface: toClient?.interface ?? null,
  };
}

/** Director to real server, the packet as it came. */
function sent({ client, vip, realServer, toServer }: Flow): Hop {
  return {
    ...packet('director', realServer, client, vip),
    sourceMac: 'director',
    destinationMac: `${realServer} (it answers for the RIP)`,
    interface: toServer?.interface ?? null,
    rewritten: ['MAC addresses'],
  };
}

function routed(hop: Hop, { realServer, toServer }: Flow): Hop {
  return { ...hop, destinationMac: nextTo(toServer, realServer) };
}

function encapsulated(flow: Flow): Hop {
  const { tunnel } = flow.forwarding;
  const port = tunnel?.type === 'gue' ? `:${tunnel.port}` : '';
  const isIpv6 = familyOfAddress(flow.address) === 'ipv6';
  return {
    ...routed(sent(flow), flow),
    outer: {
      encapsulation: tunnel?.type ?? 'ipip',
      source: flow.dip,
      destination: port && isIpv6 ? `[${flow.address}]${port}` : `${flow.address}${port}`,
    },
    rewritten: ['outer header'],
    note: `${flow.realServer} takes the outer header off, and finds the packet as the client sent it.`,
  };
}

function natHops(flow: Flow): Hops {
  const { client, rip, realServer, mapsPort, toServer } = flow;
  return {
    request: [
      arriving(flow),
      {
        ...routed(sent(flow), flow),
        destination: rip,
        rewritten: ['destination address', ...(mapsPort ? ['destination port'] : [])],
      },
    ],
    reply: [
      {
        ...packet(realServer, 'director', rip, client),
        sourceMac: nextTo(toServer, realServer),
        destinationMac: 'director (the way of these replies)',
        interface: toServer?.interface ?? null,
      },
      { ...leaving(flow), rewritten: ['source address', ...(mapsPort ? ['source port'] : [])] },
    ],
  };
}

function fullnatHops(flow: Flow): Hops {
  const { rip, snat, realServer, mapsPort, toServer } = flow;
  const port = mapsPort ? [' port'] : [];
  return {
    request: [
      arriving(flow),
      {
        ...routed(sent(flow), flow),
        source: snat,
        destination: rip,
        rewritten: ['source address', 'destination address', ...port.map((text) => `destination${text}`)],
        note: "The source port is the client's, or another when that is taken.",
      },
    ],
    reply: [
      {
        ...packet(realServer, 'director', rip, snat),
        sourceMac: nextTo(toServer, realServer),
        destinationMac: 'director',
        interface: toServer?.interface ?? null,
      },
      {
        ...leaving(flow),
        rewritten: ['source address', 'destination address', ...port.map((text) => `source${text}`)],
      },
    ],
  };
}

/** As the reply of method nat, but nobody puts the VIP into it. */
function forgottenHops(flow: Flow): Hops {
  const { client, rip, realServer } = flow;
  const { request, reply } = natHops(flow);
  const [back, out] = reply;
  return {
    request,
    reply: [
      ...(back ? [back] : []),
      ...(out ? [{ ...out, source: rip, destination: client, rewritten: [] }] : []),
    ].map((hop) => ({
      ...hop,
      note: `The datagram was forgotten: the reply still comes from ${realServer}.`,
    })),
  };
}

function directHops(flow: Flow, second: Hop): Hops {
  const { client, vip, realServer } = flow;
  return {
    request: [arriving(flow), second],
    reply: [
      {
        ...packet(realServer, 'client', vip, client),
        sourceMac: realServer,
        destinationMac: `client, or the router of ${realServer} to it`,
        interface: null,
        note: 'The director does not see it.',
      },
    ],
  };
}

function localHops(flow: Flow): Hops {
  return {
    request: [
      { ...arriving(flow), note: `It is delivered to ${flow.realServer}, which is the director itself.` },
    ],
    reply: [leaving(flow)],
  };
}

function packet(
  from: string,
  to: string,
  source: string,
  destination: string,
): Omit<Hop, 'sourceMac' | 'destinationMac' | 'interface'> {
  return { from, to, source, destination, outer: null, rewritten: [], note: null };
}

/** Whose MAC address stands for a party that may be behind a router. */
function nextTo(route: Route | null, party: string): string {
  if (!route) return `${party}, or the router to it`;
  return route.gateway === null ? party : `router ${route.gateway}`;
}
