import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { presentTable } from '../../src/control/directors/kernel-table.js';
import { ipvsadmList, ipvsadmSave } from '../../src/domain/ipvsadm-text.js';
import { LIST_VIEWS } from '../../src/domain/ipvsadm-views.js';
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

async function readTable(): Promise<Pick<KernelTable, 'services'>> {
  return presentTable(store, await driver.read({ stats: true }), { stats: true });
}

const OPTIONS = LIST_VIEWS.filter((view) => view !== 'list');
let turn = 0;

async function assertSameText(): Promise<void> {
  const table = await readTable();
  assert.equal(ipvsadmList(table, header), ipvsadm(['-Ln']));
  assert.equal(ipvsadmSave(table), ipvsadm(['-Sn']));
  // One option a table, in turns: each costs the guest a process.
  const view = OPTIONS[turn++ % OPTIONS.length];
  const unsorted = turn % 2 === 0;
  const text = ipvsadmList(table, header, { view, unsorted });
  assert.equal(text, ipvsadm(['-Ln', `--${view}`, ...(unsorted ? ['--nosort'] : [])]), view);
}

/** For other methods ipvsadm has no word: it prints a null pointer. */
const METHODS_OF_IPVSADM: readonly string[] = ['nat', 'dr', 'tun', 'local'];

function hasIpvsadmWord(operation: Operation): boolean {
  if (!('config' in operation && 'method' in operation.config)) return true;
  return METHODS_OF_IPVSADM.includes(operation.config.method);
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

test('counters read as ipvsadm prints them, in short and with all digits', async () => {
  await clearTable(driver);
  const dns = { protocol: 'udp', address: '127.0.0.1', port: 53 } as const;
  await driver.apply([
    newService(dns, { scheduler: 'rr' }),
    newDestination(dns, { address: '127.0.0.1', port: 5300 }, { method: 'nat' }),
  ]);
  const socket = createSocket('udp4');
  const message = Buffer.alloc(60_000);
  for (let sent = 0; sent < 2500; sent++) {
    await new Promise((resolve) => socket.send(message, dns.port, dns.address, resolve));
  }
  socket.close();
  // Totals are summed up every two seconds; rates fade away in some more.
  await wait(2500);
  const table = await readTable();
  assert.match(ipvsadmList(table, header, { view: 'stats' }), / {2}1\d{5}K/);
  for (const exact of [false, true]) {
    const options = exact ? ['--exact'] : [];
    const text = ipvsadmList(table, header, { view: 'stats', exact });
    assert.equal(text, ipvsadm(['-Ln', '--stats', ...options]));
  }
  // Rates move: what was read before and after says the same when nothing moved in between.
  for (let tries = 0; ; tries++) {
    const before = ipvsadm(['-Ln', '--rate', '--exact']);
    const text = ipvsadmList(await readTable(), header, { view: 'rate', exact: true });
    if (before !== ipvsadm(['-Ln', '--rate', '--exact']) && tries < 20) continue;
    assert.equal(text, before);
    assert.doesNotMatch(text, /UDP {2}127\.0\.0\.1:53( +0){5}\n/);
    break;
  }
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
