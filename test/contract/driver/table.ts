/** How a driver shows its kernel's table. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { destinationKey, frontendKey } from '../../../src/domain/keys.js';
import type { IpvsDriver } from '../../../src/driver/driver.js';
import { KernelUnavailableError } from '../../../src/driver/kernel-error.js';
import {
  deleteDestination,
  deleteService,
  newDestination,
  newService,
  plainDestination,
  plainService,
  setDestination,
  setService,
} from '../../support/operations.js';
import {
  type DriverSubject,
  done,
  errnos,
  first,
  first6,
  ipip,
  mark,
  onEmptyTable,
  second,
  web,
  web6,
} from './subject.js';

const { EEXIST } = constants.errno;

export function describeTable(subject: DriverSubject): void {
  const it = (name: string, run: (driver: IpvsDriver) => Promise<void>): void =>
    onEmptyTable(subject, name, run);

  it('says what it is and what the kernel has', async (driver) => {
    const info = await driver.info();
    assert.match(info.kernelRelease, /^\d+\.\d+/);
    assert.match(info.ipvsVersion, /^\d+\.\d+\.\d+$/);
    assert.ok(info.connectionTableSize > 0);
    assert.equal(info.capabilities.ipv6, true);
    assert.ok(info.capabilities.schedulers?.includes('wlc'));
    assert.equal(info.capabilities.schedulers?.includes('twos'), false);
    assert.deepEqual(info.capabilities.persistenceEngines, ['sip']);
  });

  it('reads an empty table as an empty map', async (driver) => {
    assert.deepEqual(await driver.read(), new Map());
    assert.deepEqual(await driver.read({ stats: true }), new Map());
    assert.deepEqual(await driver.readServices([frontendKey(web)]), new Map());
    assert.deepEqual(await driver.readServices([]), new Map());
  });

  it('does nothing when there is nothing to do', async (driver) => {
    assert.deepEqual(await driver.apply([]), []);
  });

  it('shows every service followed by its destinations, the newest first', async (driver) => {
    await done(driver, newService(web), newService(mark));
    await done(driver, newDestination(web, first), newDestination(mark, first), newDestination(web, second));
    await done(driver, setDestination(web, first, { weight: 9 }));
    const keys = [...(await driver.read()).keys()];
    const webKeys = [
      frontendKey(web),
      `${frontendKey(web)}->10.9.0.2:8080`,
      `${frontendKey(web)}->10.9.0.1:80`,
    ];
    const markKeys = [frontendKey(mark), `${frontendKey(mark)}->10.9.0.1:80`];
    const orders = [
      [...webKeys, ...markKeys],
      [...markKeys, ...webKeys],
    ];
    assert.ok(
      orders.some((order) => order.join() === keys.join()),
      keys.join(),
    );
  });

  it('gives whole entries: kind, key, frontend, backend, config and nothing else', async (driver) => {
    await done(driver, newService(web6), newDestination(web6, first6));
    const key = frontendKey(web6);
    assert.deepEqual(
      [...(await driver.read()).values()],
      [
        { kind: 'service', key, frontend: web6, config: plainService },
        {
          kind: 'destination',
          key: destinationKey(key, first6),
          frontend: web6,
          backend: first6,
          config: plainDestination,
        },
      ],
    );
  });

  it('counts nothing where no packet passed, and only when asked', async (driver) => {
    await done(driver, newService(web), newDestination(web, first));
    for (const table of [
      await driver.read({ stats: true }),
      await driver.readServices([frontendKey(web)], { stats: true }),
    ]) {
      assert.equal(table.size, 2);
      for (const entry of table.values()) {
        assert.equal(entry.stats?.inBytes, 0n);
        assert.deepEqual(new Set(Object.values(entry.stats)), new Set([0n]));
        assert.equal(Object.keys(entry.stats).length, 10);
        if (entry.kind === 'service') assert.equal('connections' in entry, false);
        else assert.deepEqual(entry.connections, { active: 0, inactive: 0, persistent: 0 });
      }
    }
    for (const entry of (await driver.read({ stats: false })).values()) assert.equal('stats' in entry, false);
  });

  it('reads named services with their destinations and leaves out the absent', async (driver) => {
    await done(driver, newService(web), newService(web6), newService(mark));
    await done(driver, newDestination(web, first), newDestination(web, second), newDestination(web6, first6));
    const whole = await driver.read();
    const keys = [web6, { ...web, port: 81 }, web, web6].map(frontendKey);
    const some = await driver.readServices(keys);
    assert.equal(some.size, 5);
    for (const [key, entry] of some) assert.deepEqual(entry, whole.get(key));
    assert.equal(some.has(frontendKey(mark)), false);
  });

  it('shows a change to every handle on the same kernel', async (driver) => {
    const other = subject.open();
    try {
      await done(driver, newService(web));
      await done(other, newDestination(web, first));
      assert.deepEqual(await driver.read(), await other.read());
      assert.deepEqual(await errnos(other, [newService(web)]), [EEXIST]);
    } finally {
      other.close();
    }
    await done(driver, deleteService(web));
  });

  it('hands out snapshots that later changes leave alone', async (driver) => {
    await done(driver, newService(web), newDestination(web, first));
    const before = await driver.read();
    const copy = structuredClone(before);
    await done(driver, setService(web, { scheduler: 'rr' }), deleteDestination(web, first));
    assert.deepEqual(before, copy);
    assert.equal((await driver.read()).size, 1);
  });

  it('keeps nothing of the operations it was given', async (driver) => {
    const config = { ...plainDestination, method: 'tun' as const, tunnel: { ...ipip } };
    const backend = { ...first };
    await done(driver, newService(web), newDestination(web, backend, config));
    backend.port = 1;
    config.weight = 99;
    config.tunnel.port = 99;
    const shown = await driver.read();
    assert.deepEqual(shown.get(destinationKey(frontendKey(web), first))?.config, {
      ...plainDestination,
      method: 'tun',
      tunnel: ipip,
    });
  });

  test('rejects every call once it is closed', async () => {
    const driver = subject.open();
    driver.close();
    await assert.rejects(driver.info(), KernelUnavailableError);
    await assert.rejects(driver.read(), KernelUnavailableError);
    await assert.rejects(driver.readServices([frontendKey(web)]), KernelUnavailableError);
    await assert.rejects(driver.apply([newService(web)]), KernelUnavailableError);
  });
}
