/** What a driver does to virtual services. */
import assert from 'node:assert/strict';
import { destinationKey, type Frontend, frontendKey } from '../../../src/domain/keys.js';
import type { Operation, ServiceConfig } from '../../../src/domain/table.js';
import type { IpvsDriver } from '../../../src/driver/driver.js';
import {
  deleteService,
  newDestination,
  newService,
  plainDestination,
  plainService,
  setService,
} from '../../support/operations.js';
import {
  configs,
  type DriverSubject,
  done,
  first,
  mark,
  onEmptyTable,
  persistence,
  persistence6,
  web,
  web6,
} from './subject.js';

export function describeServices(subject: DriverSubject): void {
  const it = (name: string, run: (driver: IpvsDriver) => Promise<void>): void =>
    onEmptyTable(subject, name, run);

  const frontends: Record<string, Frontend> = {
    'TCP over IPv4': web,
    'UDP over IPv4': { ...web, protocol: 'udp' },
    'SCTP over IPv4': { ...web, protocol: 'sctp' },
    'TCP over IPv6': web6,
    'port 0': { ...web, port: 0 },
    'port 65535': { ...web, port: 65_535 },
    'an IPv4 firewall mark': mark,
    'an IPv6 firewall mark': { fwmark: 7, family: 'ipv6' },
    'the greatest firewall mark': { fwmark: 0xffffffff, family: 'ipv4' },
  };
  for (const [label, frontend] of Object.entries(frontends)) {
    it(`creates and deletes a service with ${label}`, async (driver) => {
      const key = frontendKey(frontend);
      await done(driver, newService(frontend));
      assert.deepEqual(
        [...(await driver.read()).values()],
        [{ kind: 'service', key, frontend, config: plainService }],
      );
      assert.deepEqual(await driver.readServices([key]), await driver.read());
      await done(driver, deleteService(frontend));
      assert.equal((await driver.read()).size, 0);
    });
  }

  it('keeps frontends apart that differ in one part of their key', async (driver) => {
    const all = Object.values(frontends);
    await done(driver, ...all.map((frontend) => newService(frontend)));
    assert.deepEqual(new Set((await driver.read()).keys()), new Set(all.map(frontendKey)));
  });

  it('takes firewall mark 0 for no mark: TCP, the zero address and port 0', async (driver) => {
    await done(driver, newService({ fwmark: 0, family: 'ipv4' }), newService({ fwmark: 0, family: 'ipv6' }));
    assert.deepEqual(new Set((await driver.read()).keys()), new Set(['tcp/0.0.0.0:0', 'tcp/[::]:0']));
  });

  const edits: Record<string, Partial<ServiceConfig>> = {
    'one-packet scheduling': { onePacket: true },
    'a scheduler flag': { schedulerFlags: ['flag-2'] },
    'all scheduler flags': { schedulerFlags: ['flag-1', 'flag-2', 'flag-3'] },
    persistence: { persistence },
    'a persistence netmask': { persistence: { ...persistence, netmask: '255.255.255.0' } },
    'the empty persistence netmask': { persistence: { ...persistence, netmask: '0.0.0.0' } },
    'a persistence netmask with holes': { persistence: { ...persistence, netmask: '128.0.0.1' } },
    'a persistence timeout of 0': { persistence: { ...persistence, timeoutSeconds: 0 } },
    'a persistence engine': { persistence: { ...persistence, engine: 'sip' } },
    'everything at once': {
      scheduler: 'sh',
      schedulerFlags: ['flag-1', 'flag-2'],
      onePacket: true,
      persistence: { timeoutSeconds: 86_400, netmask: '255.255.0.0', engine: 'sip' },
    },
    'no scheduler': { scheduler: '' },
  };
  for (const scheduler of ['rr', 'wrr', 'lc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'fo', 'ovf', 'mh']) {
    edits[`scheduler ${scheduler}`] = { scheduler };
  }
  for (const [label, change] of Object.entries(edits)) {
    it(`creates a service with ${label}, edits it there and back`, async (driver) => {
      const key = frontendKey(web);
      const steps: [Operation, ServiceConfig][] = [
        [newService(web, change), { ...plainService, ...change }],
        [setService(web), plainService],
        [setService(web, change), { ...plainService, ...change }],
      ];
      for (const [operation, expected] of steps) {
        await done(driver, operation);
        assert.deepEqual((await driver.readServices([key])).get(key)?.config, expected);
      }
    });
  }

  it('keeps IPv6 persistence prefixes from 1 to 128', async (driver) => {
    const key = frontendKey(web6);
    for (const netmask of ['128', '64', '1']) {
      const change = { persistence: { ...persistence6, netmask } };
      await done(driver, netmask === '128' ? newService(web6, change) : setService(web6, change));
      assert.deepEqual(configs(await driver.read())[key], { ...plainService, ...change });
    }
  });

  it('keeps the destinations of a service that is edited', async (driver) => {
    await done(
      driver,
      newService(web),
      newDestination(web, first, { weight: 5 }),
      setService(web, { scheduler: 'rr' }),
    );
    assert.deepEqual(configs(await driver.read()), {
      [frontendKey(web)]: { ...plainService, scheduler: 'rr' },
      [destinationKey(frontendKey(web), first)]: { ...plainDestination, weight: 5 },
    });
  });

  it('deletes a service together with its destinations, and starts empty when it is created again', async (driver) => {
    await done(
      driver,
      newService(web),
      newDestination(web, first),
      newService(mark),
      newDestination(mark, first),
    );
    await done(driver, deleteService(web));
    assert.deepEqual(Object.keys(configs(await driver.read())).sort(), [
      frontendKey(mark),
      destinationKey(frontendKey(mark), first),
    ]);
    await done(driver, newService(web));
    assert.equal((await driver.readServices([frontendKey(web)])).size, 1);
  });
}
