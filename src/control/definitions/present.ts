/** From what is stored, and what is known of the kernel, to what callers see. */
import { backendOf, effectiveForwarding, effectiveWeight, frontendOf } from '../../domain/desired.js';
import type { AddressConfig } from '../../domain/host-operation.js';
import { addressKey, destinationKey, frontendKey } from '../../domain/keys.js';
import { nameOf, namesOf, parentPath } from '../../domain/names.js';
import { onePacketFault } from '../../domain/one-packet.js';
import type { ClusterSpec } from '../../domain/schema/cluster.js';
import type { DrainProgress } from '../../domain/schema/drain.js';
import type { Project } from '../../domain/schema/project-resource.js';
import type { RealServerSpec } from '../../domain/schema/real-server.js';
import type {
  Cluster,
  DirectorState,
  RealServer,
  VipStatus,
  VirtualService,
} from '../../domain/schema/resource.js';
import type { VirtualServiceSpec } from '../../domain/schema/virtual-service.js';
import type { Problem } from '../../reconcile/problems.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { OwnedEntry, Reader, StoredResource } from '../../store/store.js';
import type { Warning } from '../directors/preflight-warnings.js';
import { etagOf } from '../preconditions.js';
import type { PresentAny } from '../watch/snapshot.js';

type Knowledge = Pick<Reconciler, 'director' | 'problems'>;
export type Presenter<R> = (stored: StoredResource, reader: Reader) => R;

export function clusterPresenter(
  knowledge: Knowledge,
  preflightWarnings: (path: string) => readonly Warning[],
): Presenter<Cluster> {
  return (stored, reader) => {
    const warnings = reader.hasChild(stored.path, 'virtualService')
      ? [...preflightWarnings(stored.path)]
      : [
          {
            reason: 'NO_VIRTUAL_SERVICES',
            detail: 'The cluster has no virtual service: nothing is balanced.',
          },
        ];
    return {
      ...identity(stored),
      project: namesOf(stored.path).project,
      spec: stored.spec as ClusterSpec,
      status: { ...stateOf(stored, knowledge), warnings },
    };
  };
}

export function virtualServicePresenter(knowledge: Knowledge): Presenter<VirtualService> {
  return (stored, reader) => {
    const { project, cluster = '' } = namesOf(stored.path);
    const spec = stored.spec as VirtualServiceSpec;
    const warnings = reader.hasChild(stored.path, 'realServer')
      ? []
      : [
          {
            reason: 'NO_REAL_SERVERS',
            detail: 'Without a real server the kernel refuses every connection: add one.',
          },
        ];
    return {
      ...identity(stored),
      project,
      cluster,
      spec,
      status: {
        ...stateOf(stored, knowledge, sharedProblem(stored, reader, knowledge)),
        warnings,
        vip: vipStatus(spec, reader, knowledge),
        key: frontendKey(frontendOf(spec)),
      },
    };
  };
}

export function realServerPresenter(knowledge: Knowledge): Presenter<RealServer> {
  return (stored, reader) => {
    const { project, cluster = '', virtualService = '' } = namesOf(stored.path);
    const servicePath = parentPath(stored.path);
    const spec = stored.spec as RealServerSpec;
    const service = reader.resource(servicePath)?.spec as VirtualServiceSpec;
    const clusterSpec = reader.resource(parentPath(servicePath))?.spec as ClusterSpec;
    const backend = backendOf(spec, service);
    const forwarding = effectiveForwarding(clusterSpec, service, spec);
    const fault = onePacketFault(service.onePacket, forwarding);
    const key = destinationKey(frontendKey(frontendOf(service)), backend);
    return {
      ...identity(stored),
      project,
      cluster,
      virtualService,
      spec,
      status: {
        ...stateOf(stored, knowledge),
        warnings: fault === null ? [] : [{ reason: 'ONE_PACKET_REPLIES_LOST', detail: fault }],
        key,
        effectivePort: backend.port,
        effectiveWeight: effectiveWeight(spec),
        effectiveForwarding: forwarding,
        drain: spec.adminState === 'active' ? null : drainOf(stored.path, reader.entry(key)),
      },
    };
  };
}

