/** Specs without what the domain fills in by itself. */
import type { ForwardingInput } from '../domain/schema/forwarding.js';
import { normaliseVirtualService } from '../domain/schema/virtual-service.js';
import type { RealServerInput, ServerSettings, ServiceInput, ServiceSettings } from './definition.js';

export function minimalForwarding({ method, tunnel, snat }: ForwardingInput): ForwardingInput {
  const kept = {
    ...(tunnel?.type && tunnel.type !== 'ipip' && { type: tunnel.type }),
    ...(tunnel?.port !== undefined && { port: tunnel.port }),
    ...(tunnel?.checksum && tunnel.checksum !== 'none' && { checksum: tunnel.checksum }),
  };
  return { method, ...(Object.keys(kept).length > 0 && { tunnel: kept }), ...(snat && { snat }) };
}

export function minimalService(spec: ServiceSettings): ServiceInput {
  const { scheduler, schedulerFlags, persistence, onePacket, ...frontend } = spec;
  return {
    ...frontend,
    ...(scheduler && scheduler !== 'wlc' && { scheduler }),
    ...(schedulerFlags && schedulerFlags.length > 0 && { schedulerFlags: [...schedulerFlags].sort() }),
    ...(persistence && { persistence: minimalPersistence(spec) }),
    ...(onePacket && { onePacket }),
  };
}

function minimalPersistence(spec: ServiceSettings): NonNullable<ServiceInput['persistence']> {
  const { persistence } = normaliseVirtualService(spec);
  const longest = normaliseVirtualService({ ...spec, persistence: {} }).persistence?.prefixLength;
  return {
    ...(persistence && persistence.timeoutSeconds !== 300 && { timeoutSeconds: persistence.timeoutSeconds }),
    ...(persistence && persistence.prefixLength !== longest && { prefixLength: persistence.prefixLength }),
    ...(persistence?.engine && { engine: persistence.engine }),
  };
}

export function minimalServer(spec: ServerSettings, servicePort: number | undefined): RealServerInput {
  const { address, port, weight, upperThreshold, lowerThreshold, adminState } = spec;
  return {
    address,
    ...(port !== undefined && port !== (servicePort ?? 0) && { port }),
    ...(weight !== undefined && weight !== 1 && { weight }),
    ...(upperThreshold && { upperThreshold }),
    ...(lowerThreshold && { lowerThreshold }),
    ...(adminState && adminState !== 'active' && { adminState }),
  };
}
