/** One address behind all virtual services of a project: looked at, drained, disabled and put to use again in one call. */
import { canonicalAddress } from '../../domain/address.js';
import { DomainError, violationError } from '../../domain/errors.js';
import { pathOf } from '../../domain/names.js';
import type { RealServerSpec } from '../../domain/schema/real-server.js';
import { RealServerAddressPatch } from '../../domain/schema/real-server-address.js';
import type { RealServer } from '../../domain/schema/resource.js';
import type { Slices } from '../../domain/slices.js';
import { createValidator } from '../../domain/validate.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { Committed, Reader, Store, StoredResource, Transaction } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import type { AddressNames, RealServerAddresses, TaggedAddress } from '../control.js';
import type { Observe } from '../directors/observe.js';
import { checkPreconditions, treeEtag } from '../preconditions.js';
import { type Lineage, lineageOf, withLineage } from '../retries/as-written.js';
import { keeping } from '../retries/kept-answers.js';
import { previewOf, writeContext } from '../write-context.js';
import type { Presenter } from './present.js';
import { putResource } from './put-resource.js';
import { found, requireAncestors } from './resources.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly present: Presenter<RealServer>;
  readonly observe: Observe<RealServer>;
  readonly now: () => Date;
}

/** What a write leaves at an address. */
interface Found {
  readonly lineage: Lineage;
  readonly etag: string;
}

export function createRealServerAddresses(dependencies: Dependencies): RealServerAddresses {
  const { store, reconciler, present, observe, now } = dependencies;
  const validate = createValidator(RealServerAddressPatch);

  function tagged({ project, address }: AddressNames): TaggedAddress {
    return store.read((reader) => {
      const stored = serversAt(reader, project, address);
      const realServers = stored.map((one) => present(one, reader));
      return { realServerAddress: { project, address, realServers }, etag: treeEtag(stored) };
    });
  }

  /** Those of the real servers that a write has changed; the entity tag is that of all that it found. */
  function written(
    { project, address }: AddressNames,
    { changes, value }: Pick<Committed<Found>, 'changes' | 'value'>,
  ): TaggedAddress {
    return store.read((now) => {
      const reader = withLineage(now, value.lineage);
      const realServers = changes.map(({ path }) => present(found(reader, path), reader));
      return { realServerAddress: { project, address, realServers }, etag: value.etag };
    });
  }

  return {
    async get(call, names, { connections = false } = {}) {
      authorise(call, 'getRealServerAddress', names);
      const all = tagged(canonicalNames(names));
      if (!connections) return all;
      const { realServerAddress } = all;
      const realServers = await observe(realServerAddress.realServers);
      return { ...all, realServerAddress: { ...realServerAddress, realServers } };
    },

    async update(call, names, body, options) {
      authorise(call, 'updateRealServerAddress', names);
      const { project, address } = canonicalNames(names);
      const { spec, etag: bodyEtag } = validate(body);
      const scope = pathOf({ project });
      const job = {
        context: writeContext(call, 'updateRealServerAddress'),
        scope,
        change: keeping(call, change, (tx, value) => {
          const resource = written({ project, address }, { changes: tx.changes(), value });
          return { resource, created: false, pending: false };
        }),
      };
      function* change(tx: Transaction): Slices<Found> {
        const servers = serversAt(tx, project, address);
        checkPreconditions(`${scope}/real-server-addresses/${address}`, treeEtag(servers), {
          ...options,
          bodyEtag,
        });
        for (const server of servers) {
          const after = { ...(server.spec as RealServerSpec), adminState: spec.adminState };
          yield* putResource(tx, { ...server, spec: after }, { reconciler, options, now: now() });
        }
        return {
          lineage: new Map(servers.flatMap(({ path }) => [...lineageOf(tx, path)])),
          etag: treeEtag(serversAt(tx, project, address)),
        };
      }
      if (options.validateOnly) return { preview: previewOf(await reconciler.preview(job)) };
      const committed = await reconciler.write(job);
      const resource = written({ project, address }, committed);
      return { resource, created: false, pending: committed.pending };
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
