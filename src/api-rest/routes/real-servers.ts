import { RealServer, RealServerInput } from '../../domain/schema/resource.js';
import { REAL_SERVER } from '../examples.js';
import { ConnectionsQuery, RealServerListQuery, RealServerPath, VirtualServicePath } from '../parameters.js';
import { REAL_SERVER_RULES } from '../rule-problems.js';
import { resourceRoutes } from './resources.js';
import { VIRTUAL_SERVICES } from './virtual-services.js';

export const realServerRoutes = resourceRoutes<RealServer>({
  operations: {
    list: 'listRealServers',
    create: 'createRealServer',
    get: 'getRealServer',
    replace: 'replaceRealServer',
    update: 'updateRealServer',
    delete: 'deleteRealServer',
  },
  resources: (control) => control.realServers,
  namesOf: ({ project, cluster, virtualService, name }) => ({
    project,
    cluster,
    virtualService,
    realServer: name,
  }),
  noun: 'real server',
  tag: 'Real servers',
  collection: `${VIRTUAL_SERVICES}/:virtualService/real-servers`,
  parameter: 'realServer',
  parentPath: VirtualServicePath,
  path: RealServerPath,
  isDefinition: true,
  schema: RealServer,
  pageId: 'RealServerList',
  input: RealServerInput,
  examples: REAL_SERVER,
  creation:
    'It gets its share of new connections as soon as the kernel has it. With the methods `dr` and `tun` its port is that ' +
    'of the virtual service: leave it out. To take it out of service for a while, change `spec.adminState` to `drain` or `disabled`.',
  deletion: 'Deletes the real server.',
  listQuery: RealServerListQuery,
  getQuery: ConnectionsQuery,
  readProblems: ['KERNEL_UNAVAILABLE'],
  parentProblems: ['PROJECT_NOT_FOUND', 'CLUSTER_NOT_FOUND', 'VIRTUAL_SERVICE_NOT_FOUND'],
  ownProblem: 'REAL_SERVER_NOT_FOUND',
  ruleProblems: REAL_SERVER_RULES,
});
