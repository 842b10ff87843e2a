/**
 * The kernel's IPVS table as a state machine: what ip_vs_genl_set_cmd of net/netfilter/ipvs/ip_vs_ctl.c does with each
 * command, its checks in the kernel's order. The model-based kernel test holds it against a real kernel.
 */
import { constants } from 'node:os';
import { freeze } from '../../domain/freeze.js';
import {
  destinationKey,
  type Family,
  type Frontend,
  familyOf,
  familyOfAddress,
  frontendKey,
  isFwmark,
} from '../../domain/keys.js';
import type {
  Connections,
  DestinationConfig,
  DestinationEntry,
  KernelPersistence,
  KernelSchedulerFlag,
  Operation,
  ServiceConfig,
  ServiceEntry,
} from '../../domain/table.js';
import { isRealServerAddress } from './real-server-address.js';

const { EAFNOSUPPORT, EEXIST, EINVAL, ENOENT, ERANGE, ESRCH } = constants.errno;

/** Bytes without the closing NUL that ip_vs_svc_policy lets through. */
const SCHEDULER_NAME_MAX = 15;
const ENGINE_NAME_MAX = 16;
/** CONFIG_IP_VS_MH_TAB_INDEX=12, the default: mh binds no service with more destinations (ip_vs_mh_reassign). */
const MH_DESTINATIONS_MAX = 4093;
const SCHEDULER_FLAGS: readonly KernelSchedulerFlag[] = ['flag-1', 'flag-2', 'flag-3'];

type ServiceWrite = Extract<Operation, { command: 'NEW_SERVICE' | 'SET_SERVICE' }>;
type DestinationWrite = Extract<Operation, { config: DestinationConfig }>;

/** What the modelled kernel has and where it stands. */
export interface KernelTraits {
  readonly schedulers: ReadonlySet<string>;
  readonly persistenceEngines: ReadonlySet<string>;
  readonly ipv6: boolean;
  readonly localBroadcasts: ReadonlySet<string>;
  /** A synchronisation daemon runs: its protocol knows no destinations of the other family. */
  readonly isSynchronising: () => boolean;
  /** CONFIG_HZ: the kernel keeps timeouts in 32 bits of ticks, so that longer ones wrap round. */
  readonly ticksPerSecond: number;
}

/** A virtual service with its destinations, oldest first. Entries are deeply frozen. */
export interface ServiceState {
  readonly entry: ServiceEntry;
  readonly destinations: Map<string, DestinationEntry>;
  /** By key of the destination; one that is not here has none. They outlive edits and go with the destination. */
  readonly connections: Map<string, Connections>;
}

export interface KernelTable {
  readonly services: ReadonlyMap<string, ServiceState>;
  find(frontend: Frontend): ServiceState | undefined;
  /** Positive errno, or 0 when it is done. */
  apply(operation: Operation): number;
}

