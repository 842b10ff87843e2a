/** What a driver under test is, the keys and values its tests share, and short ways to use it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backend, Frontend } from '../../../src/domain/keys.js';
import type {
  DestinationConfig,
  KernelPersistence,
  KernelTunnel,
  Operation,
  ServiceConfig,
  Table,
} from '../../../src/domain/table.js';
import type { IpvsDriver } from '../../../src/driver/driver.js';
import type { SyncedConnection } from '../../support/sync-messages.js';
import { clearTable } from '../../support/tables.js';

export interface DriverSubject {
  readonly name: string;
  /** A new handle on one and the same kernel table, which nobody else changes. */
  open(): IpvsDriver;
  /** Broadcast address of a subnet that the kernel's host is connected to. */
  readonly subnetBroadcast: string;
  /** A network interface of that host with an address. */
  readonly networkInterface: string;
  /** Gives the kernel these connections; resolves when it has them all. It may forget them after their time. */
  connect(connections: readonly SyncedConnection[]): Promise<void>;
}

export const web: Frontend = { protocol: 'tcp', address: '192.0.2.10', port: 80 };
export const web6: Frontend = { protocol: 'tcp', address: '2001:db8::10', port: 80 };
export const mark: Frontend = { fwmark: 7, family: 'ipv4' };
export const first: Backend = { address: '10.9.0.1', port: 80 };
export const second: Backend = { address: '10.9.0.2', port: 8080 };
export const first6: Backend = { address: '2001:db8:9::1', port: 80 };

export const persistence: KernelPersistence = {
  timeoutSeconds: 300,
  netmask: '255.255.255.255',
  engine: null,
};
export const persistence6: KernelPersistence = { ...persistence, netmask: '128' };
export const ipip: KernelTunnel = { type: 'ipip', port: 0, checksum: 'none' };

/** Different backends, at most 65,536. */
export function manyBackends(count: number): Backend[] {
  return Array.from({ length: count }, (_, i) => ({ address: `10.9.${i >> 8}.${i & 0xff}`, port: 80 }));
}

/** A test on an empty table, with a handle that is closed afterwards. */
export function onEmptyTable(
  subject: DriverSubject,
  name: string,
  run: (driver: IpvsDriver) => Promise<void>,
): void {
  test(name, async () => {
    const driver = subject.open();
    try {
      await clearTable(driver);
      await run(driver);
    } finally {
      driver.close();
    }
  });
}

/** The errno of each operation, 0 for done. */
export async function errnos(driver: IpvsDriver, operations: readonly Operation[]): Promise<number[]> {
  return (await driver.apply(operations)).map((error) => error?.errno ?? 0);
}

export async function done(driver: IpvsDriver, ...operations: Operation[]): Promise<void> {
  assert.deepEqual(
    await errnos(driver, operations),
    operations.map(() => 0),
  );
}

/** Config by key, as the table shows it. */
export function configs(table: Table): Record<string, ServiceConfig | DestinationConfig> {
  return Object.fromEntries([...table.values()].map(({ key, config }) => [key, config]));
}
