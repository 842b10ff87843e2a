import { createDirectorDriver, type DirectorDriver } from './director-driver.js';
import { createLinuxHost } from './linux/linux-host.js';
import { createMemoryDriver } from './memory.js';
import { createMemoryHost } from './memory-host.js';
import { createNetlinkDriver, probeNetlink } from './netlink/client.js';

export type DriverChoice = 'auto' | 'netlink' | 'memory';

export interface SelectedDriver {
  readonly kind: 'netlink' | 'memory';
  readonly driver: DirectorDriver;
  /** Why this one, for people: shown in the log, at the director and in /docs. */
  readonly reason: string;
}

interface DriverOptions {
  readonly driver: DriverChoice;
  /** Where the kernel's module trees are. */
  readonly modulesDir: string;
  /** Is told what went wrong where nobody waits. */
  readonly warn: (message: string) => void;
}

/** `auto` takes netlink where the kernel has IPVS and lets us at it, else memory. */
export async function selectDriver({ driver, modulesDir, warn }: DriverOptions): Promise<SelectedDriver> {
  const probe = driver === 'auto' ? await probeNetlink() : undefined;
  const chosen = 'chosen by configuration';
  if (driver === 'netlink' || probe?.available) {
    const reason = probe ? 'IPVS answers and this process may change it' : chosen;
    const ipvs = createNetlinkDriver({ modulesDirectory: modulesDir });
    const host = createLinuxHost({ modulesDirectory: modulesDir, warn });
    return { kind: 'netlink', driver: createDirectorDriver(ipvs, host), reason };
  }
  const reason = probe ? `no kernel IPVS here: ${probe.reason}` : chosen;
  const memory = createDirectorDriver(createMemoryDriver(), createMemoryHost().open());
  return { kind: 'memory', driver: memory, reason };
}
