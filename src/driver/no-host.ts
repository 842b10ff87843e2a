/** A host that lvsd has no means to change: clusters that need nothing of it work all the same. */
import { constants } from 'node:os';
import type { HostDriver } from './host.js';
import { KernelError } from './kernel-error.js';

/** `reason`: why, as a sentence with the remedy. */
export function createNoHost(reason: string): HostDriver {
  return {
    capabilities: async () => ({ addresses: reason, snat: reason }),
    readAddresses: async () => [],
    readSnat: async () => new Map(),
    apply: async (operations) =>
      operations.map((operation) => {
        const { command, key } = operation;
        const error = new KernelError({ errno: constants.errno.ENOSYS, command, key, extendedAck: reason });
        return { operation, error };
      }),
    route: async () => null,
    links: async () => [],
    close: () => undefined,
  };
}
