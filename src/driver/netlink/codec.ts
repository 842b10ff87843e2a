/** Operations to attributes, and attributes to the entries of a table. */
import { addressBytes, addressFromBytes, putAddress } from '../../domain/address.js';
import {
  type Backend,
  destinationKey,
  type Family,
  type Frontend,
  familyOf,
  familyOfAddress,
  frontendKey,
  isFwmark,
  type Protocol,
} from '../../domain/keys.js';
import { sameDestination } from '../../domain/plan.js';
import type {
  DestinationConfig,
  DestinationEntry,
  KernelPersistence,
  KernelSchedulerFlag,
  KernelTunnel,
  Operation,
  ServiceConfig,
  ServiceEntry,
  Stats,
} from '../../domain/table.js';
import { AF_INET, AF_INET6 } from '../wire/constants.js';
import { malformed } from '../wire/malformed.js';
import type { Writer } from '../wire/writer.js';
import {
  FORWARDING_METHODS,
  IP_VS_CONN_F_FWD_MASK,
  IP_VS_SVC_F_ONEPACKET,
  IP_VS_SVC_F_PERSISTENT,
  IP_VS_SVC_F_SCHED,
  IPVS_CMD_ATTR,
  PROTOCOLS,
  TUNNEL_CHECKSUMS,
  TUNNEL_TYPES,
} from './constants.js';
import { DESTINATION, type DestinationValues, SERVICE, type ServiceValues } from './tables.js';

/** The kernel shows a service whose scheduler could not be bound with this name, and takes it too (ip_vs_add_service). */
const NO_SCHEDULER = 'none';

const SCHEDULER_FLAGS = Object.entries(IP_VS_SVC_F_SCHED) as [KernelSchedulerFlag, number][];
const PROTOCOL_NAMES = new Map(
  Object.entries(PROTOCOLS).map(([name, number]): [number, Protocol] => [number, name as Protocol]),
);
const ADDRESS_BYTES = 16;
/** Networks of persistence count single clients unless told otherwise; sent too when there is no persistence. */
const WHOLE_ADDRESS_MASK = [255, 255, 255, 255];
const WHOLE_ADDRESS_PREFIX = 128;

/** The attributes of a change; those of a destination's service are only what identifies it. */
export function encodeOperation(writer: Writer, operation: Operation): void {
  const { frontend } = operation;
  if (!('backend' in operation)) {
    writeService(writer, frontend, 'config' in operation ? operation.config : undefined);
    return;
  }
  writeService(writer, frontend);
  writeDestination(writer, operation.backend, 'config' in operation ? operation.config : undefined);
}

/** The attributes that identify a service. */
export function encodeFrontend(writer: Writer, frontend: Frontend): void {
  writeService(writer, frontend);
}

/**
 * The service of a message; `stats` says whether it was decoded with them. Undefined for a protocol that IPVS does not
 * forward, although the kernel lets netlink name any: such a service does nothing and is nobody's.
 */
export function serviceEntryOf(values: ServiceValues, stats: boolean): ServiceEntry | undefined {
  const frontend = frontendOf(values);
  if (frontend === undefined) return undefined;
  const entry: ServiceEntry = {
    kind: 'service',
    key: frontendKey(frontend),
    frontend,
    config: serviceConfigOf(values, familyOf(frontend)),
  };
  return stats ? { ...entry, stats: statsOf(values) } : entry;
}

export interface OwningService {
  readonly key: string;
  readonly frontend: Frontend;
}

export interface DestinationContext {
  /** Whether the values were decoded with them. */
  readonly stats: boolean;
  /** The entry before it in the list, whose attributes are most often the same: equal ones are kept once. */
  readonly neighbour: DestinationEntry | undefined;
}

/** The destination of a message that came when the destinations of `service` were asked for. */
export function destinationEntryOf(
  values: DestinationValues,
  service: OwningService,
  { stats, neighbour }: DestinationContext,
): DestinationEntry {
  const backend = backendOf(values, familyOf(service.frontend));
  const config = destinationConfigOf(values);
  const entry: DestinationEntry = {
    kind: 'destination',
    key: destinationKey(service.key, backend),
    frontend: service.frontend,
    backend,
    config: neighbour && sameDestination(neighbour.config, config) ? neighbour.config : config,
  };
  if (!stats) return entry;
  const connections = {
    active: required(values.activeConnections, 'ACTIVE_CONNS'),
    inactive: required(values.inactiveConnections, 'INACT_CONNS'),
    persistent: required(values.persistentConnections, 'PERSIST_CONNS'),
  };
  return { ...entry, stats: statsOf(values), connections };
}

