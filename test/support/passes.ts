/** Passes that come by themselves, and tables that are large enough for a limit. */
import assert from 'node:assert/strict';
import type { Control } from '../../src/control/control.js';
import type { Reconciliation } from '../../src/domain/schema/director.js';
import { admin, eventually, shop } from './control-world.js';

export async function lastPass(control: Control): Promise<Reconciliation> {
  const { lastReconciliation } = await control.directors.get(admin, 'local');
  assert.ok(lastReconciliation);
  return lastReconciliation;
}

/** What the second pass from now says: the first may have begun before. Passes must come by themselves. */
export async function nextPass(control: Control): Promise<Reconciliation> {
  for (let passes = 0; passes < 2; passes += 1) {
    const before = await lastPass(control);
    await eventually(async () => (await lastPass(control)) !== before);
  }
  return lastPass(control);
}

/** The cluster shop with service http and so many real servers: one entry more than real servers. */
export async function defineServers(control: Control, count: number, weight = 1): Promise<void> {
  const realServers = Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`web${n}`, { spec: { address: addressOf(n), weight } }]),
  );
  const spec = { protocol: 'tcp', address: '192.0.2.10', port: 80 };
  await control.definitions.replace(admin, shop, { virtualServices: { http: { spec, realServers } } }, {});
}

export function addressOf(n: number): string {
  return `10.0.${n >> 8}.${(n & 0xff) + 1}`;
}
