/**
 * The IPVS table as the kernel knows it: the vocabulary that `plan`, the drivers and the reconciler share.
 * Everything the kernel can hold is representable, so that foreign entries are shown as they are.
 */
import type { Backend, Frontend } from './keys.js';

/**
 * IP_VS_CONN_F_FWD_MASK. `local` and `bypass` are never asked for by lvsd, but the kernel may show them; it also keeps three
 * numbers that have no meaning.
 */
export const KERNEL_METHODS = [
  'nat',
  'dr',
  'tun',
  'local',
  'bypass',
  'method-5',
  'method-6',
  'method-7',
] as const;
export type KernelMethod = (typeof KERNEL_METHODS)[number];
export type TunnelType = 'ipip' | 'gue' | 'gre';
export type TunnelChecksum = 'none' | 'csum' | 'remcsum';

/** IP_VS_SVC_F_SCHED1…3: their meaning depends on the scheduler (sh: fallback, port; mh: fallback, port). */
export type KernelSchedulerFlag = 'flag-1' | 'flag-2' | 'flag-3';

export interface KernelPersistence {
  readonly timeoutSeconds: number;
  /** As `ipvsadm -M` takes it: a dotted mask for IPv4 ("255.255.255.255"), a prefix length for IPv6 ("128"). */
  readonly netmask: string;
  /** Persistence engine, or null for the client address. */
  readonly engine: string | null;
}

/** The editable attributes of a virtual service. */
export interface ServiceConfig {
  /** Scheduler module's name; empty when the kernel service has none (it was set to `none`). */
  readonly scheduler: string;
  /** Sorted, without repetition. */
  readonly schedulerFlags: readonly KernelSchedulerFlag[];
  readonly onePacket: boolean;
  readonly persistence: KernelPersistence | null;
}

export interface KernelTunnel {
  readonly type: TunnelType;
  /** UDP port of the GUE receiver; 0 for ipip and gre. */
  readonly port: number;
  readonly checksum: TunnelChecksum;
}

/** The editable attributes of a destination. */
export interface DestinationConfig {
  readonly method: KernelMethod;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  /** Set with method `tun`, else null. */
  readonly tunnel: KernelTunnel | null;
}

/** Totals and rates since creation or the last zeroing (IPVS_*_ATTR_STATS64; rates per second). */
export interface Stats {
  readonly connections: bigint;
  readonly inPackets: bigint;
  readonly outPackets: bigint;
  readonly inBytes: bigint;
  readonly outBytes: bigint;
  readonly connectionRate: bigint;
  readonly inPacketRate: bigint;
  readonly outPacketRate: bigint;
  readonly inByteRate: bigint;
  readonly outByteRate: bigint;
}

export interface ServiceEntry {
  readonly kind: 'service';
  readonly key: string;
  readonly frontend: Frontend;
  readonly config: ServiceConfig;
  /** Present when the read asked for it. */
  readonly stats?: Stats;
}

/** Connections of a destination now (IPVS_DEST_ATTR_ACTIVE_CONNS, _INACT_CONNS, _PERSIST_CONNS). */
export interface Connections {
  readonly active: number;
  /** Closing, or of a protocol without connections. */
  readonly inactive: number;
  /** Persistence templates. */
  readonly persistent: number;
}

export interface DestinationEntry {
  readonly kind: 'destination';
  readonly key: string;
  readonly frontend: Frontend;
  readonly backend: Backend;
  readonly config: DestinationConfig;
  /** Present when the read asked for it. */
  readonly stats?: Stats;
  /** Present when the read asked for stats. */
  readonly connections?: Connections;
}

export type TableEntry = ServiceEntry | DestinationEntry;

/** Entries by key; every service is followed by its destinations, both in the kernel's order. */
export type Table = ReadonlyMap<string, TableEntry>;

/** One change of the table. The commands are IPVS_CMD_* of linux/ip_vs.h. */
export type Operation =
  | {
      readonly command: 'NEW_SERVICE' | 'SET_SERVICE';
      readonly key: string;
      readonly frontend: Frontend;
      readonly config: ServiceConfig;
    }
  | { readonly command: 'DEL_SERVICE'; readonly key: string; readonly frontend: Frontend }
  | {
      readonly command: 'NEW_DEST' | 'SET_DEST';
      readonly key: string;
      readonly frontend: Frontend;
      readonly backend: Backend;
      readonly config: DestinationConfig;
    }
  | {
      readonly command: 'DEL_DEST';
      readonly key: string;
      readonly frontend: Frontend;
      readonly backend: Backend;
    };

export type Command = Operation['command'];
