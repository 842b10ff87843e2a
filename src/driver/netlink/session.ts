/** A caller's time on a connection, and the pool that the connections come from. */

import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { Clock } from '../../domain/stretch.js';
import { KernelUnavailableError } from '../kernel-error.js';
import { Connection } from '../wire/connection.js';
import type { Verdict } from '../wire/message.js';
import { createPacer, type Pacer } from '../wire/pacer.js';
import type { Transport } from '../wire/socket.js';
import { resolveFamily } from './family.js';

export interface Session {
  readonly connection: Connection;
  readonly pace: Pacer;
  /** Number of the IPVS family as last resolved. */
  family(): number;
  /** Resolves the family again and says whether it has another number: requests under the old one reached nobody. */
  hasFamilyMoved(): boolean;
}

export interface SessionPool {
  /**
   * Runs work on a connection of its own; calls may overlap. Work that finds the family gone (`FamilyGoneError`) is run
   * once more if the family turns up under another number.
   */
  use<T>(work: (session: Session) => Promise<T>): Promise<T>;
  close(): void;
}

/** The kernel has no family under the number that a request was sent to. */
export class FamilyGoneError extends KernelUnavailableError {
  constructor() {
    super('the kernel has no IPVS any more');
    this.name = 'FamilyGoneError';
  }
}

const MAX_IDLE = 4;

export interface SessionPoolOptions {
  readonly openTransport: () => Transport;
  readonly now: Clock;
}

export function createSessionPool({ openTransport, now }: SessionPoolOptions): SessionPool {
  const idle: Connection[] = [];
  let familyId: number | undefined;
  let isClosed = false;

  function sessionOn(connection: Connection): Session {
    const family = (): number => {
      familyId ??= resolveFamily(connection);
      return familyId;
    };
    return {
      connection,
      pace: createPacer(now),
      family,
      hasFamilyMoved() {
        const before = familyId;
        familyId = undefined;
        return family() !== before;
      },
    };
  }

  async function run<T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await work(session);
    } catch (error) {
      if (error instanceof FamilyGoneError && session.hasFamilyMoved()) return work(session);
      throw error;
    }
  }

  function release(connection: Connection): void {
    if (isClosed || idle.length >= MAX_IDLE) connection.close();
    else idle.push(connection);
  }

  return {
    async use(work) {
      if (isClosed) throw new KernelUnavailableError('the driver is closed');
      const connection = idle.pop() ?? new Connection(openTransport(), now);
      let isInStep = false;
      try {
        const result = await run(sessionOn(connection), work);
        isInStep = true;
        return result;
      } finally {
        if (isInStep) release(connection);
        else connection.close();
      }
    },
    close() {
      isClosed = true;
      for (const connection of idle.splice(0)) connection.close();
    },
  };
}

/** Throws for the verdicts that are no answer to the request itself: no permission. */
export function assertPermitted({ errno }: Verdict): void {
  if (errno !== constants.errno.EPERM) return;
  throw new KernelUnavailableError(
    'the kernel refuses IPVS requests (EPERM): run as root or with CAP_NET_ADMIN, outside of any user namespace',
  );
}

/** Throws unless a request that only reads was answered. */
export function assertAnswered(verdict: Verdict, command: string): void {
  assertPermitted(verdict);
  if (verdict.errno === constants.errno.ENOENT) throw new FamilyGoneError();
  if (verdict.errno === 0) return;
  throw new KernelUnavailableError(`${command} was answered ${getSystemErrorName(-verdict.errno)}`);
}
