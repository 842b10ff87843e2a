/**
 * Derives the owned kernel entries from the definitions, inside the transaction that changes them: this is where uniqueness
 * and ownership are decided, and the rules that need more than one resource.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Capabilities } from '../domain/capabilities.js';
import { missingForForwarding, missingForService } from '../domain/capabilities.js';
import {
  backendOf,
  destinationConfigOf,
  drainSecondsOf,
  effectiveForwarding,
  frontendOf,
  serviceConfigOf,
} from '../domain/desired.js';
import { DomainError, type Violation, violationError } from '../domain/errors.js';
import { destinationKey, frontendKey, hasMixedFamilies } from '../domain/keys.js';
import { isWithin, nameOf, namesOf, parentPath, pathOf } from '../domain/names.js';
import { pairingViolations } from '../domain/rules.js';
import type { ClusterSpec } from '../domain/schema/cluster.js';
import type { DirectorSpec } from '../domain/schema/director-settings.js';
import type { RealServerSpec } from '../domain/schema/real-server.js';
import type { VirtualServiceSpec } from '../domain/schema/virtual-service.js';
import type { OwnedEntry, Reader, StoredResource, Transaction } from '../store/store.js';
import { deadline, type Leaving, movedDeadline, release } from './leaving.js';

interface SyncOptions {
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

type Wanted = Map<string, OwnedEntry>;

/**
 * Makes the entries of the scope those that its definition wants. Throws all violations of the rules at once, then
 * FRONTEND_TAKEN or REAL_SERVER_TAKEN for keys that belong to others.
 */
export function syncEntries(tx: Transaction, options: SyncOptions): void {
  const { scope, shallow = false } = options;
  const wanted = wantedEntries(tx, options);
  const current = tx.entriesOf(scope).filter(({ path }) => !shallow || path === scope);
  for (const entry of current) {
    if (!wanted.has(entry.key)) release(tx, entry, options.leaving);
  }
  for (const entry of wanted.values()) {
    const holder = tx.entry(entry.key);
    if (holder?.state === 'living' && !isWithin(holder.path, scope)) throw taken(entry, holder.path);
    tx.putEntry(settled(entry, holder));
  }
}

/** What is stored for a wanted entry: what is there, where nothing but the revision differs. A drain that goes on began when it began. */
function settled(wanted: OwnedEntry, holder: OwnedEntry | undefined): OwnedEntry {
  if (!holder) return wanted;
  const { drainDeadline, origin } = holder;
  const next =
    wanted.drainDeadline && drainDeadline
      ? { ...wanted, origin, drainDeadline: movedDeadline({ ...holder, drainDeadline }, wanted.drainSeconds) }
      : { ...wanted, origin };
  return isDeepStrictEqual({ ...holder, revision: next.revision }, next) ? holder : next;
}

function wantedEntries(reader: Reader, options: SyncOptions): Wanted {
  const { scope, shallow, capabilities, leaving, pointerTo } = options;
  const resources = new Map<string, StoredResource>();
  for (const resource of relevantResources(reader, scope, shallow ?? false)) {
    resources.set(resource.path, resource);
  }
  const wanted: Wanted = new Map();
  const violations: Violation[] = [];
  let clash: DomainError | undefined;
  const complain = (path: string, found: readonly Violation[]) => {
    violations.push(...found.map((one) => ({ ...one, pointer: `${pointerTo(path)}${one.pointer}` })));
  };
  for (const resource of resources.values()) {
    if (!isWithin(resource.path, scope)) continue;
    const entry = entryOf(resource, resources, leaving.now);
    if (capabilities) complain(resource.path, missingCapabilities(resource, capabilities));
    if (resource.kind === 'realServer') complain(resource.path, pairing(resource, resources, scope));
    if (!entry) continue;
    if (hasMixedFamilies(entry.key)) complain(resource.path, synchronisation(reader, entry.key));
    const twin = wanted.get(entry.key);
    if (twin) clash ??= taken(entry, twin.path);
    else wanted.set(entry.key, entry);
  }
  if (violations.length > 0) throw violationError(violations as [Violation, ...Violation[]]);
  if (clash) throw clash;
  return wanted;
}

