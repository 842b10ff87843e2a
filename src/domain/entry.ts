/**
 * Everything of a director that lvsd can own, as the director has it: the entries of its IPVS table, and those outside it that
 * make the table work.
 */
import type { AddressConfig, HostOperation, SnatConfig } from './host-operation.js';
import type { Frontend } from './keys.js';
import type { DestinationConfig, Operation, ServiceConfig, Table, TableEntry } from './table.js';

/** An address that an interface of the director has. */
export interface AddressEntry {
  readonly kind: 'address';
  readonly key: string;
  /** Canonical text. */
  readonly address: string;
  readonly config: AddressConfig;
  /** It carries lvsd's mark. Without it, it is somebody else's: it may serve as a VIP and is never changed or removed. */
  readonly ours: boolean;
  /** Other interfaces that have it, as ours too (a move was interrupted), or for others as this one. */
  readonly elsewhere: readonly string[];
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

/** Whether it may be of somebody else: an address shows that by its mark, and source NAT is in lvsd's own chains and sets. */
export function mayBeOthers(entry: DirectorEntry): boolean {
  return entry.kind === 'address' ? !entry.ours : entry.kind !== 'snat';
}

/** Whether somebody made it for a director to use: what nobody owns of these is foreign. Others' addresses are just the host's. */
export function isDirectorsOwn(entry: DirectorEntry): boolean {
  return entry.kind !== 'address' || entry.ours;
}

/** The services and destinations of it. */
export function ipvsTableOf(table: DirectorTable): Table {
  const own = new Map<string, TableEntry>();
  for (const entry of table.values()) {
    if (entry.kind === 'service' || entry.kind === 'destination') own.set(entry.key, entry);
  }
  return own;
}

export function isHostOperation(operation: EntryOperation): operation is HostOperation {
  return operation.command.endsWith('_ADDRESS') || operation.command.endsWith('_SNAT');
}
