/** The only door to a kernel's IPVS table. Implementations: `netlink/` (the real one) and `memory.ts` (its model). */
import type { IpvsCapabilities } from '../domain/capabilities.js';
import type { Connection, DirectorOperation, DirectorSettings } from '../domain/director-operation.js';
import type { Outline } from '../domain/outline.js';
import type { Operation, TableEntry } from '../domain/table.js';
import type { KernelError } from './kernel-error.js';

export interface DriverInfo {
  readonly driver: 'netlink' | 'memory';
  /** `uname -r` of the kernel whose table this is; for memory, the kernel it models. */
  readonly kernelRelease: string;
  /** Version of IPVS as `ipvsadm` prints it, such as "1.2.1". */
  readonly ipvsVersion: string;
  readonly connectionTableSize: number;
  readonly capabilities: IpvsCapabilities;
}

/** For each operation, in the same order, why it was refused; null: it was done. */
export type Refusals = (KernelError | null)[];

/** A connection, and where a later reading goes on after it. */
export interface ListedConnection {
  readonly connection: Connection;
  /** The driver's own measure. */
  readonly next: number;
}

export interface ReadOptions {
  /** Also read counters, rates and connection counts. */
  readonly stats?: boolean;
}

/**
 * Every method rejects with `KernelUnavailableError` when the kernel cannot be reached at all (no IPVS family, no answer
 * in time, no permission), and then nothing is known about how much was done: read before the next change.
 * Long work yields to the event loop, so calls may overlap; operations of one `apply` are carried out in their order.
 */
export interface IpvsDriver {
  info(): Promise<DriverInfo>;

  /** The whole table, which is the caller's own. An empty table is an empty map. */
  read(options?: ReadOptions): Promise<Map<string, TableEntry>>;

  /**
   * What a look shows that costs a fraction of a read; null where there is none. It is never more than `outlineOf` makes of a
   * read, nor less; while the table changes it may miss services and show others twice.
   */
  outline(): Promise<Outline | null>;

  /** The named services (keys of frontends) with their destinations; a service that is not there is left out. */
  readServices(frontendKeys: Iterable<string>, options?: ReadOptions): Promise<Map<string, TableEntry>>;

  /** Carries out the operations in order and goes on after a refused one. */
  apply(operations: readonly Operation[]): Promise<Refusals>;

  /** Timeouts and synchronisation daemons. */
  readDirector(): Promise<DirectorSettings>;

  /** As `apply`, for what is not an entry of the table. */
  applyDirector(operations: readonly DirectorOperation[]): Promise<Refusals>;

  /**
   * The connections in the kernel's order, in pieces, read as they are consumed: stop when there is enough. Begins at `from`,
   * a `next` of an earlier reading, or 0; beyond the end there is none. Connections come and go
   * between two pieces and between two readings: those that stay may be missed or shown twice then, and only then.
   */
  connections(from: number): AsyncIterable<readonly ListedConnection[]>;

  close(): void;
}
