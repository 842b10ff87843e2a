/** The explanation that people draw on whiteboards: how the packets of one client travel by each real server, and back. */
import { backendOf, effectiveForwarding, effectiveWeight, frontendOf } from '../desired.js';
import { endpoint, frontendKey } from '../keys.js';
import type { Route } from '../route.js';
import type { ClusterSpec } from '../schema/cluster.js';
import type { Forwarding } from '../schema/forwarding.js';
import type { PacketPath, RealServerPath } from '../schema/packet-path.js';
import type { RealServerSpec } from '../schema/real-server.js';
import { serviceFamily, type VirtualServiceSpec } from '../schema/virtual-service.js';
import { conditionsOf, warningsOf } from './conditions.js';
import { explanationOf } from './explanation.js';
import { hopsOf } from './hops.js';
import { schedulingOf } from './scheduling.js';

export interface PathRequest {
  readonly names: Pick<PacketPath, 'project' | 'cluster' | 'virtualService'>;
  readonly cluster: ClusterSpec;
  readonly service: VirtualServiceSpec;
  readonly realServers: readonly NamedServer[];
  readonly client: { readonly address: string; readonly port: number };
  /** What the client connects to, where the service is known by a firewall mark; null: not known. */
  readonly vip: string | null;
  readonly toClient: Route | null;
}

export interface NamedServer {
  readonly name: string;
  readonly spec: RealServerSpec;
  readonly route: Route | null;
}

export function packetPath(request: PathRequest): PacketPath {
  const { names, service, realServers, client } = request;
  const picked = realServers.filter(({ spec }) => effectiveWeight(spec) > 0);
  const others = realServers.filter((server) => !picked.includes(server));
  const isUnknown = picked.some(
    ({ route, spec }) =>
      route === null && effectiveForwarding(request.cluster, service, spec).method !== 'dr',
  );
  return {
    ...names,
    key: frontendKey(frontendOf(service)),
    client: endpoint(client.address, client.port),
    scheduling: schedulingOf(service, client.address),
    paths: picked.map((server) => pathBy(server, request)),
    remarks: [
      ...(picked.length === 0
        ? ['No real server may be picked: the director refuses every connection.']
        : []),
      ...others.map(({ name, spec }) => `${name} gets no new connections: ${whyNot(spec)}.`),
      ...(isUnknown
        ? ['DIP: lvsd does not know by which address the director reaches the real servers.']
        : []),
      ...(service.fwmark === undefined
        ? []
        : [
            `A rule of yours must mark the packets with ${service.fwmark} before they are delivered (mangle, PREROUTING).`,
          ]),
      ...(service.address === undefined && request.vip === null
        ? ['VIP: a firewall mark does not tell what clients connect to; ask again with vip=ADDRESS.']
        : []),
      ...(service.port === 0 || service.port === undefined
        ? ['PORT: the service takes any port; the real server gets the one that the client asked for.']
        : []),
    ],
  };
}

function whyNot({ adminState, weight }: RealServerSpec): string {
  return adminState === 'active' ? `its weight is ${weight}` : `its adminState is ${adminState}`;
}

function pathBy({ name, spec, route }: NamedServer, request: PathRequest): RealServerPath {
  const { cluster, service, client, toClient } = request;
  const forwarding = effectiveForwarding(cluster, service, spec);
  const { address, port } = backendOf(spec, service);
  const servicePort = service.port ?? 0;
  const vipAddress = service.address ?? request.vip ?? 'VIP';
  const flow = {
    client: endpoint(client.address, client.port),
    vip: at(vipAddress, servicePort),
    vipAddress,
    vipInterface: service.address === undefined ? null : cluster.vip.interface,
    rip: at(address, port),
    address,
    dip: route?.source ?? 'DIP',
    snat: endpoint(sourceOf(forwarding, route), client.port),
    realServer: name,
    forwarding,
    mapsPort: port !== servicePort && port !== 0,
    onePacket: service.onePacket,
    toClient,
    toServer: route,
  };
  return {
    realServer: name,
    address,
    port,
    method: forwarding.method,
    weight: effectiveWeight(spec),
    ...hopsOf(flow),
    explanation: explanationOf(flow),
    conditions: conditionsOf(flow, serviceFamily(service)),
    warnings: warningsOf(flow),
  };
}

function at(address: string, port: number): string {
  if (port !== 0) return endpoint(address, port);
  return address.includes(':') ? `[${address}]:PORT` : `${address}:PORT`;
}

function sourceOf({ snat }: Forwarding, route: Route | null): string {
  return snat?.addresses[0] ?? route?.source ?? 'DIP';
}
