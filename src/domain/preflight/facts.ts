/** What a preflight looks at: what is defined, and what the director's host and kernel have. */
import type { Capabilities } from '../capabilities.js';
import type { Route } from '../route.js';
import type { Forwarding } from '../schema/forwarding.js';
import type { VirtualServiceSpec } from '../schema/virtual-service.js';

export interface CheckedServer {
  readonly path: string;
  readonly address: string;
  readonly forwarding: Forwarding;
}

export interface CheckedService {
  readonly path: string;
  readonly spec: VirtualServiceSpec;
  /** Of its cluster. */
  readonly vipInterface: string | null;
  /** Those that are not disabled. */
  readonly servers: readonly CheckedServer[];
}

export interface CheckedLink {
  readonly name: string;
  readonly up: boolean;
  /** Has a MAC address and is no part of a bridge's inside or of a tunnel. */
  readonly ethernet: boolean;
  readonly mtu: number;
}

export interface KernelFacts {
  readonly release: string;
  readonly connectionTableSize: number;
  readonly capabilities: Capabilities;
}

export interface Facts {
  readonly isModel: boolean;
  /** Null: the kernel's IPVS does not answer, for `unreachableReason`. */
  readonly kernel: KernelFacts | null;
  readonly unreachableReason: string | null;
  /** Null: the host could not be read. */
  readonly host: HostFacts | null;
  readonly services: readonly CheckedService[];
  /** Real servers that were left out because there are so many. */
  readonly unchecked: number;
}

export interface HostFacts {
  readonly links: readonly CheckedLink[];
  /** Addresses that the host has. */
  readonly addresses: ReadonlySet<string>;
  /** By path below /proc/sys; null: the kernel has no such setting. */
  readonly sysctls: ReadonlyMap<string, string | null>;
  /** By address; null: unreachable. */
  readonly routes: ReadonlyMap<string, Route | null>;
}

/** Paths below /proc/sys that the checks ask for, whatever is defined. */
export const SYSCTLS = [
  'net/ipv4/ip_forward',
  'net/ipv6/conf/all/forwarding',
  'net/ipv4/conf/all/rp_filter',
  'net/ipv4/conf/all/arp_ignore',
  'net/ipv4/vs/conntrack',
  'net/ipv4/vs/expire_nodest_conn',
  'net/ipv4/vs/expire_quiescent_template',
  'net/ipv4/vs/conn_reuse_mode',
  'net/netfilter/nf_conntrack_count',
  'net/netfilter/nf_conntrack_max',
] as const;

export function rpFilterPath(link: string): string {
  return `net/ipv4/conf/${link}/rp_filter`;
}

/** As sysctl(8) takes it: with dots, unless a name within has some itself. */
export function sysctlName(path: string): string {
  return path.includes('.') ? path : path.replaceAll('/', '.');
}

/** The command that sets it now. */
export function sysctlCommand(path: string, value: number): string {
  return `sysctl -w ${sysctlName(path)}=${value}`;
}

export function sysctlAdvice(path: string, value: number): string {
  return `Set ${sysctlName(path)} to ${value}, and in /etc/sysctl.d/ to keep it.`;
}
