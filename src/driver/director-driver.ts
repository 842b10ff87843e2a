/**
 * One table out of two: the kernel's IPVS table and what the host has around it. Whoever keeps a director equal to its
 * definition sees services, destinations, addresses and source NAT alike.
 */
import type { Capabilities } from '../domain/capabilities.js';
import type { DirectorOperation } from '../domain/director-operation.js';
import {
  type AddressEntry,
  type DirectorEntry,
  type DirectorTable,
  type EntryOperation,
  isHostOperation,
} from '../domain/entry.js';
import type { HostOperation } from '../domain/host-operation.js';
import { addressKey, entryKindOf, parseFrontend, snatKey } from '../domain/keys.js';
import type { Outline } from '../domain/outline.js';
import type { Operation } from '../domain/table.js';
import type { DriverInfo, IpvsDriver, ReadOptions, Refusals } from './driver.js';
import type { HostAddress, HostDriver } from './host.js';

/** What became of one operation; `error` null means that it was done. */
export interface OperationResult<O extends EntryOperation | DirectorOperation = EntryOperation> {
  readonly operation: O;
  readonly error: Refusals[number];
}

export interface DirectorInfo extends Omit<DriverInfo, 'capabilities'> {
  readonly capabilities: Capabilities;
}

export interface DirectorOutline {
  readonly services: Outline;
  readonly around: DirectorTable;
}

/** Rejects as `IpvsDriver` does, also when it is the host that cannot be asked. */
export interface DirectorDriver
  extends Omit<IpvsDriver, 'info' | 'read' | 'outline' | 'readServices' | 'apply' | 'applyDirector'> {
  /** For what is looked up and never kept: routes and links. */
  readonly host: HostDriver;

  info(): Promise<DirectorInfo>;

  /** Everything, whoever made it: also the addresses that the host has for itself. */
  read(options?: ReadOptions): Promise<DirectorTable>;

  /** As `IpvsDriver.outline`, with everything around the IPVS table as `read` shows it. */
  outline(): Promise<DirectorOutline | null>;

  /** As `IpvsDriver.readServices`; the keys may also be of addresses and of source NAT. */
  readServices(keys: Iterable<string>, options?: ReadOptions): Promise<DirectorTable>;

  /** Carries out the operations in order and goes on after a refused one: one result for each, in the same order. */
  apply(operations: readonly EntryOperation[]): Promise<OperationResult[]>;

  /** As `apply`, for what is not an entry. */
  applyDirector(operations: readonly DirectorOperation[]): Promise<OperationResult<DirectorOperation>[]>;
}

/** The addresses of one spelling, on different interfaces. */
type Held = [HostAddress, ...HostAddress[]];

export function createDirectorDriver(ipvs: IpvsDriver, host: HostDriver): DirectorDriver {
  /** The entries with these keys; all when there are no keys. */
  async function readAddresses(wanted?: ReadonlySet<string>): Promise<DirectorEntry[]> {
    const held = new Map<string, Held>();
    for (const one of await host.readAddresses()) {
      const key = addressKey(one.address);
      if (wanted && !wanted.has(key)) continue;
      const earlier = held.get(key);
      if (earlier) earlier.push(one);
      else held.set(key, [one]);
    }
    return [...held].map(([key, addresses]) => addressEntry(key, addresses));
  }

  async function readSnat(wanted?: ReadonlySet<string>): Promise<DirectorEntry[]> {
    const found = [...(await host.readSnat())].map(([frontend, config]): DirectorEntry => {
      return { kind: 'snat', key: snatKey(frontend), frontend: parseFrontend(frontend), config };
    });
    return wanted ? found.filter(({ key }) => wanted.has(key)) : found;
  }

  return {
    host,
    async info() {
      const [info, { addresses, snat }] = await Promise.all([ipvs.info(), host.capabilities()]);
      const capabilities = {
        ...info.capabilities,
        fullnat: snat === null,
        fullnatMissing: snat,
        vipBinding: addresses === null,
        vipBindingMissing: addresses,
      };
      return { ...info, capabilities };
    },
    async read(options) {
      const [table, addresses, snat] = await Promise.all([ipvs.read(options), readAddresses(), readSnat()]);
      return withEntries(table, [...addresses, ...snat]);
    },
    async outline() {
      const [services, addresses, snat] = await Promise.all([ipvs.outline(), readAddresses(), readSnat()]);
      return services && { services, around: withEntries(new Map(), [...addresses, ...snat]) };
    },
    async readServices(keys, options) {
      const wanted = { service: new Set<string>(), address: new Set<string>(), snat: new Set<string>() };
      for (const key of keys) {
        const kind = entryKindOf(key);
        if (kind !== 'destination') wanted[kind].add(key);
      }
      const [table, addresses, snat] = await Promise.all([
        wanted.service.size > 0
          ? ipvs.readServices(wanted.service, options)
          : new Map<string, DirectorEntry>(),
        wanted.address.size > 0 ? readAddresses(wanted.address) : [],
        wanted.snat.size > 0 ? readSnat(wanted.snat) : [],
      ]);
      return withEntries(table, [...addresses, ...snat]);
    },
    async apply(operations) {
      const results: OperationResult[] = [];
      for (const run of runsOf(operations)) {
        const refusals =
          run.on === 'host' ? await host.apply(run.operations) : await ipvs.apply(run.operations);
        for (const [index, operation] of run.operations.entries()) {
          results.push({ operation, error: refusals[index] ?? null });
        }
      }
      return results;
    },
    readDirector: () => ipvs.readDirector(),
    async applyDirector(operations) {
      const refusals = await ipvs.applyDirector(operations);
      return operations.map((operation, index) => ({ operation, error: refusals[index] ?? null }));
    },
    connections: (from) => ipvs.connections(from),
    close() {
      ipvs.close();
      host.close();
    },
  };
}

/** Of several, ours: others' addresses elsewhere do not concern us then. */
function addressEntry(key: string, [first, ...others]: Held): AddressEntry {
  const mine = [first, ...others].filter(({ ours }) => ours);
  const [shown, ...rest] = mine[0] ? [mine[0], ...mine.slice(1)] : [first, ...others];
  return {
    kind: 'address',
    key,
    address: shown.address,
    config: { interface: shown.interface, prefixLength: shown.prefixLength },
    ours: shown.ours,
    elsewhere: rest.map((one) => one.interface),
  };
}

/** Added to the table that is given: it may be large. */
function withEntries(table: Map<string, DirectorEntry>, entries: readonly DirectorEntry[]): DirectorTable {
  for (const entry of entries) table.set(entry.key, entry);
  return table;
}

type Run =
  | { readonly on: 'ipvs'; readonly operations: Operation[] }
  | { readonly on: 'host'; readonly operations: HostOperation[] };

/** Neighbours for the same driver travel together. */
function runsOf(operations: readonly EntryOperation[]): Run[] {
  const runs: Run[] = [];
  for (const operation of operations) {
    const last = runs[runs.length - 1];
    if (isHostOperation(operation)) {
      if (last?.on === 'host') last.operations.push(operation);
      else runs.push({ on: 'host', operations: [operation] });
    } else if (last?.on === 'ipvs') last.operations.push(operation);
    else runs.push({ on: 'ipvs', operations: [operation] });
  }
  return runs;
}
