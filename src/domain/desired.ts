/** From definitions to what the kernel is to hold. */

import type { AddressConfig, SnatConfig } from './host-operation.js';
import {
  type Backend,
  type Family,
  type Frontend,
  familyOfAddress,
  frontendKeyOf,
  isFwmark,
  parseFrontend,
} from './keys.js';
import { dottedMask } from './netmask.js';
import type { ClusterSpec } from './schema/cluster.js';
import type { Forwarding } from './schema/forwarding.js';
import type { RealServerSpec } from './schema/real-server.js';
import { type Persistence, serviceFamily, type VirtualServiceSpec } from './schema/virtual-service.js';
import type { DestinationConfig, KernelPersistence, KernelTunnel, ServiceConfig } from './table.js';

/** The frontend of a valid spec. */
export function frontendOf(spec: VirtualServiceSpec): Frontend {
  if (spec.fwmark !== undefined) return { fwmark: spec.fwmark, family: spec.family ?? 'ipv4' };
  return { protocol: spec.protocol ?? 'tcp', address: spec.address ?? '', port: spec.port ?? 0 };
}

/** The backend of a real server; without a port of its own it has the service's (0, any, behind a firewall mark). */
export function backendOf(server: RealServerSpec, service: VirtualServiceSpec): Backend {
  return { address: server.address, port: server.port ?? service.port ?? 0 };
}

/** The nearest forwarding wins: real server, virtual service, cluster. */
export function effectiveForwarding(
  cluster: ClusterSpec,
  service: VirtualServiceSpec,
  server?: RealServerSpec,
): Forwarding {
  return server?.forwarding ?? service.forwarding ?? cluster.forwarding;
}

export function effectiveWeight(server: RealServerSpec): number {
  return server.adminState === 'active' ? server.weight : 0;
}

export function serviceConfigOf(spec: VirtualServiceSpec): ServiceConfig {
  return {
    scheduler: spec.scheduler,
    schedulerFlags: spec.schedulerFlags.map((flag) => (flag.endsWith('-fallback') ? 'flag-1' : 'flag-2')),
    onePacket: spec.onePacket,
    persistence: spec.persistence && kernelPersistence(spec.persistence, frontendOf(spec)),
  };
}

function kernelPersistence(persistence: Persistence, frontend: Frontend): KernelPersistence {
  const isIpv6 = 'family' in frontend ? frontend.family === 'ipv6' : frontend.address.includes(':');
  return {
    timeoutSeconds: persistence.timeoutSeconds,
    netmask: isIpv6 ? String(persistence.prefixLength) : dottedMask(persistence.prefixLength),
    engine: persistence.engine,
  };
}

/** What the kernel begins with (IP_VS_S_UDP_NORMAL of ip_vs_proto_udp.c). */
export const KERNEL_UDP_SECONDS = 300;

/**
 * How long the connections of a destination may take to end, when it is drained now. An idle UDP connection is forgotten
 * after the director's UDP timeout, so that waiting longer is vain.
 */
export function boundedDrainSeconds(key: string, seconds: number, udpSeconds: () => number): number {
  const frontend = parseFrontend(frontendKeyOf(key));
  const isUdp = !isFwmark(frontend) && frontend.protocol === 'udp';
  return isUdp ? Math.min(seconds, udpSeconds()) : seconds;
}

/** FULLNAT is the kernel's masquerading plus source NAT outside IPVS. */
export function destinationConfigOf(server: RealServerSpec, forwarding: Forwarding): DestinationConfig {
  return {
    method: forwarding.method === 'fullnat' ? 'nat' : forwarding.method,
    weight: effectiveWeight(server),
    upperThreshold: server.upperThreshold,
    lowerThreshold: server.lowerThreshold,
    tunnel: forwarding.method === 'tun' ? kernelTunnel(forwarding) : null,
  };
}

function kernelTunnel({ tunnel }: Forwarding): KernelTunnel {
  return {
    type: tunnel?.type ?? 'ipip',
    port: tunnel?.port ?? 0,
    checksum: tunnel?.checksum ?? 'none',
  };
}

/** Where the VIP of a service is to be bound; null when that is not lvsd's to do, or there is none. */
export function addressConfigOf(cluster: ClusterSpec, service: VirtualServiceSpec): AddressConfig | null {
  const { interface: name } = cluster.vip;
  if (name === null || service.address === undefined) return null;
  return { interface: name, prefixLength: familyOfAddress(service.address) === 'ipv4' ? 32 : 128 };
}

/** The source NAT that a service needs; null when it is not fullnat. */
export function snatConfigOf(cluster: ClusterSpec, service: VirtualServiceSpec): SnatConfig | null {
  const { method, snat } = effectiveForwarding(cluster, service);
  if (method !== 'fullnat') return null;
  return { addresses: snat ? poolOf(snat.addresses, serviceFamily(service)) : null };
}

/** The source addresses that a service of this family can use: sorted, without repetition. */
export function poolOf(addresses: readonly string[], family: Family): string[] {
  return [...new Set(addresses.filter((address) => familyOfAddress(address) === family))].sort();
}
