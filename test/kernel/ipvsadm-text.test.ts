import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { presentTable } from '../../src/control/kernel-table.js';
import { ipvsadmList, ipvsadmSave } from '../../src/domain/ipvsadm-text.js';
import { familyOf } from '../../src/domain/keys.js';
import type { KernelTable } from '../../src/domain/schema/director.js';
import type { Operation } from '../../src/domain/table.js';
import { createNetlinkDriver } from '../../src/driver/netlink/client.js';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.js';
import { anyBackend, anyFrontend, nearOperation } from '../support/arbitraries.js';
import { newDestination, newService } from '../support/operations.js';
import { clearTable } from '../support/tables.js';

/** To repeat a run, give the seed that it printed in LVSD_SEED. */
const seed = Number(process.env.LVSD_SEED ?? Date.now() % 2 ** 31);

const driver = createNetlinkDriver();
const store = createSqliteStore({ file: join(mkdtempSync(join(tmpdir(), 'lvsd-text-')), 'lvsd.db') });
const header = await driver.info();

after(async () => {
  await clearTable(driver);
  driver.close();
  store.close();
});

function ipvsadm(args: readonly string[], input = ''): string {
  return execFileSync('ipvsadm', args, { input, encoding: 'utf8' });
}

async function readTable(): Promise<KernelTable> {
  const services = await presentTable(store, await driver.read({ stats: true }));
  return { director: 'local', readTime: '2026-01-01T00:00:00.000Z', services };
}

async function assertSameText(): Promise<void> {
  const table = await readTable();
  assert.equal(ipvsadmList(table, header), ipvsadm(['-Ln']));
  assert.equal(ipvsadmSave(table), ipvsadm(['-Sn']));
}

/** ipvsadm has no word for the method bypass: it prints a null pointer. */
function hasIpvsadmWord(operation: Operation): boolean {
  return !('config' in operation && 'method' in operation.config && operation.config.method === 'bypass');
}

test('an empty table reads as ipvsadm prints it', async () => {
  await clearTable(driver);
  await assertSameText();
});

test('random tables read as ipvsadm prints them, whatever their attributes', async (t) => {
  t.diagnostic(`seed ${seed}`);
  let services = 0;
  const operations = fc.array(nearOperation.filter(hasIpvsadmWord), {
    minLength: 30,
    maxLength: 120,
    size: 'max',
  });
  const property = fc.asyncProperty(operations, async (batch) => {
    await clearTable(driver);
    await driver.apply(batch);
    services += (await readTable()).services.length;
    await assertSameText();
  });
  await fc.assert(property, { seed, numRuns: 30, endOnFailure: true, includeErrorInReport: true });
  assert.ok(services > 75, `only ${services} services`);
});

test('services and real servers stand in the order of ipvsadm, however far apart their addresses', async (t) => {
  t.diagnostic(`seed ${seed}`);
  const entries = fc.array(fc.tuple(anyFrontend, fc.array(anyBackend, { maxLength: 12 })), {
    minLength: 10,
    maxLength: 60,
    size: 'max',
  });
  const property = fc.asyncProperty(entries, async (drawn) => {
    await clearTable(driver);
    await driver.apply(
      drawn.flatMap(([frontend, backends]) => [
        newService(frontend, { persistence: wholeAddress(familyOf(frontend)) }),
        ...backends.map((backend) => newDestination(frontend, backend, { method: 'nat' })),
      ]),
    );
    assert.ok((await readTable()).services.length >= 5);
    await assertSameText();
  });
  await fc.assert(property, { seed, numRuns: 15, endOnFailure: true, includeErrorInReport: true });
});

test('the saved text gives ipvsadm -R the same table', async () => {
  await clearTable(driver);
  const marked = { fwmark: 7, family: 'ipv6' } as const;
  const addressed = { protocol: 'udp', address: '192.168.10.88', port: 5060 } as const;
  await driver.apply([
    newService(marked, { scheduler: 'sh', schedulerFlags: ['flag-1', 'flag-2'] }),
    newDestination(marked, { address: '2001:db8::5', port: 0 }),
    newService(addressed, {
      scheduler: 'wrr',
      onePacket: true,
      persistence: { timeoutSeconds: 360, netmask: '255.255.255.0', engine: 'sip' },
    }),
    newDestination(
      addressed,
      { address: '10.0.0.3', port: 5060 },
      { method: 'tun', weight: 0, tunnel: { type: 'gue', port: 6080, checksum: 'remcsum' } },
    ),
  ]);
  const saved = ipvsadmSave(await readTable());
  await clearTable(driver);
  ipvsadm(['-R'], saved);
  assert.equal(ipvsadmSave(await readTable()), saved);
  assert.equal(saved.split('\n').length, 5);
});

function wholeAddress(family: 'ipv4' | 'ipv6') {
  return { timeoutSeconds: 300, netmask: family === 'ipv4' ? '255.255.255.255' : '128', engine: null };
}
