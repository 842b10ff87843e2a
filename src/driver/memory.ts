/**
 * A faithful model of a kernel's IPVS table: the same errno for the same mistake, the same keys, the same kept values.
 * It forwards no packets, so that all counters stay zero and connections are what it is told, and has no addresses of its
 * own. Unlike the kernel it shows services in the order of their creation; the kernel's is a hash order and no part of the
 * driver's contract.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { IpvsCapabilities } from '../domain/capabilities.js';
import type { Connection, DirectorOperation } from '../domain/director-operation.js';
import { frontendKeyOf, parseFrontend } from '../domain/keys.js';
import { outlineOf } from '../domain/outline.js';
import type { Connections, DestinationEntry, Operation, Stats, TableEntry } from '../domain/table.js';
import type { DriverInfo, IpvsDriver, ReadOptions, Refusals } from './driver.js';
import { KernelError, KernelUnavailableError } from './kernel-error.js';
import { createDirectorModel, type DirectorModel } from './memory/director.js';
import { createKernelTable, type KernelTable, type ServiceState } from './memory/kernel-table.js';

export interface MemoryKernelOptions {
  /** Default "6.1.0". */
  readonly kernelRelease?: string;
  /** Default: all that the stock kernel has but `twos`, which Debian does not build. */
  readonly schedulers?: readonly string[];
  /** Default: sip. */
  readonly persistenceEngines?: readonly string[];
  /** Default true; false answers EAFNOSUPPORT to whatever names an IPv6 address. */
  readonly ipv6?: boolean;
  /** Broadcast addresses of the modelled host's subnets, refused as real servers. Default: that of the loopback. */
  readonly localBroadcasts?: readonly string[];
  /** Network interfaces of the modelled host, for synchronisation daemons. Default: lo and eth0. */
  readonly interfaces?: readonly string[];
  /** Default 100. Persistence timeouts of more than 2^32 ticks wrap round. */
  readonly ticksPerSecond?: number;
  /** What `info` claims where that differs from the above, such as `schedulers: null` for a kernel that cannot say. */
  readonly capabilities?: Partial<IpvsCapabilities>;
}

export interface MemoryKernel {
  /** Another handle on the same table, as another process of the same host would have. */
  open(): IpvsDriver;
  /** How many connections the destination with this key has from now on, until it is removed. Throws when there is none. */
  setConnectionCounts(key: string, connections: Partial<Connections>): void;
  /** While it is false, every call of every handle rejects with `KernelUnavailableError(reason)`; the table stays. */
  setAvailable(available: boolean, reason?: string): void;
  /** The connections that every handle shows from now on. */
  setConnections(connections: readonly Connection[]): void;
}

const SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'fo', 'ovf', 'mh'];

/** After so many the event loop runs. */
const OPERATIONS_PER_TURN = 1024;
const CONNECTIONS_PER_TURN = 64;

const NO_STATS: Stats = Object.freeze({
  connections: 0n,
  inPackets: 0n,
  outPackets: 0n,
  inBytes: 0n,
  outBytes: 0n,
  connectionRate: 0n,
  inPacketRate: 0n,
  outPacketRate: 0n,
  inByteRate: 0n,
  outByteRate: 0n,
});
const NO_CONNECTIONS: Connections = Object.freeze({ active: 0, inactive: 0, persistent: 0 });

/** A driver with a kernel of its own. */
export function createMemoryDriver(options: MemoryKernelOptions = {}): IpvsDriver {
  return createMemoryKernel(options).open();
}

