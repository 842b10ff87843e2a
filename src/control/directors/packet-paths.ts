/** From stored definitions and the director's routes to the explanation of a packet's way. */
import { canonicalAddress } from '../../domain/address.js';
import { type Violation, violationError } from '../../domain/errors.js';
import { type Names, nameOf, parentPath, pathOf } from '../../domain/names.js';
import { type PathRequest, packetPath } from '../../domain/packet-path/packet-path.js';
import type { Routes } from '../../domain/route.js';
import type { ClusterSpec } from '../../domain/schema/cluster.js';
import type { RealServerSpec } from '../../domain/schema/real-server.js';
import { serviceFamily, type VirtualServiceSpec } from '../../domain/schema/virtual-service.js';
import type { Reader, Store, StoredResource } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import type { PacketPathOptions, PacketPaths } from '../control.js';
import { found, requireAncestors } from '../definitions/resources.js';
import { directorRoute } from './director-routes.js';
import { hostAddressViolation } from './host-address.js';

/** Of the documentation's networks (RFC 5737, RFC 3849). */
const CLIENTS = { ipv4: '203.0.113.7', ipv6: '2001:db8:ffff::7' } as const;
const CLIENT_PORT = 40_000;
/** Each comes with all its hops; who wants another one names it. */
const MOST_REAL_SERVERS = 100;

export function createPacketPaths(store: Store, routes: Routes | undefined): PacketPaths {
  return {
    async get(call, names, options) {
      const { project, cluster = '', virtualService = '' } = names;
      authorise(call, 'getPacketPath', { project });
      const stored = store.read((reader) => definitionOf(reader, names, options.realServer));
      const { client, vip } = checkedOptions(options, stored.service);
      const realServers = [];
      for (const { path, spec } of stored.servers.slice(0, MOST_REAL_SERVERS)) {
        const server = spec as RealServerSpec;
        const route = await directorRoute(routes, server.address);
        realServers.push({ name: nameOf(path), spec: server, route });
      }
      const found = packetPath({
        names: { project, cluster, virtualService },
        cluster: stored.cluster,
        service: stored.service,
        realServers,
        client,
        vip,
        toClient: await directorRoute(routes, client.address),
      });
      if (stored.servers.length <= MOST_REAL_SERVERS) return found;
      const more = `Only the first ${MOST_REAL_SERVERS} real servers: name another one with realServer=NAME.`;
      return { ...found, remarks: [...found.remarks, more] };
    },
  };
}

function definitionOf(reader: Reader, names: Names, realServer: string | undefined) {
  const path = pathOf(names);
  requireAncestors(reader, path);
  const all = { kind: 'realServer', parent: path, limit: MOST_REAL_SERVERS + 1 } as const;
  const servers: StoredResource[] =
    realServer === undefined ? reader.resources(all) : [found(reader, pathOf({ ...names, realServer }))];
  return {
    cluster: found(reader, parentPath(path)).spec as ClusterSpec,
    service: found(reader, path).spec as VirtualServiceSpec,
    servers,
  };
}

function checkedOptions(
  { client, clientPort = CLIENT_PORT, vip }: PacketPathOptions,
  service: VirtualServiceSpec,
): Pick<PathRequest, 'client' | 'vip'> {
  const family = serviceFamily(service);
  const violations: Violation[] = [];
  for (const [name, text] of Object.entries({ client, vip })) {
    const violation = text === undefined ? undefined : hostAddressViolation(text, `/${name}`, [family]);
    if (violation) violations.push(violation);
  }
  if (clientPort > 65_535) {
    const detail = `${clientPort} is not a port: use 1 to 65535.`;
    violations.push({ reason: 'FIELD_INVALID', pointer: '/clientPort', detail });
  }
  if (vip !== undefined && service.address !== undefined) {
    const detail = 'vip is for services with a firewall mark, and this one has an address: leave vip out.';
    violations.push({ reason: 'FIELD_INVALID', pointer: '/vip', detail });
  }
  const [first, ...rest] = violations;
  if (first) throw violationError([first, ...rest]);
  const address = canonicalAddress(client ?? '') ?? CLIENTS[family];
  return { client: { address, port: clientPort }, vip: canonicalAddress(vip ?? '') ?? null };
}
