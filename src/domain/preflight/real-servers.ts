/** Of the way from the director to each real server. */
import { familyOfAddress } from '../keys.js';
import type { Route } from '../route.js';
import { encapsulationBytes } from '../tunnel.js';
import type { CheckedServer, CheckedService, Facts } from './facts.js';
import { type Finding, finding } from './finding.js';

/** What clients send at most over Ethernet. */
const CLIENT_MTU = 1500;

export function realServerFindings({ host, services }: Facts): Finding[] {
  if (!host) return [];
  const seen = new Set<string>();
  return services.flatMap((service) =>
    service.servers.flatMap((server) => {
      // One host behind many services is told once for each method.
      const once = `${server.address} ${JSON.stringify(server.forwarding)}`;
      if (seen.has(once) || !host.routes.has(server.address)) return [];
      seen.add(once);
      return serverFindings(service, server, host.routes.get(server.address) ?? null);
    }),
  );
}

function serverFindings(service: CheckedService, server: CheckedServer, route: Route | null): Finding[] {
  const { address, path, forwarding } = server;
  const about = { address, resource: path, method: forwarding.method };
  if (!route) {
    return [
      finding('REAL_SERVER_UNREACHABLE', {
        about,
        seen: `The director has no route to ${address}.`,
        remedy: null,
        advice: `Give the director an address in the network of ${address}, or a route to it.`,
      }),
    ];
  }
  if (route.local) {
    return [
      finding('REAL_SERVER_IS_DIRECTOR', {
        about,
        seen: `${address} is an address of the director itself.`,
        remedy: null,
        advice: 'Nothing, when that is meant: a server must listen there.',
      }),
    ];
  }
  switch (forwarding.method) {
    case 'dr':
      return route.gateway === null ? [] : [notOnSegment(service, server, route)];
    case 'nat':
      return [returnPath(server, route)];
    case 'tun':
      return tunnelFindings(server, route);
    case 'fullnat':
      return [];
  }
}

function notOnSegment({ path }: CheckedService, server: CheckedServer, { gateway }: Route): Finding {
  const { address } = server;
  return finding('REAL_SERVER_NOT_ON_SEGMENT', {
    about: { address, resource: server.path, method: 'dr' },
    seen: `${address} is reached through the router ${gateway}.`,
    remedy:
      'curl -fsS -X PATCH -H "Authorization: Bearer $LVSD_TOKEN" ' +
      '-H \'Content-Type: application/merge-patch+json\' -d \'{"spec":{"forwarding":{"method":"fullnat"}}}\' ' +
      `"$LVSD_SERVER/v1/${path}"`,
    advice:
      'Put the real server on a segment of the director, or choose another method for the virtual service: tun, with the setup ' +
      'that lvsd has for its real servers, or fullnat (the command, with LVSD_SERVER and LVSD_TOKEN set), for which they need ' +
      'nothing.',
  });
}

function returnPath({ address, path }: CheckedServer, { gateway, source }: Route): Finding {
  const about = { address, resource: path, method: 'nat' };
  const setup = `Its setup, GET /v1/${path}/setup, has the commands.`;
  if (gateway === null) {
    return finding('NAT_RETURN_PATH', {
      about,
      seen: `${address} is on a segment of the director, which is ${source} there.`,
      remedy: null,
      advice: `The real server must answer clients through ${source}. ${setup}`,
    });
  }
  return finding('NAT_BEHIND_ROUTER', {
    about,
    seen: `${address} is reached through the router ${gateway}.`,
    remedy: null,
    advice: `Have every router on the way send answers to clients through ${source}, or use fullnat. ${setup}`,
  });
}

function tunnelFindings(server: CheckedServer, { mtu, interface: name }: Route): Finding[] {
  const { address, path, forwarding } = server;
  const overhead = encapsulationBytes(forwarding, familyOfAddress(address));
  if (mtu - overhead >= CLIENT_MTU) return [];
  return [
    finding('TUNNEL_MTU', {
      about: { address, resource: path, method: 'tun', interface: name },
      seen: `The way to ${address} takes ${mtu} bytes, of which the tunnel needs ${overhead}.`,
      remedy: `ip link set dev ${name} mtu ${CLIENT_MTU + overhead}`,
      advice:
        `Raise the MTU of ${name} and of the network behind it, or have clients send less: a lower MSS announced by the real ` +
        'servers (ip route … advmss).',
    }),
  ];
}
