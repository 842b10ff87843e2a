/** The only door to a director's host outside its IPVS table: addresses, source NAT for fullnat, routes and links. */
import type { HostOperation, SnatConfig } from '../domain/host-operation.js';
import type { Refusals } from './driver.js';

/** What the host can do for a director. */
export interface HostCapabilities {
  /** Binding of VIPs. Null: it can; else why not, as a sentence with the remedy. */
  readonly addresses: string | null;
  /** Source NAT for fullnat. As `addresses`. */
  readonly snat: string | null;
}

/** One address of one interface, whoever put it there. */
export interface HostAddress {
  readonly interface: string;
  /** Canonical text. */
  readonly address: string;
  readonly prefixLength: number;
  /** Whether it carries lvsd's mark (IFA_PROTO): only such addresses are ever changed or removed. */
  readonly ours: boolean;
}

/** How packets of the director itself reach an address. */
export interface HostRoute {
  readonly interface: string;
  /** The director's address that such packets leave with. */
  readonly source: string;
  /** Next hop; null when the address is on the interface's own network. */
  readonly gateway: string | null;
  /** Of the route, where it has one, else of the interface; in bytes. */
  readonly mtu: number;
  /** The address is one of the director's own. */
  readonly local: boolean;
}

export interface HostLink {
  readonly name: string;
  readonly index: number;
  /** Administratively up (IFF_UP). */
  readonly up: boolean;
  readonly mtu: number;
  /** Kind of a virtual link, such as "bridge" or "ipip"; null for hardware. */
  readonly kind: string | null;
  /** Link-layer address in colon notation; null for a link without one. */
  readonly mac: string | null;
}

/**
 * Every method rejects with `KernelUnavailableError` when the host cannot be asked at all, and then nothing is known about
 * how much was done. The errno of a refused operation:
 *
 * | operation | when | errno |
 * |---|---|---|
 * | NEW_ADDRESS | the interface has it already, ours or not | EEXIST |
 * | NEW_ADDRESS, SET_ADDRESS | there is no such interface | ENODEV |
 * | SET_ADDRESS, DEL_ADDRESS | no interface has it as ours | EADDRNOTAVAIL |
 * | NEW_SNAT | the frontend has source NAT already | EEXIST |
 * | SET_SNAT, DEL_SNAT | the frontend has none | ENOENT |
 */
export interface HostDriver {
  capabilities(): Promise<HostCapabilities>;

  readAddresses(): Promise<readonly HostAddress[]>;

  /** Source NAT by frontend key, as our chains and sets hold it now; empty when there is nothing of ours. */
  readSnat(): Promise<ReadonlyMap<string, SnatConfig>>;

  /**
   * Carries out the operations in order and goes on after a refused one.
   *
   * NEW_ADDRESS binds an address, marks it as ours and announces it on the interface; the announcement is not waited for.
   * SET_ADDRESS binds it to another interface, then takes ours from wherever else it is. DEL_ADDRESS takes ours from every
   * interface. What the host has of others stays.
   */
  apply(operations: readonly HostOperation[]): Promise<Refusals>;

  /** Route lookup for packets of the director to an address; null when it is unreachable. */
  route(address: string): Promise<HostRoute | null>;

  links(): Promise<readonly HostLink[]>;

  /** Kernel settings by their paths below /proc/sys, such as net/ipv4/ip_forward; null: the kernel has none of that name. */
  readSysctls(paths: readonly string[]): Promise<ReadonlyMap<string, string | null>>;

  close(): void;
}
