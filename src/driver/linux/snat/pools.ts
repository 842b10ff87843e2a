/**
 * The numbers and names of source NAT. A pool is the addresses that a connection may leave from; each pool in use has a
 * number, which connections carry in eight bits of their connection mark (not of the packet mark, which belongs to
 * firewall-mark services and policy routing).
 */
import type { SnatConfig } from '../../../domain/host-operation.js';
import { type Family, type Frontend, isFwmark } from '../../../domain/keys.js';

export type PoolAddresses = SnatConfig['addresses'];

/** Our chain in the tables mangle and nat, and the bits of the connection mark that are ours. */
export const CHAIN = 'LVSD-FULLNAT';
export const MARK_MASK = '0xff000000';
export const POOL_NUMBER_MAX = 255;

/** Pool number n as a connection mark. */
export function markOf(pool: number): string {
  return `0x${((pool << 24) >>> 0).toString(16)}`;
}

export function poolOfMark(mark: string): number {
  return Number.parseInt(mark, 16) >>> 24;
}

/** The set of the frontends of a pool. */
export function setName(family: Family, pool: number): string {
  return `${setPrefix(family)}${pool}`;
}

export function setPrefix(family: Family): string {
  return family === 'ipv4' ? 'lvsd4-' : 'lvsd6-';
}

/** Whether two pools are the same one, address by address. */
export function samePool(one: PoolAddresses, other: PoolAddresses): boolean {
  return one === other || (one !== null && other !== null && one.join() === other.join());
}

/**
 * Whether a frontend has a rule of its own instead of an entry in a set: a set holds addresses with ports, so neither a
 * firewall mark nor port 0, which is every port.
 */
export function hasOwnRule(frontend: Frontend): boolean {
  return isFwmark(frontend) || frontend.port === 0;
}
