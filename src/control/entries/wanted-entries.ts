/** What entries a definition wants, and whether it may: the rules that need more than one resource. */
import type { Capabilities } from '../../domain/capabilities.js';
import { missingForCluster, missingForForwarding, missingForService } from '../../domain/capabilities.js';
import {
  backendOf,
  boundedDrainSeconds,
  destinationConfigOf,
  effectiveForwarding,
  frontendOf,
  serviceConfigOf,
  snatConfigOf,
} from '../../domain/desired.js';
import { DomainError, type Violation, violationError } from '../../domain/errors.js';
import { destinationKey, frontendKey, hasMixedFamilies, snatKey } from '../../domain/keys.js';
import { isWithin, nameOf, namesOf, parentPath, pathOf } from '../../domain/names.js';
import { pairingViolations, sharedForwardingViolations, sourceNatViolations } from '../../domain/rules.js';
import type { ClusterSpec } from '../../domain/schema/cluster.js';
import type { DirectorSpec } from '../../domain/schema/director-settings.js';
import type { RealServerSpec } from '../../domain/schema/real-server.js';
import type { VirtualServiceSpec } from '../../domain/schema/virtual-service.js';
import type { Slices } from '../../domain/slices.js';
import type { OwnedEntry, Reader, StoredResource, Transaction } from '../../store/store.js';
import { newLimitViolations } from '../definitions/project-limits.js';
import { treeOf } from '../definitions/trees.js';
import { deadline, type Leaving } from './leaving.js';
import { type Vip, vipOf } from './vips.js';

export interface SyncOptions {
  /** The resource whose subtree may need other entries than it has. */
  readonly scope: string;
  /** Leave everything below the scope as it is: it cannot be affected. */
  readonly shallow?: boolean;
  /** What the director can do; null when it is not known. */
  readonly capabilities: Capabilities | null;
  /** How what is not wanted any more leaves the kernel. */
  readonly leaving: Leaving;
  /** Where in the request's body the spec of a resource stands, for violations. */
  readonly pointerTo: (path: string) => string;
}

export interface Wanted {
  /** By key; what only one resource can have. */
  readonly entries: Map<string, OwnedEntry>;
  /** What several may share. */
  readonly vips: Vip[];
}

/** Throws all violations of the rules at once, then what two resources both want. */
export function* wantedByAll(tx: Transaction, parts: readonly SyncOptions[]): Slices<Wanted> {
  const collected: Collected = { entries: new Map(), vips: [], violations: [], clash: undefined };
  for (const part of parts) yield* collectWanted(tx, part, collected);
  const { violations, clash } = collected;
  if (violations.length > 0) throw violationError(violations as [Violation, ...Violation[]]);
  if (clash) throw clash;
  return collected;
}

interface Collected extends Wanted {
  readonly violations: Violation[];
  clash: DomainError | undefined;
}

function* collectWanted(tx: Transaction, options: SyncOptions, wanted: Collected): Slices<void> {
  const { scope, shallow, capabilities, leaving, pointerTo } = options;
  const resources = new Map<string, StoredResource>();
  for (const resource of yield* relevantResources(tx, scope, shallow ?? false)) {
    resources.set(resource.path, resource);
    yield;
  }
  const project = resources.get(pathOf({ project: namesOf(scope).project }));
  const beyondLimits = project ? newLimitViolations(tx, project) : () => [];
  const complain = (path: string, found: readonly Violation[]) => {
    wanted.violations.push(...found.map((one) => ({ ...one, pointer: `${pointerTo(path)}${one.pointer}` })));
  };
  for (const resource of resources.values()) {
    if (!isWithin(resource.path, scope)) continue;
    yield;
    complain(resource.path, beyondLimits(resource));
    if (capabilities) complain(resource.path, missingCapabilities(resource, capabilities));
    if (resource.kind === 'realServer') complain(resource.path, pairing(resource, resources, scope));
    if (resource.kind === 'virtualService') complain(resource.path, sourceNat(resource, resources));
    const vip = resource.kind === 'virtualService' && vipOf(resource, resources);
    if (vip) wanted.vips.push(vip);
    for (const entry of entriesFor(resource, resources, leaving)) {
      if (hasMixedFamilies(entry.key)) complain(resource.path, synchronisation(tx, entry.key));
      const twin = wanted.entries.get(entry.key);
      if (twin) wanted.clash ??= taken(entry, twin.path);
      else wanted.entries.set(entry.key, entry);
    }
  }
}

/** The scope, what is above it, and (unless shallow) what is below it. */
function* relevantResources(reader: Reader, scope: string, shallow: boolean): Slices<StoredResource[]> {
  const above: StoredResource[] = [];
  for (let path = shallow ? scope : parentPath(scope); path !== ''; path = parentPath(path)) {
    const resource = reader.resource(path);
    if (resource) above.unshift(resource);
  }
  return shallow ? above : above.concat(yield* treeOf(reader, scope));
}

type ByPath = ReadonlyMap<string, StoredResource>;

