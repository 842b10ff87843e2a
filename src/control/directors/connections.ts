/** The kernel's connections, by page and as a stream. */
import { connectionTest, destinationKeysOf, frontendKeysOf, isTemplate } from '../../domain/connections.js';
import type { Connection as KernelConnection } from '../../domain/director-operation.js';
import type { Frontend } from '../../domain/keys.js';
import { type Connection, ConnectionFilter } from '../../domain/schema/connection.js';
import { createValidator } from '../../domain/validate.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { Store } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import type { Connections, Page } from '../control.js';
import { decodeNumber, encodePageToken, pageSizeOf } from '../page.js';
import { requireKnownDirector } from './directors.js';
import { frontendOfKey, frontendOfResource } from './frontends.js';
import { reaching, reachingAll } from './reaching.js';

/** At most so many are looked at for one page, however few of them the filter lets through. */
const SCAN_LIMIT = 10_000;

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
}

interface Scan {
  readonly size: number;
  readonly from: number;
  /** What a page token belongs to. */
  readonly query: unknown;
  readonly matches: (connection: KernelConnection) => boolean;
  readonly signal: AbortSignal;
}

export function createConnections({ store, reconciler }: Dependencies): Connections {
  const { director, driver } = reconciler;
  const validate = createValidator(ConnectionFilter);

  function testOf(filter: ConnectionFilter): Scan['matches'] {
    const { virtualService } = filter;
    return connectionTest(filter, virtualService === undefined ? undefined : frontendOf(virtualService));
  }

  function frontendOf(keyOrPath: string): Frontend {
    return keyOrPath.startsWith('projects/')
      ? frontendOfResource(store, keyOrPath)
      : frontendOfKey(keyOrPath, 'virtualService');
  }

  async function scan({ size, from, query, matches, signal }: Scan): Promise<Page<Connection>> {
    const found: KernelConnection[] = [];
    let looked = 0;
    let position = from;
    for await (const piece of driver.connections(from)) {
      for (const { connection, next } of piece) {
        if (found.length === size || looked === SCAN_LIMIT || signal.aborted) {
          return { items: present(store, found), nextPageToken: encodePageToken(query, String(position)) };
        }
        if (matches(connection)) found.push(connection);
        looked += 1;
        position = next;
      }
    }
    return { items: present(store, found), nextPageToken: '' };
  }

  return {
    async list(call, name, { pageSize, pageToken, ...given }, signal) {
      authorise(call, 'listConnections');
      requireKnownDirector(director.name, name);
      const filter = validate(given);
      const query = ['connections', name, inOrder(filter)];
      const size = pageSizeOf(pageSize);
      const from = decodeNumber(query, pageToken);
      return reaching(scan({ size, from, query, matches: testOf(filter), signal }));
    },

    stream(call, name, given, signal) {
      authorise(call, 'streamConnections');
      requireKnownDirector(director.name, name);
      const matches = testOf(validate(given));
      return reachingAll(follow(matches, signal));
    },
  };

  async function* follow(matches: Scan['matches'], signal: AbortSignal) {
    for await (const piece of driver.connections(0)) {
      if (signal.aborted) return;
      const connections = piece.map(({ connection }) => connection);
      yield present(store, connections.filter(matches));
    }
  }
}

/** One text for one filter, in whatever order it was given. */
function inOrder(filter: ConnectionFilter): unknown[] {
  return Object.entries(filter).sort(([a], [b]) => (a < b ? -1 : 1));
}

interface Owners {
  readonly virtualService: string | null;
  readonly realServer: string | null;
}

const NOBODY: Owners = { virtualService: null, realServer: null };

/** Many connections have the same owners: they are looked up once for each piece. */
function present(store: Store, connections: readonly KernelConnection[]): Connection[] {
  const known = new Map<string, Owners>();
  return connections.map((connection) => {
    const { protocol, client, virtual, real, state, expiresSeconds, persistence } = connection;
    const name = `${protocol} ${virtual.address} ${virtual.port} ${real.address} ${real.port}`;
    const owners = known.get(name) ?? ownersOf(store, connection);
    known.set(name, owners);
    return {
      protocol,
      client: { ...client },
      virtual: { ...virtual },
      real: { ...real },
      state,
      expiresSeconds,
      template: isTemplate(connection),
      persistence: persistence && { ...persistence },
      ...owners,
    };
  });
}

function ownersOf(store: Store, connection: KernelConnection): Owners {
  return store.read((reader) => {
    for (const key of frontendKeysOf(connection)) {
      const service = reader.entry(key);
      if (!service) continue;
      const destinations = destinationKeysOf(key, connection).map((one) => reader.entry(one)?.path);
      return { virtualService: service.path, realServer: destinations.find((path) => path) ?? null };
    }
    return NOBODY;
  });
}
