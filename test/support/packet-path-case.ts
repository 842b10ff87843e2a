/** Packet paths of definitions that tests write down, seen from one director. */
import { packetPath } from '../../src/domain/packet-path/packet-path.js';
import type { Route } from '../../src/domain/route.js';
import { normaliseCluster } from '../../src/domain/schema/cluster.js';
import type { ForwardingInput } from '../../src/domain/schema/forwarding.js';
import type { PacketPath } from '../../src/domain/schema/packet-path.js';
import { normaliseRealServer } from '../../src/domain/schema/real-server.js';
import { normaliseVirtualService } from '../../src/domain/schema/virtual-service.js';

export const onSegment: Route = {
  interface: 'eth1',
  source: '10.0.0.254',
  gateway: null,
  mtu: 1500,
  local: false,
};

export interface PathCase {
  readonly forwarding: ForwardingInput;
  readonly vipInterface?: string;
  readonly service?: Parameters<typeof normaliseVirtualService>[0];
  readonly servers?: Readonly<Record<string, Parameters<typeof normaliseRealServer>[0]>>;
  readonly client?: string;
  readonly vip?: string;
  readonly route?: Route | null;
  readonly toClient?: Route | null;
}

export function pathOf(wanted: PathCase): PacketPath {
  const {
    forwarding,
    vipInterface = null,
    service = { protocol: 'tcp', address: '192.0.2.10', port: 80 },
    servers = { 'web-1': { address: '10.0.0.1' } },
    client = '203.0.113.7',
    vip = null,
    route = onSegment,
    toClient = { ...onSegment, interface: 'eth0', source: '198.51.100.1', gateway: '198.51.100.254' },
  } = wanted;
  return packetPath({
    names: { project: 'default', cluster: 'shop', virtualService: 'http' },
    cluster: normaliseCluster({ forwarding: forwarding as never, vip: { interface: vipInterface } }),
    service: normaliseVirtualService(service),
    realServers: Object.entries(servers).map(([name, spec]) => ({
      name,
      spec: normaliseRealServer(spec),
      route,
    })),
    client: { address: client, port: 40_000 },
    vip,
    toClient,
  });
}
