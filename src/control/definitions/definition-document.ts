/** A cluster with everything below it, as a document and as the resources that it is made of. */
import { type Violation, violationError } from '../../domain/errors.js';
import { childPath, nameOf, namesOf, parentPath } from '../../domain/names.js';
import { type Definition, DefinitionInput } from '../../domain/schema/definition.js';
import type { Slices } from '../../domain/slices.js';
import { createValidator, escapePointer } from '../../domain/validate.js';
import type { StoredResource } from '../../store/store.js';
import { CLUSTER, type KindDescriptor, REAL_SERVER, VIRTUAL_SERVICE } from './kinds.js';

/** What is to be stored. */
export type Wanted = Pick<StoredResource, 'kind' | 'path' | 'labels' | 'spec'>;

const validate = createValidator(DefinitionInput);

/** Of a cluster and what is below it, parents first. */
export function* documentOf(resources: readonly Wanted[]): Slices<Definition> {
  const [cluster, ...below] = resources as [Wanted, ...Wanted[]];
  const virtualServices: Definition['virtualServices'] = {};
  for (const { kind, path, labels, spec } of below) {
    yield;
    if (kind === 'virtualService') {
      const service = { labels, spec, realServers: {} } as Definition['virtualServices'][string];
      virtualServices[nameOf(path)] = service;
    } else {
      const service = virtualServices[nameOf(parentPath(path))];
      const server = { labels, spec } as Definition['virtualServices'][string]['realServers'][string];
      if (service) service.realServers[nameOf(path)] = server;
    }
  }
  return { labels: cluster.labels, spec: cluster.spec as Definition['spec'], virtualServices };
}

interface Node {
  readonly labels?: Record<string, string>;
  readonly spec?: unknown;
  readonly virtualServices?: Record<string, Node>;
  readonly realServers?: Record<string, Node>;
}

/** Every resource of a DefinitionInput, normalised, parents first. Throws all violations at once. */
export function* resourcesOf(path: string, body: unknown): Slices<Wanted[]> {
  const wanted: Wanted[] = [];
  const violations: Violation[] = [];
  const visit = <S>(descriptor: KindDescriptor<S>, at: string, { labels, spec }: Node) => {
    const normalised = descriptor.normalise((spec ?? {}) as never);
    const prefix = `${documentPointer(path, at)}/spec`;
    for (const one of descriptor.violations(normalised)) {
      violations.push({ ...one, pointer: `${prefix}${one.pointer}` });
    }
    wanted.push({ kind: descriptor.kind, path: at, labels: labels ?? {}, spec: normalised });
  };
  const root: Node = validate(body);
  visit(CLUSTER, path, root);
  for (const [name, service] of Object.entries(root.virtualServices ?? {})) {
    const servicePath = childPath(path, 'virtualService', name);
    visit(VIRTUAL_SERVICE, servicePath, service);
    yield;
    for (const [serverName, server] of Object.entries(service.realServers ?? {})) {
      visit(REAL_SERVER, childPath(servicePath, 'realServer', serverName), server);
      yield;
    }
  }
  if (violations.length > 0) throw violationError(violations as [Violation, ...Violation[]]);
  return wanted;
}

/** Where a resource of the cluster stands in its definition document. */
export function documentPointer(cluster: string, path: string): string {
  if (path === cluster) return '';
  const { virtualService = '', realServer } = namesOf(path);
  const service = `/virtualServices/${escapePointer(virtualService)}`;
  return realServer === undefined ? service : `${service}/realServers/${escapePointer(realServer)}`;
}
