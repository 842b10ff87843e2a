/** The cheap look at the table shows what it can of a read, and nothing else. */
import assert from 'node:assert/strict';
import { frontendKey } from '../../../src/domain/keys.js';
import { type Outline, outlineName, outlineOf } from '../../../src/domain/outline.js';
import type { DestinationConfig, ServiceConfig } from '../../../src/domain/table.js';
import type { IpvsDriver } from '../../../src/driver/driver.js';
import {
  deleteDestination,
  deleteService,
  newDestination,
  newService,
  setDestination,
  setService,
} from '../../support/operations.js';
import {
  type DriverSubject,
  done,
  first,
  first6,
  ipip,
  manyBackends,
  mark,
  onEmptyTable,
  persistence,
  persistence6,
  second,
  web,
  web6,
} from './subject.js';

const mark6 = { ...mark, family: 'ipv6' } as const;

export function describeOutline(subject: DriverSubject): void {
  const it = (name: string, run: (driver: IpvsDriver) => Promise<void>): void =>
    onEmptyTable(subject, name, run);

  it('outlines an empty table as an empty map', async (driver) => {
    assert.deepEqual(await driver.outline(), new Map());
  });

  it('outlines services of every kind as a read shows them', async (driver) => {
    await done(driver, ...[web, web6, mark, mark6].map((frontend) => newService(frontend)));
    await done(driver, newService({ ...web, protocol: 'udp' }, { onePacket: true, scheduler: 'sh' }));
    await done(driver, newService({ ...web6, protocol: 'udp' }, { onePacket: true }));
    await done(driver, newService({ ...web, protocol: 'sctp' }, { persistence }));
    await done(driver, newService({ ...web6, port: 0 }, { persistence: persistence6 }));
    await done(driver, newService({ ...mark, fwmark: 0xffffffff }, { onePacket: true, persistence }));
    await done(driver, newService({ ...web, port: 1 }, { scheduler: 'none' }));
    await agrees(driver, 9);
  });

  it('outlines destinations of every method, family and weight as a read shows them', async (driver) => {
    const methods = ['nat', 'dr', 'tun', 'local', 'bypass'] as const;
    const backends = manyBackends(methods.length);
    await done(driver, newService(web), newService(web6), newService(mark), newService(mark6));
    for (const [index, method] of methods.entries()) {
      const config = { method, weight: index * 1000, tunnel: method === 'tun' ? ipip : null };
      await done(driver, newDestination(web, { address: `10.9.7.${index}`, port: 80 }, config));
    }
    await done(driver, newDestination(web, first6, { method: 'tun', tunnel: ipip, weight: 0x7fffffff }));
    await done(driver, newDestination(web6, first6), newDestination(mark6, first6));
    await done(driver, ...backends.map((backend) => newDestination(mark, backend)));
    await agrees(driver, 3);
    const names = [...((await driver.outline()) ?? new Map()).keys()];
    assert.equal(names.filter((name) => name === outlineName(mark)).length, 1);
  });

  it('outlines a long table, and a service of many destinations', async (driver) => {
    const services = Array.from({ length: 300 }, (_, n) => ({ ...web, port: n + 1 }));
    await done(driver, ...services.map((frontend) => newService(frontend)));
    await done(driver, ...services.map((frontend) => newDestination(frontend, second)));
    await done(driver, ...manyBackends(1000).map((backend) => newDestination(web, backend)));
    await agrees(driver, 300);
  });

  it('changes with each attribute that it shows, and with each entry', async (driver) => {
    await done(driver, newService(web), newDestination(web, first));
    const seen = new Set([await textOf(driver)]);
    const steps = [
      setService(web, { scheduler: 'rr' }),
      setService(web, { onePacket: true }),
      setService(web, { persistence }),
      setDestination(web, first, { weight: 7 }),
      setDestination(web, first, { method: 'nat' }),
      setDestination(web, first, { method: 'tun', tunnel: ipip }),
      newDestination(web, second),
      deleteDestination(web, first),
      deleteDestination(web, second),
      deleteService(web),
    ];
    for (const [index, step] of steps.entries()) {
      await done(driver, step);
      seen.add(await textOf(driver));
      assert.equal(seen.size, index + 2, JSON.stringify(step));
    }
  });

  it('does not change with the order of destinations', async (driver) => {
    await done(driver, newService(web), newDestination(web, first), newDestination(web, second));
    const before = await driver.outline();
    await done(driver, deleteDestination(web, first), newDestination(web, first));
    assert.deepEqual(await driver.outline(), before);
  });

  it('does not show thresholds, tunnels, engines and the rest', async (driver) => {
    const tunnel = { ...ipip, type: 'gre' } as const;
    const config: Partial<DestinationConfig> = { method: 'tun', tunnel: ipip };
    const service: Partial<ServiceConfig> = { scheduler: 'sh', persistence };
    await done(driver, newService(web, service), newDestination(web, first, config));
    const before = await driver.outline();
    await done(
      driver,
      setDestination(web, first, { ...config, tunnel, upperThreshold: 9, lowerThreshold: 3 }),
    );
    const other = { ...persistence, timeoutSeconds: 60, netmask: '255.255.255.0' };
    await done(driver, setService(web, { ...service, persistence: other, schedulerFlags: ['flag-1'] }));
    assert.deepEqual(await driver.outline(), before);
  });

  it('says where two families share a name', async (driver) => {
    await done(driver, newService(mark), newService(mark6, { scheduler: 'rr' }));
    await agrees(driver, 1);
    const [text] = [...((await driver.outline()) ?? new Map()).values()].map((one) => one.text);
    assert.equal(text, 'rr\nwlc', frontendKey(mark));
  });
}

async function agrees(driver: IpvsDriver, names: number): Promise<void> {
  const outline = await driver.outline();
  assert.deepEqual(sorted(outline), sorted(outlineOf((await driver.read()).values())));
  assert.equal(outline?.size, names);
}

function sorted(outline: Outline | null): unknown {
  return [...(outline ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
}

async function textOf(driver: IpvsDriver): Promise<string> {
  return JSON.stringify(sorted(await driver.outline()));
}
