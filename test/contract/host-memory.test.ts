import { createMemoryHost } from '../../src/driver/memory-host.js';
import { describeHost } from './host-contract.js';

const host = createMemoryHost({ interfaces: ['eth0', 'eth1'] });

describeHost({
  name: 'memory',
  open: host.open,
  interfaces: ['eth0', 'eth1'],
  addAddress: host.addAddress,
  removeAddress: host.removeAddress,
});