/** The scope, what is above it, and (unless shallow) what is below it. */
function relevantResources(reader: Reader, scope: string, shallow: boolean): StoredResource[] {
  const found: StoredResource[] = shallow ? [] : reader.descendants(scope);
  for (let path = scope; path !== ''; path = parentPath(path)) {
    const resource = reader.resource(path);
    if (resource) found.unshift(resource);
  }
  return found;
}

type ByPath = ReadonlyMap<string, StoredResource>;

function entryOf(resource: StoredResource, resources: ByPath, now: Date): OwnedEntry | undefined {
  const { kind, path, revision } = resource;
  if (kind === 'virtualService') {
    const spec = resource.spec as VirtualServiceSpec;
    return {
      key: frontendKey(frontendOf(spec)),
      path,
      state: 'living',
      config: serviceConfigOf(spec),
      revision,
      drainSeconds: 0,
      drainDeadline: null,
      origin: 'fresh',
    };
  }
  if (kind !== 'realServer') return undefined;
  const spec = resource.spec as RealServerSpec;
  if (spec.adminState === 'disabled') return undefined;
  const { cluster, service } = parentsOf(path, resources);
  const key = destinationKey(frontendKey(frontendOf(service)), backendOf(spec, service));
  const config = destinationConfigOf(spec, effectiveForwarding(cluster, service, spec));
  const drainSeconds = drainSecondsOf(spec, service);
  const drainDeadline = spec.adminState === 'drain' ? deadline(drainSeconds, now) : null;
  return { key, path, state: 'living', config, revision, drainSeconds, drainDeadline, origin: 'fresh' };
}

function missingCapabilities({ kind, spec }: StoredResource, capabilities: Capabilities): Violation[] {
  const { forwarding } = spec as ClusterSpec | VirtualServiceSpec | RealServerSpec;
  return [
    ...(kind === 'virtualService' ? missingForService(spec as VirtualServiceSpec, capabilities) : []),
    ...(forwarding ? missingForForwarding(forwarding, capabilities) : []),
  ];
}

/** When a parent changes, the violation is the parent's, and says which real server stands in its way. */
function pairing(resource: StoredResource, resources: ByPath, scope: string): Violation[] {
  const spec = resource.spec as RealServerSpec;
  const { cluster, service } = parentsOf(resource.path, resources);
  const found = pairingViolations(service, spec, effectiveForwarding(cluster, service, spec));
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

/** The protocol of synchronisation daemons has no words for real servers of another family than their service. */
function synchronisation(reader: Reader, key: string): Violation[] {
  if (!isSynchronising(reader)) return [];
  const detail = `${key} mixes address families, and the director synchronises connections: use one family.`;
  return [{ reason: 'SYNC_EXCLUDES_MIXED_FAMILIES', pointer: '/address', detail }];
}

function parentsOf(path: string, resources: ByPath): { cluster: ClusterSpec; service: VirtualServiceSpec } {
  const { project, cluster, virtualService } = namesOf(path);
  const clusterPath = pathOf({ project, ...(cluster && { cluster }) });
  const servicePath = pathOf({
    project,
    ...(cluster && { cluster }),
    ...(virtualService && { virtualService }),
  });
  return {
    cluster: resources.get(clusterPath)?.spec as ClusterSpec,
    service: resources.get(servicePath)?.spec as VirtualServiceSpec,
  };
}

function taken({ key, path }: OwnedEntry, holder: string): DomainError {
  const sameProject = namesOf(holder).project === namesOf(path).project;
  const owner = sameProject ? holder : 'another project';
  const metadata = { key, owner };
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
