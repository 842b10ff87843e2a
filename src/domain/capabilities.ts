import type { Violation } from './errors.js';
import type { ClusterSpec } from './schema/cluster.js';
import type { Forwarding } from './schema/forwarding.js';
import { serviceFamily, type VirtualServiceSpec } from './schema/virtual-service.js';

/** What the IPVS of a kernel can do; a null list is not known beforehand, and the kernel will say. */
export interface IpvsCapabilities {
  readonly ipv6: boolean;
  readonly sctp: boolean;
  readonly schedulers: readonly string[] | null;
  readonly persistenceEngines: readonly string[] | null;
  readonly tunnelTypes: readonly string[];
}

/** What a director can do: its IPVS, and the host around it. */
export interface Capabilities extends IpvsCapabilities {
  /** Source NAT of fullnat. */
  readonly fullnat: boolean;
  /** Why it cannot, as a sentence with the remedy; null when it can. */
  readonly fullnatMissing: string | null;
  /** Binding of VIPs to an interface. */
  readonly vipBinding: boolean;
  readonly vipBindingMissing: string | null;
}

/** What this virtual service needs that the director lacks. Pointers are relative to the spec. */
export function missingForService(spec: VirtualServiceSpec, director: Capabilities): Violation[] {
  const found: Violation[] = [];
  const engine = spec.persistence?.engine;
  if (director.schedulers && !director.schedulers.includes(spec.scheduler)) {
    const remedy = `load its module or use one of ${director.schedulers.join(', ')}`;
    found.push(missing('/scheduler', `scheduler ${spec.scheduler}`, remedy));
  }
  if (engine && director.persistenceEngines && !director.persistenceEngines.includes(engine)) {
    found.push(missing('/persistence/engine', `persistence engine ${engine}`, 'load its module or use null'));
  }
  if (spec.protocol === 'sctp' && !director.sctp) {
    found.push(missing('/protocol', 'SCTP', 'use a kernel with CONFIG_IP_VS_PROTO_SCTP'));
  }
  if (serviceFamily(spec) === 'ipv6' && !director.ipv6) {
    const pointer = spec.fwmark === undefined ? '/address' : '/family';
    found.push(missing(pointer, 'IPv6', 'use a kernel with CONFIG_IP_VS_IPV6'));
  }
  return found;
}

/** What a cluster needs that the director lacks, beside its forwarding. Pointers are relative to the spec. */
export function missingForCluster({ vip }: ClusterSpec, director: Capabilities): Violation[] {
  if (vip.interface === null || director.vipBinding) return [];
  const remedy = director.vipBindingMissing ?? 'set interface to null and bind the VIPs yourself.';
  const detail = `The director cannot bind VIPs: ${remedy}`;
  return [{ reason: 'CAPABILITY_MISSING', pointer: '/vip/interface', detail }];
}

/** What this forwarding needs that the director lacks. The pointer is relative to the spec that holds it. */
export function missingForForwarding({ method, tunnel }: Forwarding, director: Capabilities): Violation[] {
  if (method === 'fullnat' && !director.fullnat) {
    const remedy = director.fullnatMissing ?? 'use nat, dr or tun.';
    const detail = `The director cannot do fullnat: ${remedy}`;
    return [{ reason: 'CAPABILITY_MISSING', pointer: '/forwarding/method', detail }];
  }
  if (tunnel && !director.tunnelTypes.includes(tunnel.type)) {
    return [
      missing('/forwarding/tunnel/type', `${tunnel.type} tunnels`, `use ${director.tunnelTypes.join(', ')}`),
    ];
  }
  return [];
}

function missing(pointer: string, what: string, remedy: string): Violation {
  return { reason: 'CAPABILITY_MISSING', pointer, detail: `The director does not have ${what}: ${remedy}.` };
}
