/** One address behind all virtual services of a project: looked at, drained, disabled and put to use again in one call. */
import { canonicalAddress } from '../domain/address.js';
import { DomainError, violationError } from '../domain/errors.js';
import { pathOf } from '../domain/names.js';
import type { RealServerSpec } from '../domain/schema/real-server.js';
import { RealServerAddressPatch } from '../domain/schema/real-server-address.js';
import type { RealServer } from '../domain/schema/resource.js';
import { createValidator } from '../domain/validate.js';
import type { Reconciler } from '../reconcile/reconciler.js';
import type { Reader, Store, StoredResource } from '../store/store.js';
import { authorise } from './authorise.js';
import type { AddressNames, RealServerAddresses, TaggedAddress } from './control.js';
import type { Observe } from './observe.js';
import { checkPreconditions, treeEtag } from './preconditions.js';
import type { Presenter } from './present.js';
import { putResource } from './put-resource.js';
import { requireAncestors } from './resources.js';
import { previewOf, writeContext } from './write-context.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly present: Presenter<RealServer>;
  readonly observe: Observe<RealServer>;
  readonly now: () => Date;
}

export function createRealServerAddresses(dependencies: Dependencies): RealServerAddresses {
  const { store, reconciler, present, observe, now } = dependencies;
  const validate = createValidator(RealServerAddressPatch);

  /** The real servers of the address, or of these those that were changed; the entity tag is that of all. */
  function tagged({ project, address }: AddressNames, changed?: ReadonlySet<string>): TaggedAddress {
    return store.read((reader) => {
      const stored = serversAt(reader, project, address);
      const shown = changed ? stored.filter(({ path }) => changed.has(path)) : stored;
      const realServers = shown.map((one) => present(one, reader));
      return { realServerAddress: { project, address, realServers }, etag: treeEtag(stored) };
    });
  }

  return {
    async get(call, names, { connections = false } = {}) {
      authorise(call, 'getRealServerAddress', names);
      const found = tagged(canonicalNames(names));
      if (!connections) return found;
      const { realServerAddress } = found;
      const realServers = await observe(realServerAddress.realServers);
      return { ...found, realServerAddress: { ...realServerAddress, realServers } };
    },

    async update(call, names, body, options) {
      authorise(call, 'updateRealServerAddress', names);
      const { project, address } = canonicalNames(names);
      const { spec, etag: bodyEtag } = validate(body);
      const scope = pathOf({ project });
      const job = {
        context: writeContext(call, 'updateRealServerAddress'),
        scope,
        change(tx: Parameters<typeof putResource>[0]) {
          const servers = serversAt(tx, project, address);
          checkPreconditions(`${scope}/real-server-addresses/${address}`, treeEtag(servers), {
            ...options,
            bodyEtag,
          });
          for (const server of servers) {
            const after = { ...(server.spec as RealServerSpec), adminState: spec.adminState };
            putResource(tx, { ...server, spec: after }, { reconciler, options, now: now() });
          }
        },
      };
      if (options.validateOnly) return { preview: previewOf(await reconciler.preview(job)) };
      const { changes, pending } = await reconciler.write(job);
      const changed = new Set(changes.map(({ path }) => path));
      return { resource: tagged({ project, address }, changed), created: false, pending };
    },
  };
}

/** Rejects ADDRESS_INVALID. */
export function canonicalNames({ project, address }: AddressNames): AddressNames {
  const spelling = canonicalAddress(address);
  if (spelling !== undefined) return { project, address: spelling };
  const detail = `"${address}" is not an IPv4 or IPv6 address.`;
  throw violationError([{ reason: 'ADDRESS_INVALID', pointer: '/address', detail }]);
}

/** At least one; throws REAL_SERVER_NOT_FOUND. */
export function serversAt(reader: Reader, project: string, address: string): StoredResource[] {
  const path = pathOf({ project });
  requireAncestors(reader, path);
  const servers = reader.realServersAt(path, address);
  if (servers.length > 0) return servers;
  throw new DomainError(
    'REAL_SERVER_NOT_FOUND',
    `No real server of project ${project} has the address ${address}.`,
    { metadata: { project, address } },
  );
}