export function createKernelTable(traits: KernelTraits): KernelTable {
  const services = new Map<string, ServiceState>();

  function setService(operation: ServiceWrite): number {
    const { config } = operation;
    const frontend = kernelFrontend(operation.frontend);
    const key = frontendKey(frontend);
    const existing = services.get(key);
    if (nameTooLong(config.scheduler, SCHEDULER_NAME_MAX)) return EINVAL;
    if (nameTooLong(config.persistence?.engine ?? '', ENGINE_NAME_MAX)) return EINVAL;
    if (!isFamilyBuiltIn(familyOf(frontend))) return EAFNOSUPPORT;
    if (operation.command === 'NEW_SERVICE' && existing) return EEXIST;
    if (operation.command === 'SET_SERVICE' && !existing) return ESRCH;

    const scheduler = config.scheduler === 'none' ? '' : config.scheduler;
    if (scheduler !== '' && !traits.schedulers.has(scheduler)) return ENOENT;
    const engine = config.persistence?.engine || null;
    if (engine !== null && !traits.persistenceEngines.has(engine)) return ENOENT;
    if (!isPrefixAccepted(frontend, config.persistence)) return EINVAL;

    const destinations = existing?.destinations ?? new Map<string, DestinationEntry>();
    const bindsScheduler = existing?.entry.config.scheduler !== scheduler;
    if (scheduler === 'mh' && bindsScheduler && destinations.size > MH_DESTINATIONS_MAX) return EINVAL;
    const kept: ServiceConfig = {
      scheduler,
      schedulerFlags: SCHEDULER_FLAGS.filter((flag) => config.schedulerFlags.includes(flag)),
      onePacket: config.onePacket,
      persistence: config.persistence && keptPersistence(config.persistence, engine, traits.ticksPerSecond),
    };
    const connections = existing?.connections ?? new Map<string, Connections>();
    const entry = freeze<ServiceEntry>({ kind: 'service', key, frontend, config: kept });
    services.set(key, { entry, destinations, connections });
    return 0;
  }

  function setDestination(operation: DestinationWrite, { entry, destinations }: ServiceState): number {
    const config = arrivingConfig(operation.config);
    const { address } = operation.backend;
    const isMixed = familyOfAddress(address) !== familyOf(entry.frontend);
    if (isMixed && (config.method !== 'tun' || traits.isSynchronising())) return EINVAL;
    if (config.weight > 0x7fffffff) return ERANGE;
    if (config.lowerThreshold > config.upperThreshold) return ERANGE;
    if (config.tunnel?.type === 'gue' && config.tunnel.port === 0) return EINVAL;

    const key = destinationKey(entry.key, operation.backend);
    const exists = destinations.has(key);
    if (operation.command === 'NEW_DEST') {
      if (exists) return EEXIST;
      if (!isRealServerAddress(address, traits.localBroadcasts)) return EINVAL;
    } else if (!exists) return ENOENT;
    const { frontend } = entry;
    const backend = { address: operation.backend.address, port: operation.backend.port };
    destinations.set(key, freeze({ kind: 'destination', key, frontend, backend, config }));
    return 0;
  }

  function isFamilyBuiltIn(family: Family): boolean {
    return family === 'ipv4' || traits.ipv6;
  }

  function find(frontend: Frontend): ServiceState | undefined {
    return services.get(frontendKey(kernelFrontend(frontend)));
  }

  function apply(operation: Operation): number {
    if ('config' in operation && !('backend' in operation)) return setService(operation);
    if (!isFamilyBuiltIn(familyOf(operation.frontend))) return EAFNOSUPPORT;
    const service = find(operation.frontend);
    if (!service) return ESRCH;
    if (!('backend' in operation)) {
      services.delete(service.entry.key);
      return 0;
    }
    if (!isFamilyBuiltIn(familyOfAddress(operation.backend.address))) return EAFNOSUPPORT;
    if ('config' in operation) return setDestination(operation, service);
    const key = destinationKey(service.entry.key, operation.backend);
    service.connections.delete(key);
    return service.destinations.delete(key) ? 0 : ENOENT;
  }

  return { services, find, apply };
}

/** Mark 0 is no mark: the kernel then reads protocol TCP, the zero address and port 0 (ip_vs_genl_parse_service). */
function kernelFrontend(frontend: Frontend): Frontend {
  if (!isFwmark(frontend) || frontend.fwmark !== 0) return { ...frontend };
  return { protocol: 'tcp', address: frontend.family === 'ipv4' ? '0.0.0.0' : '::', port: 0 };
}

function nameTooLong(name: string, max: number): boolean {
  return Buffer.byteLength(name) > max;
}

/** IPv4 masks are taken as they are, IPv6 prefixes are checked. */
function isPrefixAccepted(frontend: Frontend, persistence: KernelPersistence | null): boolean {
  if (persistence === null || familyOf(frontend) === 'ipv4') return true;
  const length = Number(persistence.netmask);
  return length >= 1 && length <= 128;
}

function keptPersistence(
  { timeoutSeconds, netmask }: KernelPersistence,
  engine: string | null,
  ticksPerSecond: number,
): KernelPersistence {
  const ticks = ((timeoutSeconds >>> 0) * ticksPerSecond) % 2 ** 32;
  return { timeoutSeconds: Math.floor(ticks / ticksPerSecond), netmask, engine };
}

/** Attributes are 32 bits wide: other numbers arrive wrapped round, a negative weight as one above 2^31. */
function arrivingConfig(config: DestinationConfig): DestinationConfig {
  return {
    method: config.method,
    weight: config.weight >>> 0,
    upperThreshold: config.upperThreshold >>> 0,
    lowerThreshold: config.lowerThreshold >>> 0,
    tunnel: config.tunnel && { ...config.tunnel },
  };
}
