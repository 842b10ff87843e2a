/** The worked example of a packet path: of the service in `examples.ts`, made by the code that makes all others. */
import { packetPath } from '../domain/packet-path/packet-path.js';
import { normaliseCluster } from '../domain/schema/cluster.js';
import { normaliseRealServer } from '../domain/schema/real-server.js';
import { normaliseVirtualService } from '../domain/schema/virtual-service.js';
import { NAMES } from './examples.js';

const route = { interface: 'eth1', source: '192.168.10.1', gateway: null, mtu: 1500, local: false };

export const PACKET_PATH = packetPath({
  names: { project: NAMES.project, cluster: NAMES.cluster, virtualService: NAMES.virtualService },
  cluster: normaliseCluster({ forwarding: { method: 'nat' } }),
  service: normaliseVirtualService({ protocol: 'tcp', address: '192.168.10.88', port: 80, scheduler: 'wrr' }),
  realServers: [
    {
      name: NAMES.realServer,
      spec: normaliseRealServer({ address: NAMES.address, port: 8080, weight: 3 }),
      route,
    },
  ],
  client: { address: '203.0.113.7', port: 40_000 },
  vip: null,
  toClient: { ...route, interface: 'eth0', source: '198.51.100.1', gateway: '198.51.100.254' },
});
