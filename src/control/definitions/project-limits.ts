/** Holds definitions to what their project allows them: `limits` in what they say, `quotas` in how many there are. */
import { effectiveForwarding } from '../../domain/desired.js';
import { DomainError, type Violation } from '../../domain/errors.js';
import {
  clusterLimitViolations,
  realServerLimitViolations,
  serviceLimitViolations,
} from '../../domain/limits.js';
import { type DefinitionKind, namesOf, parentPath, pathOf } from '../../domain/names.js';
import type { ClusterSpec } from '../../domain/schema/cluster.js';
import {
  type Limits,
  normaliseProject,
  type ProjectSpec,
  type ProjectSpecInput,
  type Quotas,
} from '../../domain/schema/project.js';
import type { RealServerSpec } from '../../domain/schema/real-server.js';
import type { VirtualServiceSpec } from '../../domain/schema/virtual-service.js';
import type { Reader, StoredResource, Transaction } from '../../store/store.js';

type Find = (path: string) => StoredResource | undefined;

/** Of a stored project; one that was stored by an earlier lvsd has no limits. */
export function projectSpecOf({ spec }: StoredResource): ProjectSpec {
  return normaliseProject(spec as ProjectSpecInput);
}

export function isUnlimited(limits: Limits): boolean {
  return Object.values(limits).every((limit) => limit === null);
}

/** What of a resource is beyond the limits; `find` leads to those above it. Pointers are relative to its spec. */
export function limitViolations(
  limits: Limits,
  { kind, path, spec }: StoredResource,
  find: Find,
): Violation[] {
  if (kind === 'cluster') return clusterLimitViolations(limits, spec as ClusterSpec);
  if (kind === 'realServer') return realServerLimitViolations(limits, spec as RealServerSpec);
  if (kind !== 'virtualService') return [];
  const cluster = find(parentPath(path))?.spec as ClusterSpec;
  const service = spec as VirtualServiceSpec;
  return serviceLimitViolations(limits, service, effectiveForwarding(cluster, service));
}

/** Likewise, of what a write changes: what was beyond the limits before it, and still is the same, may stay. */
export function newLimitViolations(
  tx: Transaction,
  project: StoredResource,
): (one: StoredResource) => Violation[] {
  const { limits } = projectSpecOf(project);
  if (isUnlimited(limits)) return () => [];
  return (resource) => {
    const found = limitViolations(limits, resource, (path) => tx.resource(path));
    const before = found.length === 0 ? undefined : tx.before(resource.path);
    if (!before) return found;
    const earlier = limitViolations(limits, before, (path) => tx.before(path)).map(({ detail }) => detail);
    return found.filter(({ detail }) => !earlier.includes(detail));
  };
}

const COUNTED: Readonly<Record<DefinitionKind, { readonly quota: keyof Quotas; readonly noun: string }>> = {
  cluster: { quota: 'clusters', noun: 'clusters' },
  virtualService: { quota: 'virtualServices', noun: 'virtual services' },
  realServer: { quota: 'realServers', noun: 'real servers' },
};

export function usageOf(reader: Reader, project: string): Record<keyof Quotas, number> {
  const { cluster, virtualService, realServer } = reader.usage(project);
  return { clusters: cluster, virtualServices: virtualService, realServers: realServer };
}

/**
 * Has the write rejected with QUOTA_EXCEEDED when it leaves the project of this path with more than it may have, and with more
 * than it had.
 */
export function holdToQuotas(tx: Transaction, path: string): void {
  const { project } = namesOf(path);
  tx.atEnd(`quotas of ${project}`, () => checkQuotas(tx, project));
}

function checkQuotas(tx: Transaction, project: string): void {
  const stored = tx.resource(pathOf({ project }));
  if (!stored) return;
  const { quotas } = projectSpecOf(stored);
  const usage = usageOf(tx, project);
  for (const kind of ['cluster', 'virtualService', 'realServer'] as const) {
    const { quota, noun } = COUNTED[kind];
    const most = quotas[quota];
    if (most === null || usage[quota] <= most || growth(tx, project, kind) <= 0) continue;
    throw new DomainError(
      'QUOTA_EXCEEDED',
      `Project ${project} would have ${usage[quota]} ${noun} and may have ${most}: delete some, or ask an admin for a higher quota.`,
      { metadata: { project, quota, limit: String(most), wanted: String(usage[quota]) } },
    );
  }
}

/** How many more of a kind there are by this write. */
function growth(tx: Transaction, project: string, kind: DefinitionKind): number {
  let count = 0;
  for (const { path, before, after } of tx.changes()) {
    if ((after ?? before)?.kind === kind && namesOf(path).project === project)
      count += Number(after !== null) - Number(before !== null);
  }
  return count;
}
