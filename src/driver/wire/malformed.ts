import { KernelUnavailableError } from '../kernel-error.js';

/** For bytes that no kernel we know would send: nothing in such an exchange can be relied on. */
export function malformed(what: string): KernelUnavailableError {
  return new KernelUnavailableError(`a netlink message of the kernel cannot be read: ${what}`);
}
