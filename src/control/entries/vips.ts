/**
 * The addresses that lvsd binds. One serves every virtual service with that VIP, of whatever cluster and project; its entry
 * belongs to one of those whose clusters ask for it, and passes on to another when that one goes.
 */
import { addressConfigOf } from '../../domain/desired.js';
import { DomainError } from '../../domain/errors.js';
import type { AddressConfig } from '../../domain/host-operation.js';
import { addressKey, addressOfKey } from '../../domain/keys.js';
import { namesOf, parentPath } from '../../domain/names.js';
import type { ClusterSpec } from '../../domain/schema/cluster.js';
import type { VirtualServiceSpec } from '../../domain/schema/virtual-service.js';
import type { OwnedEntry, Reader, StoredResource, Transaction } from '../../store/store.js';
import { type Leaving, release } from './leaving.js';

/** What a virtual service asks for. */
export interface Vip {
  readonly key: string;
  readonly path: string;
  readonly config: AddressConfig;
  readonly revision: number;
}

/** The VIP of a service that its cluster wants bound; undefined when there is none. */
export function vipOf(
  { path, spec, revision }: StoredResource,
  resources: ReadonlyMap<string, StoredResource>,
): Vip | undefined {
  const service = spec as VirtualServiceSpec;
  const config = addressConfigOf(resources.get(parentPath(path))?.spec as ClusterSpec, service);
  if (!config || service.address === undefined) return undefined;
  return { key: addressKey(service.address), path, config, revision };
}

/** Tells the resources that a write derives entries for from all others. */
export type IsInside = (path: string) => boolean;

/**
 * Has these VIPs, all that the resources inside ask for, bound. Throws VIP_INTERFACE_TAKEN when another service has one bound to
 * another interface.
 */
export function syncVips(tx: Transaction, vips: readonly Vip[], isInside: IsInside): void {
  const seen = new Map<string, Vip>();
  for (const vip of vips) {
    const { interface: name } = vip.config;
    const twin = seen.get(vip.key);
    if (twin && twin.config.interface !== name) throw interfaceTaken(vip, twin.path, twin.config.interface);
    if (twin) continue;
    seen.set(vip.key, vip);
    const holder = tx.entry(vip.key);
    const isShared = holder?.state === 'living' && !isInside(holder.path);
    if (isShared) {
      if (interfaceOf(holder) !== name) throw interfaceTaken(vip, holder.path, interfaceOf(holder));
      continue;
    }
    const keeps = holder && vips.find(({ key, path }) => key === vip.key && path === holder.path);
    if (holder?.state === 'living' && keeps && interfaceOf(holder) === name) continue;
    const other = userOutside(tx, vip.key, isInside, (wanted) => wanted !== name);
    if (other) throw interfaceTaken(vip, other.path, other.interface);
    tx.putEntry({
      ...{ key: vip.key, config: vip.config, revision: vip.revision },
      ...{ path: keeps ? holder.path : vip.path, origin: holder?.origin ?? 'fresh' },
      ...{ state: 'living', drainSeconds: 0, drainDeadline: null },
    });
  }
}

/**
 * Of addresses that nothing inside asks for any more: hands them over to who else does, or has them leave. With
 * `drain` they stay as long as there is a service at the address, draining or not.
 */
export function releaseVips(
  tx: Transaction,
  entries: readonly OwnedEntry[],
  { isInside, leaving }: { isInside: IsInside; leaving: Leaving },
): void {
  for (const entry of entries) {
    const heir = userOutside(tx, entry.key, isInside, () => true);
    const isServed = tx.isServed(addressOfKey(entry.key));
    if (heir) tx.putEntry({ ...entry, path: heir.path, state: 'living' });
    else release(tx, entry, { ...leaving, drain: leaving.drain && isServed });
  }
}

interface User {
  readonly path: string;
  readonly interface: string;
}

/** The first service that is not inside whose cluster wants this address bound to an interface that passes the test. */
function userOutside(
  reader: Reader,
  key: string,
  isInside: IsInside,
  test: (interfaceName: string) => boolean,
): User | undefined {
  const wantedBy = ({ path }: StoredResource) => {
    const cluster = reader.resource(parentPath(path))?.spec as ClusterSpec;
    return cluster.vip.interface;
  };
  const found = reader.virtualServiceAt(addressOfKey(key), (service) => {
    const name = isInside(service.path) ? null : wantedBy(service);
    return name !== null && test(name);
  });
  const name = found ? wantedBy(found) : null;
  return found && name !== null ? { path: found.path, interface: name } : undefined;
}

function interfaceOf({ config }: OwnedEntry): string {
  return (config as AddressConfig).interface;
}

function interfaceTaken({ key, path, config }: Vip, holder: string, name: string): DomainError {
  const address = addressOfKey(key);
  const owner = namesOf(holder).project === namesOf(path).project ? holder : 'another project';
  return new DomainError(
    'VIP_INTERFACE_TAKEN',
    `${address} is bound to ${name} for ${owner} and cannot be on ${config.interface} too: set vip.interface to ${name}, or ` +
      'to null here or there.',
    { metadata: { address, interface: name, owner, resource: path } },
  );
}
