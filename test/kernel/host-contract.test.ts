import { execFileSync } from 'node:child_process';
import { createLinuxHost } from '../../src/driver/linux/linux-host.js';
import { describeHost } from '../contract/host-contract.js';

const ip = (...args: string[]) => execFileSync('ip', args);

for (const name of ['vip0', 'vip1']) {
  ip('link', 'add', name, 'type', 'dummy');
  ip('link', 'set', name, 'up');
}

describeHost({
  name: 'Linux',
  // Where scripts/guest-init.sh shows the guest's modules.
  open: () => createLinuxHost({ modulesDirectory: '/run/guest/lib/modules', warn: console.error }),
  interfaces: ['vip0', 'vip1'],
  addAddress: ({ address, prefixLength, interface: name }) =>
    ip('address', 'add', `${address}/${prefixLength}`, 'dev', name),
  removeAddress: (address, name) => ip('address', 'del', `${address}/32`, 'dev', name),
});