/** Attribute by attribute, in the order of the table: a push of a whole definition does this for every entry. */
function writeService(writer: Writer, frontend: Frontend, config?: ServiceConfig): void {
  const start = writer.beginNested(IPVS_CMD_ATTR.SERVICE);
  const family = familyOf(frontend);
  SERVICE.family.encode(writer, familyNumber(family));
  if (isFwmark(frontend)) SERVICE.fwmark.encode(writer, frontend.fwmark);
  else {
    SERVICE.protocol.encode(writer, PROTOCOLS[frontend.protocol]);
    writeAddress(writer, SERVICE.address.type, frontend.address);
    SERVICE.port.encode(writer, frontend.port);
  }
  if (config) writeServiceConfig(writer, config, family);
  writer.endNested(start);
}

function writeServiceConfig(writer: Writer, config: ServiceConfig, family: Family): void {
  const { scheduler, persistence } = config;
  SERVICE.scheduler.encode(writer, scheduler === '' ? NO_SCHEDULER : scheduler);
  if (persistence && persistence.engine !== null) SERVICE.engine.encode(writer, persistence.engine);
  SERVICE.flags.encode(writer, flagsOf(config));
  SERVICE.timeoutSeconds.encode(writer, persistence?.timeoutSeconds ?? 0);
  if (family === 'ipv4') SERVICE.mask.encode(writer, maskOf(persistence));
  else SERVICE.prefixLength.encode(writer, prefixLengthOf(persistence));
}

function flagsOf({ schedulerFlags, onePacket, persistence }: ServiceConfig): number {
  let flags = persistence ? IP_VS_SVC_F_PERSISTENT : 0;
  if (onePacket) flags |= IP_VS_SVC_F_ONEPACKET;
  for (const flag of schedulerFlags) flags |= IP_VS_SVC_F_SCHED[flag];
  return flags;
}

function maskOf(persistence: KernelPersistence | null | undefined): number[] {
  return persistence ? addressBytes(persistence.netmask) : WHOLE_ADDRESS_MASK;
}

function prefixLengthOf(persistence: KernelPersistence | null | undefined): number {
  return persistence ? Number(persistence.netmask) : WHOLE_ADDRESS_PREFIX;
}

/** What identifies a service; undefined for a protocol that IPVS does not forward. */
export function frontendOf(values: ServiceValues): Frontend | undefined {
  const family = familyFrom(required(values.family, 'AF'));
  if (values.fwmark !== undefined) return { fwmark: values.fwmark, family };
  const protocol = PROTOCOL_NAMES.get(required(values.protocol, 'PROTOCOL'));
  if (protocol === undefined) return undefined;
  const address = addressFromBytes(required(values.address, 'ADDR'), family);
  return { protocol, address, port: required(values.port, 'PORT') };
}

export function serviceConfigOf(values: ServiceValues, family: Family): ServiceConfig {
  const flags = required(values.flags, 'FLAGS');
  const scheduler = required(values.scheduler, 'SCHED_NAME');
  return {
    scheduler: scheduler === NO_SCHEDULER ? '' : scheduler,
    schedulerFlags: SCHEDULER_FLAGS.filter(([, bit]) => flags & bit).map(([flag]) => flag),
    onePacket: (flags & IP_VS_SVC_F_ONEPACKET) !== 0,
    persistence: flags & IP_VS_SVC_F_PERSISTENT ? persistenceOf(values, family) : null,
  };
}

function persistenceOf(values: ServiceValues, family: Family): KernelPersistence {
  const netmask =
    family === 'ipv4'
      ? addressFromBytes(required(values.mask, 'NETMASK'), 'ipv4')
      : String(required(values.prefixLength, 'NETMASK'));
  return {
    timeoutSeconds: required(values.timeoutSeconds, 'TIMEOUT'),
    netmask,
    engine: values.engine ?? null,
  };
}

