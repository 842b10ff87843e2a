/** What every writer needs of a definition: each service with its real servers, and what no tool but lvsd can hold. */
import { backendOf, effectiveForwarding, effectiveWeight, frontendOf } from '../domain/desired.js';
import type { Backend, Frontend } from '../domain/keys.js';
import type { Definition } from '../domain/schema/definition.js';
import type { Forwarding } from '../domain/schema/forwarding.js';
import { DEFAULT_DRAIN_TIMEOUT_SECONDS, type RealServerSpec } from '../domain/schema/real-server.js';
import type { VirtualServiceSpec } from '../domain/schema/virtual-service.js';
import { escapePointer } from '../domain/validate.js';
import type { Omission } from './result.js';

export interface WrittenService {
  readonly name: string;
  readonly pointer: string;
  readonly spec: VirtualServiceSpec;
  readonly frontend: Frontend;
  readonly servers: readonly WrittenServer[];
}

export interface WrittenServer {
  readonly name: string;
  readonly pointer: string;
  readonly spec: RealServerSpec;
  readonly backend: Backend;
  /** The method that the kernel has: nat for fullnat. */
  readonly forwarding: Forwarding;
  /** 0 while draining. */
  readonly weight: number;
}

/** Services and real servers in the definition's order; disabled real servers are omitted. */
export function writtenServices(
  definition: Definition,
  omit: (omission: Omission) => void,
): WrittenService[] {
  omitOfNode('', definition, omit);
  if (definition.spec.description !== '')
    omit({ pointer: '/spec/description', detail: 'Descriptions are left out.' });
  if (definition.spec.vip.interface !== null) {
    omit({ pointer: '/spec/vip/interface', detail: 'Who binds the virtual addresses is left out.' });
  }
  return Object.entries(definition.virtualServices).map(([name, service]) => {
    const pointer = `/virtualServices/${escapePointer(name)}`;
    omitOfNode(pointer, service, omit);
    const servers = Object.entries(service.realServers).flatMap(([serverName, { labels, spec }]) => {
      const at = `${pointer}/realServers/${escapePointer(serverName)}`;
      omitOfNode(at, { labels }, omit);
      const forwarding = kernelForwarding(effectiveForwarding(definition.spec, service.spec, spec), at, omit);
      if (spec.adminState === 'disabled') {
        omit({ pointer: at, detail: 'A disabled real server is not in the kernel: left out.' });
        return [];
      }
      if (spec.adminState === 'drain') {
        omit({ pointer: `${at}/spec/adminState`, detail: 'Draining is written as weight 0.' });
      }
      if (spec.drainTimeoutSeconds !== DEFAULT_DRAIN_TIMEOUT_SECONDS) {
        omit({ pointer: `${at}/spec/drainTimeoutSeconds`, detail: 'Drain timeouts are left out.' });
      }
      const backend = backendOf(spec, service.spec);
      return [{ name: serverName, pointer: at, spec, backend, forwarding, weight: effectiveWeight(spec) }];
    });
    return { name, pointer, spec: service.spec, frontend: frontendOf(service.spec), servers };
  });
}

function omitOfNode(
  pointer: string,
  { labels }: { labels: Readonly<Record<string, string>> },
  omit: (omission: Omission) => void,
): void {
  if (Object.keys(labels).length > 0) omit({ pointer: `${pointer}/labels`, detail: 'Labels are left out.' });
}

function kernelForwarding(
  forwarding: Forwarding,
  pointer: string,
  omit: (omission: Omission) => void,
): Forwarding {
  if (forwarding.method !== 'fullnat') return forwarding;
  omit({
    pointer: `${pointer}/spec/forwarding`,
    detail: 'The source NAT of fullnat is left out: written as nat.',
  });
  return { method: 'nat' };
}
