import { VirtualService, VirtualServiceInput } from '../../domain/schema/resource.js';
import { VIRTUAL_SERVICE } from '../examples.js';
import { ClusterPath, ListQuery, NoQuery, VirtualServicePath } from '../parameters.js';
import { VIRTUAL_SERVICE_RULES } from '../rule-problems.js';
import { CLUSTERS } from './clusters.js';
import { resourceRoutes } from './resources.js';

export const VIRTUAL_SERVICES = `${CLUSTERS}/:cluster/virtual-services`;

export const virtualServiceRoutes = resourceRoutes<VirtualService>({
  operations: {
    list: 'listVirtualServices',
    create: 'createVirtualService',
    get: 'getVirtualService',
    replace: 'replaceVirtualService',
    update: 'updateVirtualService',
    delete: 'deleteVirtualService',
  },
  resources: (control) => control.virtualServices,
  namesOf: ({ project, cluster, name }) => ({ project, cluster, virtualService: name }),
  noun: 'virtual service',
  tag: 'Virtual services',
  collection: VIRTUAL_SERVICES,
  parameter: 'virtualService',
  parentPath: ClusterPath,
  path: VirtualServicePath,
  isDefinition: true,
  schema: VirtualService,
  pageId: 'VirtualServiceList',
  input: VirtualServiceInput,
  examples: VIRTUAL_SERVICE,
  creation:
    'It is what clients connect to: protocol, address and port, or a firewall mark and a family. Only one virtual ' +
    'service of a director can have a frontend.',
  deletion:
    'Deletes a virtual service without real servers; with `cascade=true` also its real servers, all or nothing.',
  listQuery: ListQuery,
  getQuery: NoQuery,
  readProblems: [],
  parentProblems: ['PROJECT_NOT_FOUND', 'CLUSTER_NOT_FOUND'],
  ownProblem: 'VIRTUAL_SERVICE_NOT_FOUND',
  ruleProblems: VIRTUAL_SERVICE_RULES,
});
