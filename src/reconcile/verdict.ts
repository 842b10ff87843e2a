import { constants } from 'node:os';
import type { DirectorOperation } from '../domain/director-operation.js';
import type { KernelOperation } from '../domain/schema/audit-event.js';
import type { Operation } from '../domain/table.js';
import type { OperationResult } from '../driver/driver.js';

/**
 * done: the kernel is as the operation wanted. surprise: the kernel was not as we had thought: read, and plan again.
 * transient: it may go well later. refused: it will not.
 */
export type Verdict = 'done' | 'surprise' | 'transient' | 'refused';

const { EEXIST, ENOENT, ESRCH, ENOMEM, ENOBUFS, EAGAIN, EBUSY, EINTR } = constants.errno;
const TRANSIENT = new Set([ENOMEM, ENOBUFS, EAGAIN, EBUSY, EINTR]);

export type AnyResult = OperationResult<Operation> | OperationResult<DirectorOperation>;

/** What the kernel's answer means, by command: net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_genl_set_cmd. */
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
    case 'NEW_DAEMON':
      return error.errno === EEXIST ? 'surprise' : 'refused';
    case 'DEL_DAEMON':
      return error.errno === ESRCH ? 'done' : 'refused';
    case 'SET_CONFIG':
    case 'ZERO':
      return 'refused';
  }
}

export function isAlreadyThere({ error }: OperationResult): boolean {
  return error?.errno === EEXIST;
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
