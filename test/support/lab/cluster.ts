/** The lab's cluster: one virtual service for each protocol and family, all three real servers behind each. */
import type { ForwardingInput } from '../../../src/domain/schema/forwarding.js';
import { FAMILIES, LAN, REAL_SERVERS } from './network.js';
import { VIP_PORT } from './servers.js';
import type { Protocol } from './sockets.js';

export const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp', 'sctp'];

/** Its definition, with scheduler rr; `port` is the real servers'. */
export function labDefinition(forwarding: ForwardingInput, port: number) {
  const services = FAMILIES.flatMap((family) =>
    PROTOCOLS.map((protocol) => {
      const spec = { protocol, address: LAN[family].vip, port: VIP_PORT, scheduler: 'rr' };
      return [`${protocol}-${family}`, { spec, realServers: realServersOf(family, port) }];
    }),
  );
  return { spec: { forwarding }, virtualServices: Object.fromEntries(services) };
}

/** All real servers of a family at this port; `more` adds to the spec of some. */
export function realServersOf(
  family: keyof typeof LAN,
  port: number,
  more: Readonly<Record<string, object>> = {},
) {
  const servers = REAL_SERVERS.map((name) => [
    name,
    { spec: { address: LAN[family][name], port, ...more[name] } },
  ]);
  return Object.fromEntries(servers);
}
