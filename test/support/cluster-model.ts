/** What the definitions are and what the kernel must then hold: a few maps, to hold the control layer against. */
import { isDeepStrictEqual } from 'node:util';
import {
  backendOf,
  destinationConfigOf,
  effectiveForwarding,
  frontendOf,
  serviceConfigOf,
} from '../../src/domain/desired.js';
import { destinationKey, frontendKey, frontendKeyOf } from '../../src/domain/keys.js';
import { isWithin, nameOf, parentPath } from '../../src/domain/names.js';
import {
  clusterViolations,
  pairingViolations,
  realServerViolations,
  virtualServiceViolations,
} from '../../src/domain/rules.js';
import { type ClusterSpec, normaliseCluster } from '../../src/domain/schema/cluster.js';
import { normaliseRealServer, type RealServerSpec } from '../../src/domain/schema/real-server.js';
import { normaliseVirtualService, type VirtualServiceSpec } from '../../src/domain/schema/virtual-service.js';
import type { DestinationConfig, ServiceConfig } from '../../src/domain/table.js';

/** Normalised specs by path. Never changed in place. */
export type Model = ReadonlyMap<string, unknown>;

export interface ModelEntry {
  readonly path: string;
  readonly config: ServiceConfig | DestinationConfig;
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

/** All entries that the kernel is to have; undefined when two resources want the same. */
export function desiredOf(model: Model): Map<string, ModelEntry> | undefined {
  const desired = new Map<string, ModelEntry>();
  for (const [path, spec] of model) {
    const entry = entryOf(model, path, spec);
    if (!entry) continue;
    if (desired.has(entry.key)) return undefined;
    desired.set(entry.key, { path, config: entry.config });
  }
  return desired;
}

function entryOf(model: Model, path: string, spec: unknown): (ModelEntry & { key: string }) | undefined {
  if (depthOf(path) === 1) {
    const service = spec as VirtualServiceSpec;
    return { path, key: frontendKey(frontendOf(service)), config: serviceConfigOf(service) };
  }
  const server = spec as RealServerSpec;
  if (depthOf(path) === 0 || server.adminState === 'disabled') return undefined;
  const { cluster, service } = parentsOf(model, path);
  const forwarding = effectiveForwarding(cluster, service, server);
  const key = destinationKey(frontendKey(frontendOf(service)), backendOf(server, service));
  return { path, key, config: destinationConfigOf(server, forwarding) };
}

/** Whether some rule, of one resource or of two together, is broken. */
export function isInvalid(model: Model): boolean {
  return [...model].some(([path, spec]) => {
    if (depthOf(path) === 0) return clusterViolations(spec as ClusterSpec).length > 0;
    if (depthOf(path) === 1) return virtualServiceViolations(spec as VirtualServiceSpec).length > 0;
    const server = spec as RealServerSpec;
    const { cluster, service } = parentsOf(model, path);
    const forwarding = effectiveForwarding(cluster, service, server);
    return realServerViolations(server).length + pairingViolations(service, server, forwarding).length > 0;
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
  return foreign.has(key) || foreign.has(frontendKeyOf(key)) || key.includes(`->${broadcast}:`);
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
