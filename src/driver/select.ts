import type { IpvsDriver } from './driver.js';
import { createMemoryDriver } from './memory.js';
import { createNetlinkDriver, probeNetlink } from './netlink/client.js';

export const DRIVER_CHOICES = ['auto', 'netlink', 'memory'] as const;
export type DriverChoice = (typeof DRIVER_CHOICES)[number];

export interface SelectedDriver {
  readonly kind: 'netlink' | 'memory';
  readonly driver: IpvsDriver;
  /** Why this one, for people: shown in the log, at the director and in /docs. */
  readonly reason: string;
}

/** `auto` takes netlink where the kernel has IPVS and lets us at it, else memory. */
export async function selectDriver(choice: DriverChoice): Promise<SelectedDriver> {
  if (choice === 'memory') {
    return { kind: 'memory', driver: createMemoryDriver(), reason: 'chosen by configuration' };
  }
  if (choice === 'netlink') {
    return { kind: 'netlink', driver: createNetlinkDriver(), reason: 'chosen by configuration' };
  }
  const probe = await probeNetlink();
  return probe.available
    ? {
        kind: 'netlink',
        driver: createNetlinkDriver(),
        reason: 'IPVS answers and this process may change it',
      }
    : { kind: 'memory', driver: createMemoryDriver(), reason: `no kernel IPVS here: ${probe.reason}` };
}