interface Presenters {
  readonly project: Presenter<Project>;
  readonly cluster: Presenter<Cluster>;
  readonly virtualService: Presenter<VirtualService>;
  readonly realServer: Presenter<RealServer>;
}

/** Presents resources of every kind that watchers see. */
export function presentAny({ project, cluster, virtualService, realServer }: Presenters): PresentAny {
  return (stored, reader) => {
    const same = { type: 'resource', path: stored.path } as const;
    switch (stored.kind) {
      case 'project':
        return { ...same, project: project(stored, reader) };
      case 'cluster':
        return { ...same, cluster: cluster(stored, reader) };
      case 'virtualService':
        return { ...same, virtualService: virtualService(stored, reader) };
      case 'realServer':
        return { ...same, realServer: realServer(stored, reader) };
      default:
        return undefined;
    }
  };
}

/** Of one that is not active. The key of a disabled real server may be another's by now. */
function drainOf(path: string, entry: OwnedEntry | undefined): DrainProgress | null {
  return entry?.path === path && entry.drainDeadline !== null ? { deadline: entry.drainDeadline } : null;
}

export function identity({ path, labels, revision, createTime, updateTime }: StoredResource) {
  return { name: nameOf(path), labels, revision, etag: etagOf(revision), createTime, updateTime };
}

/** That of the address that the service has lvsd bind: its entry may be another service's. */
function sharedProblem(
  { path, spec }: StoredResource,
  reader: Reader,
  { problems }: Knowledge,
): Problem | undefined {
  const { address } = spec as VirtualServiceSpec;
  const problem = address === undefined ? undefined : problems.get(addressKey(address));
  const cluster = problem && (reader.resource(parentPath(path))?.spec as ClusterSpec);
  return cluster?.vip.interface ? problem : undefined;
}

/** What is stored is newer than the last look at the host, as long as there is no problem with it. */
function vipStatus(
  { address }: VirtualServiceSpec,
  reader: Reader,
  { director, problems }: Knowledge,
): VipStatus | null {
  if (address === undefined) return null;
  const key = addressKey(address);
  const seen = director.addresses?.get(key);
  const entry = reader.entry(key);
  if (entry && entry.state !== 'removing' && director.everSynced && !problems.get(key)) {
    const isOthers = entry.origin === 'found' && !seen?.ours;
    const { interface: name } = entry.config as AddressConfig;
    return { address, interface: name, boundBy: isOthers ? 'others' : 'lvsd' };
  }
  if (!seen) return { address, interface: null, boundBy: null };
  return { address, interface: seen.config.interface, boundBy: seen.ours ? 'lvsd' : 'others' };
}

function stateOf({ path, revision }: StoredResource, { director, problems }: Knowledge, shared?: Problem) {
  const problem = problems.worst(path) ?? shared;
  const state = directorState(path, revision, { director, problem });
  return { state: state.state, directors: [state] };
}

interface Known {
  readonly director: Knowledge['director'];
  readonly problem: Problem | undefined;
}

function directorState(path: string, revision: number, { director, problem }: Known): DirectorState {
  const { name } = director;
  if (problem) {
    const { state, reason, detail } = problem;
    const observedRevision = problem.path === path ? problem.observedRevision : revision;
    return { name, state, observedRevision, reason, detail };
  }
  if (director.everSynced) return { name, state: 'applied', observedRevision: revision };
  const detail = `Not compared with the kernel yet: ${director.unreachableReason ?? 'the first pass is under way'}`;
  return { name, state: 'pending', observedRevision: 0, reason: 'KERNEL_UNAVAILABLE', detail };
}