export function createMemoryKernel(options: MemoryKernelOptions = {}): MemoryKernel {
  const schedulers = options.schedulers ?? SCHEDULERS;
  const persistenceEngines = options.persistenceEngines ?? ['sip'];
  const ipv6 = options.ipv6 ?? true;
  const info: DriverInfo = {
    driver: 'memory',
    kernelRelease: options.kernelRelease ?? '6.1.0',
    ipvsVersion: '1.2.1',
    connectionTableSize: 4096,
    capabilities: {
      ipv6,
      sctp: true,
      schedulers,
      persistenceEngines,
      tunnelTypes: ['ipip', 'gue', 'gre'],
      ...options.capabilities,
    },
  };
  const ticksPerSecond = options.ticksPerSecond ?? 100;
  const table: KernelTable = createKernelTable({
    schedulers: new Set(schedulers),
    persistenceEngines: new Set(persistenceEngines),
    ipv6,
    localBroadcasts: new Set(options.localBroadcasts ?? ['127.255.255.255']),
    ticksPerSecond,
    isSynchronising: () => Object.values(director.settings().syncDaemons).some((daemon) => daemon !== null),
  });
  const director: DirectorModel = createDirectorModel({
    table,
    interfaces: new Set(options.interfaces ?? ['lo', 'eth0']),
    ticksPerSecond,
  });
  let outage: string | undefined;
  return {
    open: () => createHandle({ table, director, info, outage: () => outage }),
    setConnectionCounts(key, connections) {
      const service = table.services.get(frontendKeyOf(key));
      if (!service?.destinations.has(key)) throw new TypeError(`there is no destination ${key}`);
      service.connections.set(key, Object.freeze({ ...NO_CONNECTIONS, ...connections }));
    },
    setAvailable(available, reason = 'the kernel is away') {
      outage = available ? undefined : reason;
    },
    setConnections(connections) {
      director.connections = connections;
    },
  };
}

interface Modelled {
  readonly table: KernelTable;
  readonly director: DirectorModel;
  readonly info: DriverInfo;
  readonly outage: () => string | undefined;
}

function createHandle({ table, director, info, outage }: Modelled): IpvsDriver {
  let isClosed = false;

  function reach(): void {
    const reason = isClosed ? 'the driver is closed' : outage();
    if (reason !== undefined) throw new KernelUnavailableError(reason);
  }

  return {
    async info() {
      reach();
      return structuredClone(info);
    },
    async read(options) {
      reach();
      return tableOf(table.services.values(), options);
    },
    async outline() {
      reach();
      return outlineOf(tableOf(table.services.values()).values());
    },
    async readServices(frontendKeys, options) {
      reach();
      const services = [...frontendKeys].flatMap((key) => table.find(parseFrontend(key)) ?? []);
      return tableOf(services, options);
    },
    async apply(operations) {
      const refusals: Refusals = [];
      for (const operation of operations) {
        reach();
        refusals.push(kernelError(operation, table.apply(operation)));
        if (refusals.length % OPERATIONS_PER_TURN === 0) await nextTurn();
      }
      return refusals;
    },
    async readDirector() {
      reach();
      return director.settings();
    },
    async applyDirector(operations) {
      return operations.map((operation) => {
        reach();
        return kernelError(operation, director.apply(operation));
      });
    },
    async *connections(from = 0) {
      reach();
      for (let start = from; start < director.connections.length; start += CONNECTIONS_PER_TURN) {
        if (start > from) await nextTurn();
        const piece = director.connections.slice(start, start + CONNECTIONS_PER_TURN);
        yield piece.map((connection, index) => ({ connection, next: start + index + 1 }));
      }
    },
    close() {
      isClosed = true;
    },
  };
}

function kernelError({ command, key }: Operation | DirectorOperation, errno: number): KernelError | null {
  return errno === 0 ? null : new KernelError({ errno, command, key });
}

/** Destinations newest first, as the kernel shows them: it adds at the head of a list (__ip_vs_update_dest). */
function tableOf(
  services: Iterable<ServiceState>,
  { stats = false }: ReadOptions = {},
): Map<string, TableEntry> {
  const entries = new Map<string, TableEntry>();
  for (const { entry, destinations, connections } of services) {
    entries.set(entry.key, stats ? Object.freeze({ ...entry, stats: NO_STATS }) : entry);
    for (const destination of [...destinations.values()].reverse()) {
      entries.set(
        destination.key,
        stats ? counted(destination, connections.get(destination.key) ?? NO_CONNECTIONS) : destination,
      );
    }
  }
  return entries;
}

function counted(destination: DestinationEntry, connections: Connections): DestinationEntry {
  return Object.freeze({ ...destination, stats: NO_STATS, connections });
}
