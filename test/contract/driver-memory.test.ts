import { createMemoryKernel } from '../../src/driver/memory.js';
import { describeDriver } from './driver-contract.js';

const subnetBroadcast = '10.77.0.255';
const kernel = createMemoryKernel({ localBroadcasts: ['127.255.255.255', subnetBroadcast] });

describeDriver({
  name: 'memory',
  open: kernel.open,
  subnetBroadcast,
  networkInterface: 'eth0',
  async connect(connections) {
    kernel.setConnections(
      connections.map(({ timeoutSeconds, ...ends }) => ({
        protocol: 'tcp',
        ...ends,
        state: 'ESTABLISHED',
        expiresSeconds: timeoutSeconds,
        persistence: null,
      })),
    );
  },
});
