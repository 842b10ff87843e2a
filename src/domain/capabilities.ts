import type { Violation } from './errors.js';
import type { Forwarding } from './schema/forwarding.js';
import { serviceFamily, type VirtualServiceSpec } from './schema/virtual-service.js';

/** What a director can do; a null list is not known beforehand, and the kernel will say. */
export interface Capabilities {
  readonly ipv6: boolean;
  readonly sctp: boolean;
  readonly fullnat: boolean;
  readonly schedulers: readonly string[] | null;
  readonly persistenceEngines: readonly string[] | null;
  readonly tunnelTypes: readonly string[];
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

/** What this forwarding needs that the director lacks. The pointer is relative to the spec that holds it. */
export function missingForForwarding({ method, tunnel }: Forwarding, director: Capabilities): Violation[] {
  if (method === 'fullnat' && !director.fullnat) {
    return [missing('/forwarding/method', 'fullnat', 'use nat, dr or tun')];
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
