/** Short ways to empty and compare kernel tables. */
import assert from 'node:assert/strict';
import type { Table, TableEntry } from '../../src/domain/table.js';
import type { IpvsDriver } from '../../src/driver/driver.js';
import { deleteService } from './operations.js';

/** Deletes every service, whoever made it. */
export async function clearTable(driver: IpvsDriver): Promise<void> {
  const services = [...(await driver.read()).values()].filter((entry) => entry.kind === 'service');
  const refusals = await driver.apply(services.map(({ frontend }) => deleteService(frontend)));
  for (const error of refusals) assert.ifError(error);
}

/**
 * The entries with services in the order of their keys, as the kernel's own order of services means nothing; the order
 * of a service's destinations does, and stays.
 */
export function comparableEntries(table: Table): TableEntry[] {
  const services: TableEntry[][] = [];
  for (const entry of table.values()) {
    if (entry.kind === 'service') services.push([entry]);
    else services.at(-1)?.push(entry);
  }
  const keyOf = ([service]: TableEntry[]): string => service?.key ?? '';
  return services.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).flat();
}
