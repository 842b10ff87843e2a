import { constants } from 'node:os';
import type { DirectorOperation } from '../domain/director-operation.js';
import { type EntryOperation, isHostOperation } from '../domain/entry.js';
import type { KernelOperation } from '../domain/schema/audit-event.js';
import type { OperationResult } from '../driver/director-driver.js';

/**
 * done: the kernel is as the operation wanted. surprise: the kernel was not as we had thought: read, and plan again.
 * transient: it may go well later. refused: it will not.
 */
export type Verdict = 'done' | 'surprise' | 'transient' | 'refused';

const { EADDRNOTAVAIL, EEXIST, ENODEV, ENOENT, ESRCH, ENOMEM, ENOBUFS, EAGAIN, EBUSY, EINTR } =
  constants.errno;
const TRANSIENT = new Set([ENOMEM, ENOBUFS, EAGAIN, EBUSY, EINTR]);

export type EntryResult = OperationResult<EntryOperation>;
export type AnyResult = EntryResult | OperationResult<DirectorOperation>;

/** What the answer means, by command: ip_vs_genl_set_cmd of net/netfilter/ipvs/ip_vs_ctl.c, and the port of host drivers. */
export function judge({ operation, error }: AnyResult): Verdict {
  if (!error) return 'done';
  if (TRANSIENT.has(error.errno)) return 'transient';
  const serviceMissing = error.errno === ESRCH;
  const destinationMissing = serviceMissing || error.errno === ENOENT;
  switch (operation.command) {
    case 'NEW_SERVICE':
      return error.errno === EEXIST ? 'surprise' : 'refused';
    case 'SET_SERVICE':
      return serviceMissing ? 'surprise' : 'refused';
    case 'DEL_SERVICE':
      return serviceMissing ? 'done' : 'refused';
    case 'NEW_DEST':
      return serviceMissing || error.errno === EEXIST ? 'surprise' : 'refused';
    case 'SET_DEST':
      return destinationMissing ? 'surprise' : 'refused';
    case 'DEL_DEST':
      return destinationMissing ? 'done' : 'refused';
    case 'NEW_ADDRESS':
    case 'NEW_SNAT':
      return error.errno === EEXIST ? 'surprise' : 'refused';
    case 'SET_ADDRESS':
      return error.errno === EADDRNOTAVAIL ? 'surprise' : 'refused';
    case 'DEL_ADDRESS':
      return error.errno === EADDRNOTAVAIL || error.errno === ENODEV ? 'done' : 'refused';
    case 'SET_SNAT':
      return error.errno === ENOENT ? 'surprise' : 'refused';
    case 'DEL_SNAT':
      return error.errno === ENOENT ? 'done' : 'refused';
    case 'NEW_DAEMON':
      return error.errno === EEXIST ? 'surprise' : 'refused';
    case 'DEL_DAEMON':
      return error.errno === ESRCH ? 'done' : 'refused';
    case 'SET_CONFIG':
    case 'ZERO':
      return 'refused';
  }
}

/** Whether a fresh entry is kept out by one that is there already. Of source NAT and addresses only a look can tell. */
export function isSomebodyElses({ operation, error }: EntryResult): boolean {
  return error?.errno === EEXIST && !isHostOperation(operation);
}

/** As audit events show it. */
export function reportOperation({ operation, error }: AnyResult): KernelOperation {
  return {
    command: operation.command,
    key: operation.key,
    ...('config' in operation && { config: { ...operation.config } }),
    errno: error?.errno ?? null,
    errnoName: error?.errnoName ?? null,
  };
}
