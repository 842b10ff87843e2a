/** The resources that adopted entries become: named, and with forwarding where most of them can take it over. */
import { commonest, sameForwarding } from '../../domain/common-forwarding.js';
import { backendOf, frontendOf } from '../../domain/desired.js';
import { childPath, nameOf, parentPath } from '../../domain/names.js';
import { freeName, realServerName, serviceName } from '../../domain/naming.js';
import type { Adoption } from '../../domain/schema/adoption.js';
import { type ClusterSpec, normaliseCluster } from '../../domain/schema/cluster.js';
import type { Labels } from '../../domain/schema/common.js';
import type { Forwarding } from '../../domain/schema/forwarding.js';
import type { Reader, StoredResource } from '../../store/store.js';
import type { FoundServer, FoundService } from './adoption-search.js';

type Resource = Pick<StoredResource, 'kind' | 'path' | 'labels' | 'spec'>;

export interface AdoptionPlan {
  /** What is new, parents before their children. */
  readonly resources: readonly Resource[];
  /** What is there already and gets children. */
  readonly parents: readonly Resource[];
  readonly adopted: Adoption['adopted'];
}

export interface NewCluster {
  readonly path: string;
  readonly labels: Labels;
  readonly description: string;
}

/** `cluster` is what is made when there is none at its path. */
export function planAdoption(
  reader: Reader,
  services: readonly FoundService[],
  cluster: NewCluster,
): AdoptionPlan {
  const existing = reader.resource(cluster.path);
  const own = existing ?? newCluster(cluster, services);
  const { forwarding } = own.spec as ClusterSpec;
  const taken = namesBelow(reader, cluster.path, 'virtualService');
  const parts = services.map((service) =>
    service.path === null
      ? newService(service, { cluster: cluster.path, forwarding, taken })
      : newServers(reader, service, { path: service.path, forwarding }),
  );
  return {
    resources: [...(existing ? [] : [own]), ...parts.flatMap(({ resources }) => resources)],
    parents: [...(existing ? [existing] : []), ...parts.flatMap(({ parents }) => parents)],
    adopted: parts.flatMap(({ adopted }) => adopted),
  };
}

function newCluster({ path, labels, description }: NewCluster, services: readonly FoundService[]): Resource {
  const forwarding = commonest(services.flatMap(({ servers }) => commonestOf(servers) ?? []));
  const spec = normaliseCluster({ description, ...(forwarding && { forwarding }) });
  return { kind: 'cluster', path, labels, spec };
}

interface Place {
  readonly cluster: string;
  /** The cluster's. */
  readonly forwarding: Forwarding;
  /** Names of its virtual services; grows. */
  readonly taken: Set<string>;
}

function newService({ key, spec, servers }: FoundService, place: Place): AdoptionPlan {
  const path = childPath(
    place.cluster,
    'virtualService',
    freeName(serviceName(frontendOf(spec)), place.taken),
  );
  const forwarding = commonestOf(servers) ?? place.forwarding;
  const own = sameForwarding(forwarding, place.forwarding) ? {} : { forwarding };
  const service: Resource = { kind: 'virtualService', path, labels: {}, spec: { ...spec, ...own } };
  const below = realServers(servers, { path, service: spec, forwarding, taken: new Set() });
  return {
    resources: [service, ...below.map(({ resource }) => resource)],
    parents: [],
    adopted: [
      { key, resource: path },
      ...below.map((one) => ({ key: one.key, resource: one.resource.path })),
    ],
  };
}

function newServers(
  reader: Reader,
  { spec, servers }: FoundService,
  { path, forwarding }: { path: string; forwarding: Forwarding },
): AdoptionPlan {
  const below = realServers(servers, {
    path,
    service: spec,
    forwarding: spec.forwarding ?? forwarding,
    taken: namesBelow(reader, path, 'realServer'),
  });
  const service = reader.resource(path);
  return {
    resources: below.map(({ resource }) => resource),
    parents: service && below.length > 0 ? [service] : [],
    adopted: below.map(({ key, resource }) => ({ key, resource: resource.path })),
  };
}

interface ServicePlace {
  readonly path: string;
  readonly service: FoundService['spec'];
  /** The service's, in effect. */
  readonly forwarding: Forwarding;
  readonly taken: Set<string>;
}

function realServers(
  servers: readonly FoundServer[],
  { path, service, forwarding, taken }: ServicePlace,
): { key: string; resource: Resource }[] {
  return servers.map(({ key, spec: { forwarding: own, ...spec } }) => {
    const name = freeName(realServerName(backendOf(spec, service)), taken);
    const settled = sameForwarding(own, forwarding) ? spec : { ...spec, forwarding: own };
    return {
      key,
      resource: { kind: 'realServer', path: childPath(path, 'realServer', name), labels: {}, spec: settled },
    };
  });
}

function commonestOf(servers: readonly FoundServer[]): Forwarding | undefined {
  return commonest(servers.map(({ spec }) => spec.forwarding));
}

function namesBelow(reader: Reader, path: string, kind: 'virtualService' | 'realServer'): Set<string> {
  const below = reader.descendants(path);
  const children = below.filter((one) => one.kind === kind && parentPath(one.path) === path);
  return new Set(children.map((one) => nameOf(one.path)));
}
