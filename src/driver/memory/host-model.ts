/** A host as `driver/host.ts` sees it: its addresses and its source NAT. Pure; errno are those of the port. */
import { constants } from 'node:os';
import { addressBytes } from '../../domain/address.js';
import type { AddressConfig, HostOperation, SnatConfig } from '../../domain/host-operation.js';
import { frontendKey } from '../../domain/keys.js';

const { EADDRNOTAVAIL, EEXIST, ENODEV, ENOENT } = constants.errno;

export interface ModelAddress extends AddressConfig {
  readonly address: string;
  readonly ours: boolean;
}

export interface HostModel {
  addresses: readonly ModelAddress[];
  /** By frontend key. */
  readonly snat: Map<string, SnatConfig>;
  /** Positive errno, or 0 when it is done. */
  apply(operation: HostOperation): number;
}

export function createHostModel(
  interfaces: ReadonlySet<string>,
  addresses: readonly ModelAddress[],
): HostModel {
  const snat = new Map<string, SnatConfig>();

  const isOurs = (one: ModelAddress, address: string) => one.ours && one.address === address;

  function bind(address: string, config: AddressConfig): number {
    if (!interfaces.has(config.interface)) return ENODEV;
    if (isHeldBy(address, config.interface)) return EEXIST;
    model.addresses = [...model.addresses, Object.freeze({ address, ...config, ours: true })];
    return 0;
  }

  function isHeldBy(address: string, name: string): boolean {
    return model.addresses.some((one) => one.address === address && one.interface === name);
  }

  function move(address: string, config: AddressConfig): number {
    if (!model.addresses.some((one) => isOurs(one, address))) return EADDRNOTAVAIL;
    const errno = bind(address, config);
    if (errno !== 0 && errno !== EEXIST) return errno;
    model.addresses = model.addresses.filter(
      (one) => !isOurs(one, address) || one.interface === config.interface,
    );
    return 0;
  }

  function unbind(address: string): number {
    const left = model.addresses.filter((one) => !isOurs(one, address));
    if (left.length === model.addresses.length) return EADDRNOTAVAIL;
    model.addresses = left;
    return 0;
  }

  function setSnat(key: string, { addresses: pool }: SnatConfig): number {
    snat.set(key, Object.freeze({ addresses: pool && Object.freeze([...pool]) }));
    return 0;
  }

  const model: HostModel = {
    addresses,
    snat,
    apply(operation) {
      switch (operation.command) {
        case 'NEW_ADDRESS':
          return bind(operation.address, operation.config);
        case 'SET_ADDRESS':
          return move(operation.address, operation.config);
        case 'DEL_ADDRESS':
          return unbind(operation.address);
        case 'NEW_SNAT': {
          const key = frontendKey(operation.frontend);
          return snat.has(key) ? EEXIST : setSnat(key, operation.config);
        }
        case 'SET_SNAT': {
          const key = frontendKey(operation.frontend);
          return snat.has(key) ? setSnat(key, operation.config) : ENOENT;
        }
        case 'DEL_SNAT':
          return snat.delete(frontendKey(operation.frontend)) ? 0 : ENOENT;
      }
    },
  };
  return model;
}

/** Whether two addresses of one family begin with the same bits. */
export function sharesPrefix(a: string, b: string, length: number): boolean {
  if (a.includes(':') !== b.includes(':')) return false;
  const [left, right] = [addressBytes(a), addressBytes(b)];
  return left.every((byte, i) => {
    const bits = Math.min(8, Math.max(0, length - 8 * i));
    const mask = (0xff00 >> bits) & 0xff;
    return ((byte ^ (right[i] ?? 0)) & mask) === 0;
  });
}
