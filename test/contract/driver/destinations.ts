/** What a driver does to destinations. */
import assert from 'node:assert/strict';
import { destinationKey, type Frontend, frontendKey } from '../../../src/domain/keys.js';
import type { DestinationConfig, Operation } from '../../../src/domain/table.js';
import type { IpvsDriver } from '../../../src/driver/driver.js';
import {
  deleteDestination,
  newDestination,
  newService,
  plainDestination,
  setDestination,
} from '../../support/operations.js';
import {
  configs,
  type DriverSubject,
  done,
  first,
  first6,
  ipip,
  mark,
  onEmptyTable,
  second,
  web,
  web6,
} from './subject.js';

export function describeDestinations(subject: DriverSubject): void {
  const it = (name: string, run: (driver: IpvsDriver) => Promise<void>): void =>
    onEmptyTable(subject, name, run);

  const changes: Record<string, Partial<DestinationConfig>> = {
    'method nat': { method: 'nat' },
    'method local': { method: 'local' },
    'method bypass': { method: 'bypass' },
    'a method without a meaning': { method: 'method-7' },
    'method tun': { method: 'tun', tunnel: ipip },
    'a GUE tunnel': { method: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'none' } },
    'a GUE tunnel with checksum': { method: 'tun', tunnel: { type: 'gue', port: 65_535, checksum: 'csum' } },
    'a GUE tunnel with remote checksum': {
      method: 'tun',
      tunnel: { type: 'gue', port: 1, checksum: 'remcsum' },
    },
    'a GRE tunnel': { method: 'tun', tunnel: { type: 'gre', port: 0, checksum: 'none' } },
    'a GRE tunnel with checksum': { method: 'tun', tunnel: { type: 'gre', port: 0, checksum: 'csum' } },
    'weight 0': { weight: 0 },
    'weight 65535': { weight: 65_535 },
    'the greatest weight the kernel takes': { weight: 0x7fffffff },
    thresholds: { upperThreshold: 200, lowerThreshold: 100 },
    'equal thresholds': { upperThreshold: 5, lowerThreshold: 5 },
    'an upper threshold only': { upperThreshold: 0xffffffff },
  };
  for (const [label, change] of Object.entries(changes)) {
    it(`adds a destination with ${label}, edits it there and back`, async (driver) => {
      const key = destinationKey(frontendKey(web), first);
      await done(driver, newService(web));
      const steps: [Operation, DestinationConfig][] = [
        [newDestination(web, first, change), { ...plainDestination, ...change }],
        [setDestination(web, first), plainDestination],
        [setDestination(web, first, change), { ...plainDestination, ...change }],
      ];
      for (const [operation, expected] of steps) {
        await done(driver, operation);
        assert.deepEqual((await driver.read()).get(key)?.config, expected);
      }
    });
  }

  it('adds destinations to IPv6 and firewall-mark services', async (driver) => {
    const mark6: Frontend = { fwmark: 7, family: 'ipv6' };
    await done(driver, newService(web6), newService(mark), newService(mark6));
    await done(
      driver,
      newDestination(web6, first6),
      newDestination(mark, second),
      newDestination(mark6, first6),
    );
    assert.equal((await driver.read()).size, 6);
    await done(
      driver,
      deleteDestination(web6, first6),
      deleteDestination(mark, second),
      deleteDestination(mark6, first6),
    );
    assert.equal((await driver.read()).size, 3);
  });

  it('keeps destinations apart by address and by port, and takes port 0', async (driver) => {
    const backends = [first, { ...first, port: 81 }, { ...first, port: 0 }, { ...second, port: 80 }];
    await done(driver, newService(web), ...backends.map((backend) => newDestination(web, backend)));
    await done(driver, setDestination(web, { ...first, port: 81 }, { weight: 0 }));
    const weights = [...(await driver.read()).values()].flatMap((entry) =>
      entry.kind === 'destination' ? [[entry.backend.port, entry.config.weight]] : [],
    );
    assert.deepEqual(weights, [
      [80, 1],
      [0, 1],
      [81, 0],
      [80, 1],
    ]);
  });

  it('brings a deleted destination back with nothing of its past', async (driver) => {
    const past: Partial<DestinationConfig> = {
      method: 'tun',
      weight: 7,
      upperThreshold: 9,
      lowerThreshold: 3,
      tunnel: { type: 'gue', port: 6080, checksum: 'csum' },
    };
    await done(driver, newService(web), newDestination(web, first, past), newDestination(web, second));
    await done(driver, deleteDestination(web, first), newDestination(web, first));
    const destinations = [...(await driver.read()).values()].slice(1);
    assert.deepEqual(
      destinations.map(({ key }) => key),
      [first, second].map((backend) => destinationKey(frontendKey(web), backend)),
    );
    assert.deepEqual(destinations[0]?.config, plainDestination);
  });

  it('mixes address families with tunnels', async (driver) => {
    const tunnel = { method: 'tun' as const, tunnel: ipip };
    await done(driver, newService(web), newService(web6));
    await done(driver, newDestination(web, first6, tunnel), newDestination(web6, first, tunnel));
    await done(driver, setDestination(web, first6, { ...tunnel, weight: 3 }));
    const shown = configs(await driver.read());
    assert.deepEqual(shown[destinationKey(frontendKey(web), first6)], {
      ...plainDestination,
      ...tunnel,
      weight: 3,
    });
    assert.deepEqual(shown[destinationKey(frontendKey(web6), first)], { ...plainDestination, ...tunnel });
    await done(driver, deleteDestination(web, first6), deleteDestination(web6, first));
    assert.equal((await driver.read()).size, 2);
  });

  const accepted = ['0.1.2.3', '127.0.0.1', '169.254.1.1', '240.0.0.1', '255.255.255.254'];
  const accepted6 = ['::1', '::2', '::192.0.2.1', 'fec0::1', 'fc00::1', '64:ff9b::1'];
  it('takes unusual unicast addresses as the kernel does', async (driver) => {
    await done(driver, newService(web), newService(web6));
    await done(driver, ...accepted.map((address) => newDestination(web, { address, port: 80 })));
    await done(driver, ...accepted6.map((address) => newDestination(web6, { address, port: 80 })));
    assert.equal((await driver.read()).size, 2 + accepted.length + accepted6.length);
  });
}
