import { Cluster, ClusterInput } from '../../domain/schema/resource.js';
import { CLUSTER } from '../examples.js';
import { ClusterPath, ListQuery, NoQuery, ProjectPath } from '../parameters.js';
import { CLUSTER_RULES } from '../rule-problems.js';
import { resourceRoutes } from './resources.js';

export const CLUSTERS = '/v1/projects/:project/clusters';

export const clusterRoutes = resourceRoutes<Cluster>({
  operations: {
    list: 'listClusters',
    create: 'createCluster',
    get: 'getCluster',
    replace: 'replaceCluster',
    update: 'updateCluster',
    delete: 'deleteCluster',
  },
  resources: (control) => control.clusters,
  namesOf: ({ project, name }) => ({ project, cluster: name }),
  noun: 'cluster',
  tag: 'Clusters',
  collection: CLUSTERS,
  parameter: 'cluster',
  parentPath: ProjectPath,
  path: ClusterPath,
  isDefinition: true,
  schema: Cluster,
  pageId: 'ClusterList',
  input: ClusterInput,
  examples: CLUSTER,
  creation: 'It has no virtual services yet; to create it with all of them, PUT its definition.',
  deletion:
    'Deletes an empty cluster; with `cascade=true` also its virtual services and real servers, all or nothing.',
  listQuery: ListQuery,
  getQuery: NoQuery,
  readProblems: [],
  parentProblems: ['PROJECT_NOT_FOUND'],
  ownProblem: 'CLUSTER_NOT_FOUND',
  ruleProblems: CLUSTER_RULES,
});
