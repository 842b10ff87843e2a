import { getSystemErrorName } from 'node:util';
import type { DirectorOperation } from '../domain/director-operation.js';
import type { HostOperation } from '../domain/host-operation.js';
import type { Operation } from '../domain/table.js';

export type KernelCommand = (Operation | DirectorOperation | HostOperation)['command'];

export interface KernelErrorDetails {
  /** Positive errno. */
  readonly errno: number;
  readonly command: KernelCommand;
  /** Key of the entry that the operation was about. */
  readonly key: string;
  /** Extended-acknowledgement text of the kernel, where it gave one. */
  readonly extendedAck?: string;
}

/** The kernel's own answer to one operation. What it means is for the reconciler to say. */
export class KernelError extends Error {
  readonly errno: number;
  /** Such as "EINVAL". */
  readonly errnoName: string;
  readonly command: KernelCommand;
  readonly key: string;
  readonly extendedAck: string | undefined;

  constructor({ errno, command, key, extendedAck }: KernelErrorDetails) {
    const errnoName = getSystemErrorName(-errno);
    super(`${command} ${key}: ${errnoName}${extendedAck ? ` (${extendedAck})` : ''}`);
    this.name = 'KernelError';
    this.errno = errno;
    this.errnoName = errnoName;
    this.command = command;
    this.key = key;
    this.extendedAck = extendedAck;
  }
}

/** No kernel table could be reached: no IPVS family, no permission, no answer in time. */
export class KernelUnavailableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KernelUnavailableError';
  }
}
