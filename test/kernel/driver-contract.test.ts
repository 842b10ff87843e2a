import { execFileSync } from 'node:child_process';
import { createNetlinkDriver } from '../../src/driver/netlink/client.js';
import { describeDriver } from '../contract/driver-contract.js';

execFileSync('ip', ['link', 'add', 'subnet0', 'type', 'dummy']);
execFileSync('ip', ['address', 'add', '10.77.0.1/24', 'dev', 'subnet0']);
execFileSync('ip', ['link', 'set', 'subnet0', 'up']);

describeDriver({
  name: 'netlink',
  // Where scripts/guest-init.sh shows the guest's modules.
  open: () => createNetlinkDriver({ modulesDirectory: '/run/guest/lib/modules' }),
  subnetBroadcast: '10.77.0.255',
  networkInterface: 'subnet0',
});