function writeDestination(writer: Writer, { address, port }: Backend, config?: DestinationConfig): void {
  const start = writer.beginNested(IPVS_CMD_ATTR.DEST);
  DESTINATION.family.encode(writer, familyNumber(familyOfAddress(address)));
  writeAddress(writer, DESTINATION.address.type, address);
  DESTINATION.port.encode(writer, port);
  if (config) {
    DESTINATION.method.encode(writer, FORWARDING_METHODS.indexOf(config.method));
    DESTINATION.weight.encode(writer, config.weight);
    if (config.method === 'tun' && config.tunnel) writeTunnel(writer, config.tunnel);
    DESTINATION.upperThreshold.encode(writer, config.upperThreshold);
    DESTINATION.lowerThreshold.encode(writer, config.lowerThreshold);
  }
  writer.endNested(start);
}

/** `union nf_inet_addr`: an IPv4 address fills the first 4 of its 16 bytes. */
function writeAddress(writer: Writer, type: number, address: string): void {
  const at = writer.attribute(type, ADDRESS_BYTES);
  const { bytes } = writer;
  for (let i = 0; i < ADDRESS_BYTES; i++) bytes[at + i] = 0;
  putAddress(address, bytes, at);
}

function writeTunnel(writer: Writer, { type, port, checksum }: KernelTunnel): void {
  DESTINATION.tunnelType.encode(writer, TUNNEL_TYPES.indexOf(type));
  DESTINATION.tunnelPort.encode(writer, port);
  DESTINATION.tunnelFlags.encode(writer, TUNNEL_CHECKSUMS.indexOf(checksum));
}

/** Kernels before 3.18 have no ADDR_FAMILY: a destination is then of its service's family. */
export function backendOf(values: DestinationValues, serviceFamily: Family): Backend {
  const family = values.family === undefined ? serviceFamily : familyFrom(values.family);
  return {
    address: addressFromBytes(required(values.address, 'ADDR'), family),
    port: required(values.port, 'PORT'),
  };
}

export function destinationConfigOf(values: DestinationValues): DestinationConfig {
  const number = required(values.method, 'FWD_METHOD') & IP_VS_CONN_F_FWD_MASK;
  const method = required(FORWARDING_METHODS[number], 'FWD_METHOD');
  return {
    method,
    weight: required(values.weight, 'WEIGHT'),
    upperThreshold: required(values.upperThreshold, 'U_THRESH'),
    lowerThreshold: required(values.lowerThreshold, 'L_THRESH'),
    tunnel: method === 'tun' ? tunnelOf(values) : null,
  };
}

/**
 * Kernels before 5.3 do not show these attributes and know ipip alone. Later ones keep any numbers: a type that they do
 * not know acts as ipip, and of two checksum flags the remote one comes first (ip_vs_tunnel_xmit, ip_vs_gue_encap).
 */
function tunnelOf({ tunnelType = 0, tunnelPort = 0, tunnelFlags = 0 }: DestinationValues): KernelTunnel {
  return {
    type: TUNNEL_TYPES[tunnelType] ?? 'ipip',
    port: tunnelPort,
    checksum: TUNNEL_CHECKSUMS[Math.min(tunnelFlags & 3, 2)] ?? 'none',
  };
}

function statsOf({ stats }: Pick<ServiceValues, 'stats'>): Stats {
  const values = required(stats, 'STATS');
  return {
    connections: required(values.connections, 'CONNS'),
    inPackets: required(values.inPackets, 'INPKTS'),
    outPackets: required(values.outPackets, 'OUTPKTS'),
    inBytes: required(values.inBytes, 'INBYTES'),
    outBytes: required(values.outBytes, 'OUTBYTES'),
    connectionRate: required(values.connectionRate, 'CPS'),
    inPacketRate: required(values.inPacketRate, 'INPPS'),
    outPacketRate: required(values.outPacketRate, 'OUTPPS'),
    inByteRate: required(values.inByteRate, 'INBPS'),
    outByteRate: required(values.outByteRate, 'OUTBPS'),
  };
}

function familyNumber(family: Family): number {
  return family === 'ipv4' ? AF_INET : AF_INET6;
}

function familyFrom(number: number): Family {
  if (number !== AF_INET && number !== AF_INET6) throw malformed(`an address has family ${number}`);
  return number === AF_INET ? 'ipv4' : 'ipv6';
}

/** For attributes that every answer of the kernel has. */
export function required<T>(value: T | undefined, attribute: string): T {
  if (value === undefined) throw malformed(`${attribute} is missing`);
  return value;
}