/** A service's own first, which is what a clash is to be told of. */
function entriesFor(resource: StoredResource, resources: ByPath, leaving: Leaving): OwnedEntry[] {
  if (resource.kind === 'virtualService') return serviceEntries(resource, resources);
  return resource.kind === 'realServer' ? destinationEntries(resource, resources, leaving) : [];
}

function serviceEntries({ path, spec, revision }: StoredResource, resources: ByPath): OwnedEntry[] {
  const service = spec as VirtualServiceSpec;
  const cluster = resources.get(parentPath(path))?.spec as ClusterSpec;
  const key = frontendKey(frontendOf(service));
  const common = {
    path,
    state: 'living',
    revision,
    drainSeconds: 0,
    drainDeadline: null,
    origin: 'fresh',
  } as const;
  const snat = snatConfigOf(cluster, service);
  return [
    { ...common, key, config: serviceConfigOf(service) },
    ...(snat ? [{ ...common, key: snatKey(key), config: snat }] : []),
  ];
}

function destinationEntries(
  { path, spec, revision }: StoredResource,
  resources: ByPath,
  leaving: Leaving,
): OwnedEntry[] {
  const server = spec as RealServerSpec;
  if (server.adminState === 'disabled') return [];
  const { cluster, service } = parentsOf(path, resources);
  const key = destinationKey(frontendKey(frontendOf(service)), backendOf(server, service));
  const config = destinationConfigOf(server, effectiveForwarding(cluster, service, server));
  const common = { key, path, state: 'living', config, revision, origin: 'fresh' } as const;
  const { adminState, drainTimeoutSeconds } = server;
  if (adminState !== 'drain') return [{ ...common, drainSeconds: drainTimeoutSeconds, drainDeadline: null }];
  const drainSeconds = boundedDrainSeconds(key, drainTimeoutSeconds, leaving.udpSeconds);
  return [{ ...common, drainSeconds, drainDeadline: deadline(drainSeconds, leaving.now) }];
}

function missingCapabilities({ kind, spec }: StoredResource, capabilities: Capabilities): Violation[] {
  const { forwarding } = spec as ClusterSpec | VirtualServiceSpec | RealServerSpec;
  return [
    ...(kind === 'cluster' ? missingForCluster(spec as ClusterSpec, capabilities) : []),
    ...(kind === 'virtualService' ? missingForService(spec as VirtualServiceSpec, capabilities) : []),
    ...(forwarding ? missingForForwarding(forwarding, capabilities) : []),
  ];
}

/** When a parent changes, the violation is the parent's, and says which real server stands in its way. */
function pairing(resource: StoredResource, resources: ByPath, scope: string): Violation[] {
  const spec = resource.spec as RealServerSpec;
  const { cluster, service } = parentsOf(resource.path, resources);
  const forwarding = effectiveForwarding(cluster, service, spec);
  const found = [
    ...pairingViolations(service, spec, forwarding),
    ...sharedForwardingViolations(effectiveForwarding(cluster, service), forwarding),
  ];
  if (resource.path === scope) return found;
  return found.map((one) => ({ ...one, detail: `Real server ${nameOf(resource.path)}: ${one.detail}` }));
}

/** Whether a director is to synchronise its connections with another. */
export function isSynchronising(reader: Reader): boolean {
  return reader.resources({ kind: 'director', parent: '', limit: 1 }).some(({ spec }) => {
    const { syncDaemons } = spec as DirectorSpec;
    return Boolean(syncDaemons?.master || syncDaemons?.backup);
  });
}

function sourceNat({ path, spec }: StoredResource, resources: ByPath): Violation[] {
  const service = spec as VirtualServiceSpec;
  const cluster = resources.get(parentPath(path))?.spec as ClusterSpec;
  return sourceNatViolations(service, effectiveForwarding(cluster, service));
}

/** The protocol of synchronisation daemons has no words for real servers of another family than their service. */
function synchronisation(reader: Reader, key: string): Violation[] {
  if (!isSynchronising(reader)) return [];
  const detail = `${key} mixes address families, and the director synchronises connections: use one family.`;
  return [{ reason: 'SYNC_EXCLUDES_MIXED_FAMILIES', pointer: '/address', detail }];
}

/** Of a real server. */
function parentsOf(path: string, resources: ByPath): { cluster: ClusterSpec; service: VirtualServiceSpec } {
  const service = parentPath(path);
  return {
    cluster: resources.get(parentPath(service))?.spec as ClusterSpec,
    service: resources.get(service)?.spec as VirtualServiceSpec,
  };
}

/** What the second of two resources is told that want one key. */
export function taken({ key, path }: OwnedEntry, holder: string): DomainError {
  const sameProject = namesOf(holder).project === namesOf(path).project;
  const owner = sameProject ? holder : 'another project';
  const metadata = { key, owner, resource: path };
  return key.includes('->')
    ? new DomainError(
        'REAL_SERVER_TAKEN',
        `${key} is already defined by ${owner}: choose another address or port, or change that one.`,
        { metadata },
      )
    : new DomainError(
        'FRONTEND_TAKEN',
        `${key} already belongs to ${owner}: choose another address, port or protocol, or change that one.`,
        { metadata },
      );
}
