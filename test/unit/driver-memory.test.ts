import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { type Frontend, frontendKey } from '../../src/domain/keys.js';
import type { IpvsDriver } from '../../src/driver/driver.js';
import { KernelUnavailableError } from '../../src/driver/kernel-error.js';
import { createMemoryDriver, createMemoryKernel } from '../../src/driver/memory.js';
import { deleteDestination, deleteService, newDestination, newService } from '../support/operations.js';

const { EAFNOSUPPORT, EINVAL, ENOENT } = constants.errno;

const web: Frontend = { protocol: 'tcp', address: '192.0.2.10', port: 80 };
const web6: Frontend = { protocol: 'tcp', address: '2001:db8::10', port: 80 };
const backend = { address: '10.9.0.1', port: 80 };

test('an outage rejects every call of every handle with its reason, and loses nothing', async () => {
  const kernel = createMemoryKernel();
  const handles = [kernel.open(), kernel.open()];
  await handles[0]?.apply([newService(web)]);
  kernel.setAvailable(false, 'no IPVS family');
  for (const driver of handles) {
    const calls = [
      driver.info(),
      driver.read(),
      driver.readServices([frontendKey(web)]),
      driver.apply([newDestination(web, backend)]),
    ];
    for (const call of calls) await assert.rejects(call, new KernelUnavailableError('no IPVS family'));
  }
  kernel.setAvailable(true);
  for (const driver of handles) assert.deepEqual([...(await driver.read()).keys()], [frontendKey(web)]);
});

test('an outage in the midst of a batch leaves what was done', async () => {
  const kernel = createMemoryKernel();
  const driver = kernel.open();
  const ports = Array.from({ length: 5000 }, (_, i) => i + 1);
  const batch = driver.apply(ports.map((port) => newService({ ...web, port })));
  kernel.setAvailable(false);
  await assert.rejects(batch, KernelUnavailableError);
  kernel.setAvailable(true);
  const { size } = await driver.read();
  assert.ok(size > 0 && size < ports.length, String(size));
});

test('closing one handle leaves the others and the table alone', async () => {
  const kernel = createMemoryKernel();
  const [gone, kept] = [kernel.open(), kernel.open()];
  await gone.apply([newService(web)]);
  gone.close();
  await assert.rejects(gone.read(), KernelUnavailableError);
  assert.equal((await kept.read()).size, 1);
});

test('a long batch lets the event loop run', async () => {
  const operations = Array.from({ length: 20_000 }, (_, i) => newService({ ...web, port: i + 1 }));
  let turns = 0;
  const count = (): void => {
    turns += 1;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  await createMemoryDriver().apply(operations);
  clearImmediate(timer);
  assert.ok(turns >= 10, String(turns));
});

test('a kernel without IPv6 does not support the family anywhere', async () => {
  const driver = createMemoryDriver({ ipv6: false });
  const { capabilities } = await driver.info();
  assert.equal(capabilities.ipv6, false);
  const backend6 = { address: '2001:db8:9::1', port: 80 };
  assert.deepEqual(
    await errnos(driver, [
      newService(web),
      newService(web6),
      deleteService({ fwmark: 1, family: 'ipv6' }),
      newDestination(web6, backend),
      newDestination(web, backend6),
      deleteDestination(web, backend6),
      newDestination(web, backend),
    ]),
    [0, EAFNOSUPPORT, EAFNOSUPPORT, EAFNOSUPPORT, EAFNOSUPPORT, EAFNOSUPPORT, 0],
  );
});

test('a kernel has the schedulers and engines that it was given, and no others', async () => {
  const driver = createMemoryDriver({ schedulers: ['rr', 'twos'], persistenceEngines: [] });
  const { capabilities } = await driver.info();
  assert.deepEqual(capabilities.schedulers, ['rr', 'twos']);
  assert.deepEqual(capabilities.persistenceEngines, []);
  const persistence = { timeoutSeconds: 1, netmask: '255.255.255.255', engine: 'sip' };
  assert.deepEqual(
    await errnos(driver, [
      newService(web, { scheduler: 'wlc' }),
      newService(web, { scheduler: 'rr', persistence }),
      newService(web, { scheduler: 'twos' }),
    ]),
    [ENOENT, ENOENT, 0],
  );
});

test('a kernel may claim less about itself than it has', async () => {
  const driver = createMemoryDriver({ kernelRelease: '5.4.0', capabilities: { schedulers: null } });
  const info = await driver.info();
  assert.equal(info.driver, 'memory');
  assert.equal(info.kernelRelease, '5.4.0');
  assert.equal(info.capabilities.schedulers, null);
  assert.deepEqual(await errnos(driver, [newService(web, { scheduler: 'rr' })]), [0]);
});

test('the broadcast addresses of the host are refused as real servers', async () => {
  const driver = createMemoryDriver({ localBroadcasts: ['10.9.0.255'] });
  const at = (address: string) => newDestination(web, { address, port: 80 });
  assert.deepEqual(await errnos(driver, [newService(web), at('10.9.0.255'), at('10.9.1.255')]), [
    0,
    EINVAL,
    0,
  ]);
});

test('nothing that a read hands out can be changed', async () => {
  const driver = createMemoryDriver();
  await driver.apply([newService(web), newDestination(web, backend)]);
  for (const options of [{ stats: false }, { stats: true }]) {
    for (const entry of (await driver.read(options)).values()) assert.ok(isDeeplyFrozen(entry), entry.key);
  }
});

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}

async function errnos(driver: IpvsDriver, operations: Parameters<IpvsDriver['apply']>[0]): Promise<number[]> {
  return (await driver.apply(operations)).map((error) => error?.errno ?? 0);
}
