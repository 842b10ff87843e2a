import { execFileSync } from 'node:child_process';
import { createNetlinkDriver } from '../../src/driver/netlink/client.js';
import { describeDriver } from '../contract/driver-contract.js';
import { connectBySync } from '../support/connections.js';

execFileSync('ip', ['link', 'add', 'subnet0', 'type', 'dummy']);
execFileSync('ip', ['address', 'add', '10.77.0.1/24', 'dev', 'subnet0']);
execFileSync('ip', ['link', 'set', 'subnet0', 'up']);

// Where scripts/guest-init.sh shows the guest's modules.
const open = () => createNetlinkDriver({ modulesDirectory: '/run/guest/lib/modules' });

describeDriver({
  name: 'netlink',
  open,
  subnetBroadcast: '10.77.0.255',
  networkInterface: 'subnet0',
  connect: (connections) =>
    connectBySync({ driver: open(), name: 'subnet0', address: '10.77.0.1' }, connections),
});
