/** Many operations in one call, and many calls at once. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { destinationKey, frontendKey } from '../../../src/domain/keys.js';
import type { IpvsDriver } from '../../../src/driver/driver.js';
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
  configs,
  type DriverSubject,
  done,
  errnos,
  first,
  manyBackends,
  onEmptyTable,
  second,
  web,
} from './subject.js';

const { EEXIST, ENOENT, ERANGE, ESRCH } = constants.errno;

export function describeBatches(subject: DriverSubject): void {
  const it = (name: string, run: (driver: IpvsDriver) => Promise<void>): void =>
    onEmptyTable(subject, name, run);

  it('carries out a batch in order, goes on after a refusal and answers each operation', async (driver) => {
    const operations = [
      newDestination(web, first),
      newService(web),
      newService(web),
      newDestination(web, first),
      newDestination(web, first),
      setDestination(web, first, { weight: 5 }),
      setDestination(web, second),
      setDestination(web, first, { weight: 0x80000000 }),
      deleteDestination(web, first),
      deleteDestination(web, first),
      newDestination(web, second, { weight: 2 }),
      setService(web, { scheduler: 'twos' }),
      setService(web, { scheduler: 'rr' }),
    ];
    const refusals = await driver.apply(operations);
    assert.deepEqual(
      refusals.map((error) => error?.errno ?? 0),
      [ESRCH, 0, EEXIST, 0, EEXIST, 0, ENOENT, ERANGE, 0, ENOENT, 0, ENOENT, 0],
    );
    assert.deepEqual(configs(await driver.read()), {
      [frontendKey(web)]: { ...plainService, scheduler: 'rr' },
      [destinationKey(frontendKey(web), second)]: { ...plainDestination, weight: 2 },
    });
  });

  it('answers a batch of refusals only', async (driver) => {
    const operations = Array.from({ length: 3000 }, (_, i) => deleteService({ ...web, port: i + 1 }));
    const refusals = await driver.apply(operations);
    assert.deepEqual(
      refusals.map((error) => [error?.key, error?.errno]),
      operations.map(({ key }) => [key, ESRCH]),
    );
  });

  it('carries out a long batch with refusals here and there', async (driver) => {
    const isRefused = (i: number): boolean => i % 100 === 99;
    const operations = manyBackends(3000).map((backend, i) =>
      newDestination(web, backend, { weight: isRefused(i) ? 0x80000000 : i }),
    );
    await done(driver, newService(web));
    assert.deepEqual(
      await errnos(driver, operations),
      operations.map((_, i) => (isRefused(i) ? ERANGE : 0)),
    );
    const table = await driver.read();
    assert.equal(table.size, 1 + 2970);
    operations.forEach(({ key }, i) => {
      assert.deepEqual(table.get(key)?.config, isRefused(i) ? undefined : { ...plainDestination, weight: i });
    });
  });

  it('lets calls overlap', async (driver) => {
    const ports = Array.from({ length: 50 }, (_, i) => i + 1);
    const batches = ports.map((port) => [
      newService({ ...web, port }),
      newDestination({ ...web, port }, { ...first, port }),
    ]);
    const [results, table] = await Promise.all([
      Promise.all(batches.map((operations) => errnos(driver, operations))),
      driver.read(),
    ]);
    assert.deepEqual(
      results,
      ports.map(() => [0, 0]),
    );
    assert.ok(table.size <= 100);
    assert.equal((await driver.read()).size, 100);
  });
}
