/** What the definitions are and what the kernel must then hold: a few maps, to hold the control layer against. */
import { isDeepStrictEqual } from 'node:util';
import {
  backendOf,
  destinationConfigOf,
  effectiveForwarding,
  frontendOf,
  serviceConfigOf,
  snatConfigOf,
} from '../../src/domain/desired.js';
import type { EntryConfig } from '../../src/domain/entry.js';
import {
  addressKey,
  destinationKey,
  entryKindOf,
  frontendKey,
  frontendKeyOf,
  frontendOfSnatKey,
  snatKey,
} from '../../src/domain/keys.js';
import { isWithin, nameOf, parentPath } from '../../src/domain/names.js';
import {
  clusterViolations,
  pairingViolations,
  realServerViolations,
  sharedForwardingViolations,
  sourceNatViolations,
  virtualServiceViolations,
} from '../../src/domain/rules.js';
import { type ClusterSpec, normaliseCluster } from '../../src/domain/schema/cluster.js';
import { normaliseRealServer, type RealServerSpec } from '../../src/domain/schema/real-server.js';
import { normaliseVirtualService, type VirtualServiceSpec } from '../../src/domain/schema/virtual-service.js';

/** Normalised specs by path. Never changed in place. */
export type Model = ReadonlyMap<string, unknown>;

export interface ModelEntry {
  readonly path: string;
  readonly config: EntryConfig;
}

/** projects/P/clusters/C is 0, a service 1, a real server 2. */
export function depthOf(path: string): number {
  return path.split('/').length / 2 - 2;
}

export function normalised(path: string, spec: object): unknown {
  const normalise = [normaliseCluster, normaliseVirtualService, normaliseRealServer][depthOf(path)];
  return normalise?.(spec as never);
}

export function childrenOf(model: Model, path: string): string[] {
  return [...model.keys()].filter((one) => one !== path && isWithin(one, path));
}

/** All entries that only one resource can have; undefined when two resources want the same. */
export function desiredOf(model: Model): Map<string, ModelEntry> | undefined {
  const desired = new Map<string, ModelEntry>();
  for (const [path, spec] of model) {
    for (const [key, config] of entriesOf(model, path, spec)) {
      if (desired.has(key)) return undefined;
      desired.set(key, { path, config });
    }
  }
  return desired;
}

/** Interfaces of the VIPs that clusters ask for, by key; undefined when one is asked for on two. */
export function vipsOf(model: Model): Map<string, string> | undefined {
  const vips = new Map<string, string>();
  for (const [path, spec] of model) {
    const { address } = spec as VirtualServiceSpec;
    if (depthOf(path) !== 1 || address === undefined) continue;
    const wanted = (model.get(parentPath(path)) as ClusterSpec).vip.interface;
    const key = addressKey(address);
    if (wanted === null) continue;
    if ((vips.get(key) ?? wanted) !== wanted) return undefined;
    vips.set(key, wanted);
  }
  return vips;
}

/** Keys of the addresses that have a service. */
export function servedKeys(model: Model): Set<string> {
  const services = [...model].filter(([path]) => depthOf(path) === 1);
  return new Set(services.map(([, spec]) => addressKey((spec as VirtualServiceSpec).address ?? '')));
}

function entriesOf(model: Model, path: string, spec: unknown): [string, EntryConfig][] {
  if (depthOf(path) === 1) {
    const service = spec as VirtualServiceSpec;
    const key = frontendKey(frontendOf(service));
    const snat = snatConfigOf(model.get(parentPath(path)) as ClusterSpec, service);
    return [
      [key, serviceConfigOf(service)],
      ...(snat ? [[snatKey(key), snat] as [string, EntryConfig]] : []),
    ];
  }
  const server = spec as RealServerSpec;
  if (depthOf(path) === 0 || server.adminState === 'disabled') return [];
  const { cluster, service } = parentsOf(model, path);
  const forwarding = effectiveForwarding(cluster, service, server);
  const key = destinationKey(frontendKey(frontendOf(service)), backendOf(server, service));
  return [[key, destinationConfigOf(server, forwarding)]];
}

/** Whether some rule, of one resource or of two together, is broken. */
export function isInvalid(model: Model): boolean {
  return [...model].some(([path, spec]) => {
    if (depthOf(path) === 0) return clusterViolations(spec as ClusterSpec).length > 0;
    if (depthOf(path) === 1) {
      const service = spec as VirtualServiceSpec;
      const forwarding = effectiveForwarding(model.get(parentPath(path)) as ClusterSpec, service);
      return virtualServiceViolations(service).length + sourceNatViolations(service, forwarding).length > 0;
    }
    const server = spec as RealServerSpec;
    const { cluster, service } = parentsOf(model, path);
    const forwarding = effectiveForwarding(cluster, service, server);
    return (
      realServerViolations(server).length +
        pairingViolations(service, server, forwarding).length +
        sharedForwardingViolations(effectiveForwarding(cluster, service), forwarding).length >
      0
    );
  });
}

function parentsOf(model: Model, path: string): { cluster: ClusterSpec; service: VirtualServiceSpec } {
  const servicePath = parentPath(path);
  return {
    service: model.get(servicePath) as VirtualServiceSpec,
    cluster: model.get(parentPath(servicePath)) as ClusterSpec,
  };
}

/** Keys that are new, gone, changed, or somebody else's now. */
export function changedKeys(before: Map<string, ModelEntry>, after: Map<string, ModelEntry>): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => !isDeepStrictEqual(before.get(key), after.get(key)));
}

/** Of these keys, those that only another resource has now: where the kernel has them already, there is nothing to tell it. */
export function handedOver(
  keys: readonly string[],
  before: Map<string, ModelEntry>,
  after: Map<string, ModelEntry>,
): string[] {
  return keys.filter((key) => isDeepStrictEqual(before.get(key)?.config, after.get(key)?.config));
}

/** Whether the kernel will not have this entry: a foreign one is in its place, or it is a broadcast address. */
export function isUnwelcome(key: string, foreign: ReadonlySet<string>, broadcast: string): boolean {
  const service = entryKindOf(key) === 'snat' ? frontendOfSnatKey(key) : frontendKeyOf(key);
  return foreign.has(key) || foreign.has(service) || key.includes(`->${broadcast}:`);
}

/** The model of a cluster as the definition document shows it. */
export function documentOf(model: Model, cluster: string): unknown {
  const nodes = (parent: string, depth: number, children: (path: string) => object) =>
    Object.fromEntries(
      childrenOf(model, parent)
        .filter((path) => depthOf(path) === depth)
        .map((path) => [nameOf(path), { labels: {}, spec: model.get(path), ...children(path) }]),
    );
  const virtualServices = nodes(cluster, 1, (service) => ({ realServers: nodes(service, 2, () => ({})) }));
  return { labels: {}, spec: model.get(cluster), virtualServices };
}
