/** Conversations with the kernel's rtnetlink. */
import { constants } from 'node:os';
import { KernelUnavailableError } from '../kernel-error.js';
import { NETLINK_ROUTE } from '../wire/constants.js';
import type { Verdict } from '../wire/message.js';
import { type Session, useNetlink } from './session.js';

export function useRouteNetlink<T>(work: (session: Session) => T | Promise<T>): Promise<T> {
  return useNetlink({ name: 'rtnetlink', protocol: NETLINK_ROUTE }, work);
}

/** Throws for no permission, and leaves other refusals to the caller. */
export function assertPermitted({ errno }: Verdict): void {
  if (errno !== constants.errno.EPERM) return;
  throw new KernelUnavailableError(
    'the kernel refuses to change addresses (EPERM): run as root or with CAP_NET_ADMIN',
  );
}
