import type { IpvsDriver } from './driver.js';
import { createMemoryDriver } from './memory.js';
import { createNetlinkDriver, probeNetlink } from './netlink/client.js';

export type DriverChoice = 'auto' | 'netlink' | 'memory';

export interface SelectedDriver {
  readonly kind: 'netlink' | 'memory';
  readonly driver: IpvsDriver;
  /** Why this one, for people: shown in the log, at the director and in /docs. */
  readonly reason: string;
}

interface DriverOptions {
  readonly driver: DriverChoice;
  /** Where the kernel's module trees are. */
  readonly modulesDir: string;
}

/** `auto` takes netlink where the kernel has IPVS and lets us at it, else memory. */
export async function selectDriver({ driver, modulesDir }: DriverOptions): Promise<SelectedDriver> {
  const probe = driver === 'auto' ? await probeNetlink() : undefined;
  const chosen = 'chosen by configuration';
  if (driver === 'netlink' || probe?.available) {
    const reason = probe ? 'IPVS answers and this process may change it' : chosen;
    return { kind: 'netlink', driver: createNetlinkDriver({ modulesDirectory: modulesDir }), reason };
  }
  const reason = probe ? `no kernel IPVS here: ${probe.reason}` : chosen;
  return { kind: 'memory', driver: createMemoryDriver(), reason };
}
