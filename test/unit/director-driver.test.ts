import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { createDirectorDriver } from '../../src/driver/director-driver.js';
import { createMemoryDriver } from '../../src/driver/memory.js';
import { createMemoryHost } from '../../src/driver/memory-host.js';
import { newDestination, newService } from '../support/operations.js';

const WEB = { protocol: 'tcp', address: '192.0.2.10', port: 80 } as const;
/** More than one call can take as arguments. */
const MANY = 200_000;

test('each of very many operations has its result, in order', async () => {
  const driver = createDirectorDriver(createMemoryDriver(), createMemoryHost().open());
  const destinations = Array.from({ length: MANY }, (_, index) =>
    newDestination(WEB, { address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, port: 80 }),
  );
  const operations = [newService(WEB), ...destinations, newService(WEB)];
  const results = await driver.apply(operations);
  assert.equal(results.length, operations.length);
  assert.ok(results.every(({ operation }, index) => operation === operations[index]));
  const refused = results.filter(({ error }) => error !== null);
  assert.deepEqual(
    refused.map(({ operation, error }) => [operation === operations.at(-1), error?.errno]),
    [[true, constants.errno.EEXIST]],
  );
  driver.close();
});
