/** Passes that look at an outline of the table, and read only what is in doubt. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Control } from '../../src/control/control.js';
import type { Table } from '../../src/domain/table.js';
import type { IpvsDriver } from '../../src/driver/driver.js';
import {
  admin,
  createShop,
  createWorld,
  eventually,
  frontend,
  frontendText,
  http,
  shop,
  summary,
  web1,
} from '../support/control-world.js';
import {
  deleteDestination,
  deleteService,
  newDestination,
  newService,
  setDestination,
  setService,
} from '../support/operations.js';
import { lastPass } from '../support/passes.js';

const WEB1 = `${frontendText}->10.0.0.1:80`;
const backend1 = { address: '10.0.0.1', port: 80 };
const others = { address: '10.7.7.7', port: 80 };

/** A world in which passes come by themselves, with the calls that they make to the driver. */
async function quickWorld(t: TestContext) {
  const world = createWorld(t, { intervalSeconds: 0.05 });
  const driver = world.kernel.open();
  const calls: string[] = [];
  let shownByRead: Table | undefined;
  const watched: IpvsDriver = {
    ...driver,
    async read(options) {
      calls.push('read');
      return shownByRead ? new Map(shownByRead) : driver.read(options);
    },
    async outline() {
      calls.push('outline');
      return driver.outline();
    },
    async readServices(keys, options) {
      const all = [...keys];
      if (all.length > 0) calls.push(`services ${all.sort().join(' ')}`);
      return driver.readServices(all, options);
    },
  };
  const { control } = await world.start(watched);
  await createShop(control);
  await control.realServers.create(admin, http, { name: 'web2', spec: { address: '10.0.0.2' } }, {});
  await passes(control, 4);
  return {
    world,
    control,
    calls,
    /** From now on deep passes are shown the table as it is now, whatever becomes of it. */
    async blindDeepPasses() {
      shownByRead = await driver.read();
    },
    /** Resolves when a quick pass has begun and ended. */
    async quickPass() {
      await passes(control, 1);
      do {
        calls.length = 0;
        await passes(control, 1);
      } while (!calls.includes('outline'));
    },
  };
}

async function passes(control: Control, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const before = await lastPass(control);
    await eventually(async () => (await lastPass(control)) !== before);
  }
}

test('every second pass reads nothing but the outline when nothing is in doubt', async (t) => {
  const { control, calls } = await quickWorld(t);
  calls.length = 0;
  await passes(control, 6);
  const kinds = calls.slice(0, 4);
  assert.deepEqual(kinds.toSorted(), ['outline', 'outline', 'read', 'read']);
  assert.notEqual(kinds[0], kinds[1]);
});

test('a quick pass repairs what the outline shows, by reading that service alone', async (t) => {
  const { world, control, calls, blindDeepPasses } = await quickWorld(t);
  const other = { protocol: 'tcp', address: '192.0.2.10', port: 82 };
  await control.virtualServices.create(admin, shop, { name: 'other', spec: other }, {});
  await passes(control, 4);
  await blindDeepPasses();
  const before = summary(await world.hand.read());
  calls.length = 0;
  for (const drift of [
    setDestination(frontend, backend1, { weight: 7 }),
    deleteDestination(frontend, backend1),
    setService(frontend, { scheduler: 'rr' }),
    deleteService(frontend),
  ]) {
    await world.hand.apply([drift]);
    await eventually(async () => isDeepStrictEqual(summary(await world.hand.read()), before));
  }
  const read = calls.filter((call) => call.startsWith('services'));
  assert.deepEqual([...new Set(read)], [`services ${frontendText}`]);
});

test('what no outline shows is repaired by the deep pass after it', async (t) => {
  const { world, control } = await quickWorld(t);
  await world.hand.apply([setDestination(frontend, backend1, { upperThreshold: 5 })]);
  const drift = async () => (await control.auditEvents.list(admin, { kind: ['drift'] })).items;
  await eventually(async () => (await drift()).length > 0);
  assert.deepEqual(
    (await drift()).map(({ before }) => before?.upperThreshold),
    [5],
  );
  const repaired = (await world.hand.read()).get(WEB1);
  assert.ok(repaired?.kind === 'destination');
  assert.equal(repaired.config.upperThreshold, 0);
});

test('foreign entries are counted alike by quick and deep passes', async (t) => {
  const { world, control, quickPass } = await quickWorld(t);
  const foreign = async () => (await control.directors.get(admin, 'local')).foreignEntries;
  assert.equal(await foreign(), 0);
  const mark = { fwmark: 7, family: 'ipv4' } as const;
  await control.virtualServices.create(admin, shop, { name: 'mark', spec: mark }, {});
  await world.hand.apply([
    newService({ ...frontend, port: 81 }),
    newDestination({ ...frontend, port: 81 }, others),
    newDestination(frontend, others),
    newService({ ...mark, family: 'ipv6' }),
  ]);
  for (let n = 0; n < 3; n += 1) {
    await quickPass();
    assert.equal(await foreign(), 4);
  }
});

test('writes between passes are known to the next quick one', async (t) => {
  const { control, quickPass } = await quickWorld(t);
  await control.realServers.update(admin, web1, { spec: { weight: 5 } }, {});
  await control.realServers.create(admin, http, { name: 'web3', spec: { address: '10.0.0.3' } }, {});
  await control.realServers.delete(admin, { ...http, realServer: 'web2' }, { drain: false });
  await quickPass();
  const { outcome, drift } = await lastPass(control);
  assert.deepEqual([outcome, drift], ['clean', 0]);
  await control.virtualServices.delete(admin, http, { drain: false, cascade: true });
  await quickPass();
  assert.equal((await lastPass(control)).outcome, 'clean');
  assert.equal((await control.directors.get(admin, 'local')).foreignEntries, 0);
});
