/** What the kinds with the standard methods have in common is in `resources.ts`; here is what they do not. */
import type { TSchema } from 'typebox';
import type { Reason, Violation } from '../../domain/errors.js';
import { projectViolations } from '../../domain/limits.js';
import type { StandardKind } from '../../domain/names.js';
import { clusterViolations, realServerViolations, virtualServiceViolations } from '../../domain/rules.js';
import { type ClusterSpec, normaliseCluster } from '../../domain/schema/cluster.js';
import { normaliseProject, type ProjectSpec } from '../../domain/schema/project.js';
import { ProjectInput } from '../../domain/schema/project-resource.js';
import { normaliseRealServer, type RealServerSpec } from '../../domain/schema/real-server.js';
import { ClusterInput, RealServerInput, VirtualServiceInput } from '../../domain/schema/resource.js';
import { normaliseVirtualService, type VirtualServiceSpec } from '../../domain/schema/virtual-service.js';
import type { OperationName } from '../operations.js';

export type Method = 'list' | 'get' | 'create' | 'replace' | 'update' | 'delete';

export interface KindDescriptor<S = unknown> {
  readonly kind: StandardKind;
  /** For sentences. */
  readonly noun: string;
  readonly notFound: Reason;
  readonly operations: Readonly<Record<Method, OperationName>>;
  readonly input: TSchema;
  /** From what the input schema accepts to what is stored: defaults filled in, canonical spelling. */
  readonly normalise: (spec: never) => S;
  /** Pointers are relative to the spec. */
  readonly violations: (spec: S) => Violation[];
}

export const PROJECT: KindDescriptor<ProjectSpec> = {
  kind: 'project',
  noun: 'project',
  notFound: 'PROJECT_NOT_FOUND',
  operations: {
    list: 'listProjects',
    get: 'getProject',
    create: 'createProject',
    replace: 'replaceProject',
    update: 'updateProject',
    delete: 'deleteProject',
  },
  input: ProjectInput,
  normalise: normaliseProject,
  violations: projectViolations,
};

export const CLUSTER: KindDescriptor<ClusterSpec> = {
  kind: 'cluster',
  noun: 'cluster',
  notFound: 'CLUSTER_NOT_FOUND',
  operations: {
    list: 'listClusters',
    get: 'getCluster',
    create: 'createCluster',
    replace: 'replaceCluster',
    update: 'updateCluster',
    delete: 'deleteCluster',
  },
  input: ClusterInput,
  normalise: normaliseCluster,
  violations: clusterViolations,
};

export const VIRTUAL_SERVICE: KindDescriptor<VirtualServiceSpec> = {
  kind: 'virtualService',
  noun: 'virtual service',
  notFound: 'VIRTUAL_SERVICE_NOT_FOUND',
  operations: {
    list: 'listVirtualServices',
    get: 'getVirtualService',
    create: 'createVirtualService',
    replace: 'replaceVirtualService',
    update: 'updateVirtualService',
    delete: 'deleteVirtualService',
  },
  input: VirtualServiceInput,
  normalise: normaliseVirtualService,
  violations: virtualServiceViolations,
};

export const REAL_SERVER: KindDescriptor<RealServerSpec> = {
  kind: 'realServer',
  noun: 'real server',
  notFound: 'REAL_SERVER_NOT_FOUND',
  operations: {
    list: 'listRealServers',
    get: 'getRealServer',
    create: 'createRealServer',
    replace: 'replaceRealServer',
    update: 'updateRealServer',
    delete: 'deleteRealServer',
  },
  input: RealServerInput,
  normalise: normaliseRealServer,
  violations: realServerViolations,
};
