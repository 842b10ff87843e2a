/**
 * Everything of a director that lvsd can own, as the director has it: the entries of its IPVS table, and those outside it that
 * make the table work.
 */
import type { AddressConfig, HostOperation, SnatConfig } from './host-operation.js';
import type { Frontend } from './keys.js';
import type { DestinationConfig, Operation, ServiceConfig, TableEntry } from './table.js';

/** An address that an interface of the director has. */
export interface AddressEntry {
  readonly kind: 'address';
  readonly key: string;
  /** Canonical text. */
  readonly address: string;
  readonly config: AddressConfig;
  /** It carries lvsd's mark. Without it, it is somebody else's: it may serve as a VIP and is never changed or removed. */
  readonly ours: boolean;
}

/** Source NAT of the connections of one fullnat frontend. Always of lvsd: it is read from its own chains and sets. */
export interface SnatEntry {
  readonly kind: 'snat';
  readonly key: string;
  readonly frontend: Frontend;
  readonly config: SnatConfig;
}

export type DirectorEntry = TableEntry | AddressEntry | SnatEntry;

/** Entries by key. Every service is followed by its destinations, as in `Table`. */
export type DirectorTable = ReadonlyMap<string, DirectorEntry>;

export type EntryConfig = ServiceConfig | DestinationConfig | AddressConfig | SnatConfig;

/** One change of an entry. */
export type EntryOperation = Operation | HostOperation;

/** Whether somebody made it for a director to use: what nobody owns of these is foreign. Others' addresses are just the host's. */
export function isDirectorsOwn(entry: DirectorEntry): boolean {
  return entry.kind !== 'address' || entry.ours;
}
