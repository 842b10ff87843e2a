/** What a kernel's IPVS holds besides the table: the vocabulary that drivers, the reconciler and the API share. */
import type { Backend, Frontend } from './keys.js';

/** How long connections without packets are kept (`ipvsadm --set`); they hold for connections that begin afterwards. */
export interface Timeouts {
  readonly tcpSeconds: number;
  /** After a FIN was seen. */
  readonly tcpFinSeconds: number;
  readonly udpSeconds: number;
}

export type DaemonState = 'master' | 'backup';
export const DAEMON_STATES = ['master', 'backup'] as const satisfies readonly DaemonState[];

/** One thread that sends (master) or takes (backup) connections over multicast (`ipvsadm --start-daemon`). */
export interface SyncDaemon {
  readonly interface: string;
  /** A backup with id 0 takes the messages of every master. */
  readonly syncId: number;
  /** Multicast address, canonical text. */
  readonly group: string;
  readonly port: number;
  readonly ttl: number;
  /** Longest message in bytes; null, when one is to be started: the kernel's choice. */
  readonly maxLength: number | null;
}

/** The length that the kernel makes of a wanted one: start_sync_thread of net/netfilter/ipvs/ip_vs_sync.c. */
export function keptLength(state: DaemonState, { maxLength, group }: SyncDaemon): number {
  const headers = group.includes(':') ? 48 : 28;
  if (maxLength === null || maxLength === 0) return ETHERNET_MTU - headers;
  return Math.min(Math.max(maxLength, state === 'backup' ? 1024 : 1), 65535 - headers);
}

const ETHERNET_MTU = 1500;

/** Null: not running. */
export type SyncDaemons = { readonly [state in DaemonState]: SyncDaemon | null };

/** What the kernel has now. */
export interface DirectorSettings {
  readonly timeouts: Timeouts;
  readonly syncDaemons: SyncDaemons;
}

/** One change of it. The commands are IPVS_CMD_* of linux/ip_vs.h. */
export type DirectorOperation =
  /** 0 leaves a timeout as it is. */
  | { readonly command: 'SET_CONFIG'; readonly key: string; readonly config: Timeouts }
  | {
      readonly command: 'NEW_DAEMON';
      readonly key: string;
      readonly state: DaemonState;
      readonly config: SyncDaemon;
    }
  | { readonly command: 'DEL_DAEMON'; readonly key: string; readonly state: DaemonState }
  /** The counters of a service and its destinations; without frontend, of all. */
  | { readonly command: 'ZERO'; readonly key: string; readonly frontend: Frontend | null };

/** Keys of what is not an entry of the table, as operations and audit events name it. */
export const TIMEOUTS_KEY = 'timeouts';
export const ALL_COUNTERS_KEY = 'counters';

export function daemonKey(state: DaemonState): string {
  return `sync-daemons/${state}`;
}

/**
 * One line of /proc/net/ip_vs_conn. A persistence template is a connection too: its client port is 0, and its virtual
 * address is the mark where the service is a firewall mark.
 */
export interface Connection {
  /** Lower case, as the kernel names it: tcp, udp, sctp; ip for templates of firewall marks. */
  readonly protocol: string;
  readonly client: Backend;
  readonly virtual: Backend;
  readonly real: Backend;
  /** The kernel's word: ESTABLISHED, FIN_WAIT, UDP, NONE, ASSURED, … */
  readonly state: string;
  readonly expiresSeconds: number;
  /** What a persistence engine knows the client by. */
  readonly persistence: { readonly engine: string; readonly data: string } | null;
}
