/**
 * Every operation there is, under the one name it has everywhere: REST operationId, gRPC method (first letter upper), audit
 * action and method of the control layer. `role` is the least role that may call it.
 */
import { ROLES, type Role } from '../domain/schema/token.js';

export { ROLES, type Role };

export type Scope = 'project' | 'server' | 'anywhere';

interface OperationEntry {
  readonly role: Role;
  /**
   * project: a role bound to that project is enough. server: the role must be bound to the whole server. anywhere: a role in
   * any project is enough, and the answer has what the caller may know of.
   */
  readonly scope: Scope;
  /** The answer has a secret that is told only once: it must not be kept anywhere, not even to answer a retry. */
  readonly secretAnswer?: true;
}

export const OPERATIONS = {
  listProjects: { role: 'viewer', scope: 'anywhere' },
  getProject: { role: 'viewer', scope: 'project' },
  createProject: { role: 'admin', scope: 'server' },
  replaceProject: { role: 'admin', scope: 'server' },
  updateProject: { role: 'admin', scope: 'server' },
  deleteProject: { role: 'admin', scope: 'server' },
  listClusters: { role: 'viewer', scope: 'project' },
  getCluster: { role: 'viewer', scope: 'project' },
  createCluster: { role: 'editor', scope: 'project' },
  replaceCluster: { role: 'editor', scope: 'project' },
  updateCluster: { role: 'editor', scope: 'project' },
  deleteCluster: { role: 'editor', scope: 'project' },
  getDefinition: { role: 'viewer', scope: 'project' },
  replaceDefinition: { role: 'editor', scope: 'project' },
  getDefinitionDiff: { role: 'viewer', scope: 'project' },
  listClusterRevisions: { role: 'viewer', scope: 'project' },
  getClusterRevision: { role: 'viewer', scope: 'project' },
  listVirtualServiceRevisions: { role: 'viewer', scope: 'project' },
  getVirtualServiceRevision: { role: 'viewer', scope: 'project' },
  listRealServerRevisions: { role: 'viewer', scope: 'project' },
  getRealServerRevision: { role: 'viewer', scope: 'project' },
  createChangeSet: { role: 'editor', scope: 'project' },
  createImport: { role: 'editor', scope: 'project' },
  listVirtualServices: { role: 'viewer', scope: 'project' },
  getVirtualService: { role: 'viewer', scope: 'project' },
  createVirtualService: { role: 'editor', scope: 'project' },
  replaceVirtualService: { role: 'editor', scope: 'project' },
  updateVirtualService: { role: 'editor', scope: 'project' },
  deleteVirtualService: { role: 'editor', scope: 'project' },
  getPacketPath: { role: 'viewer', scope: 'project' },
  listRealServers: { role: 'viewer', scope: 'project' },
  getRealServer: { role: 'viewer', scope: 'project' },
  createRealServer: { role: 'editor', scope: 'project' },
  replaceRealServer: { role: 'editor', scope: 'project' },
  updateRealServer: { role: 'operator', scope: 'project' },
  deleteRealServer: { role: 'editor', scope: 'project' },
  getRealServerSetup: { role: 'viewer', scope: 'project' },
  getRealServerAddress: { role: 'viewer', scope: 'project' },
  updateRealServerAddress: { role: 'operator', scope: 'project' },
  getRealServerAddressSetup: { role: 'viewer', scope: 'project' },
  getClusterPreflight: { role: 'viewer', scope: 'project' },
  listDirectors: { role: 'viewer', scope: 'server' },
  getDirector: { role: 'viewer', scope: 'server' },
  getTable: { role: 'viewer', scope: 'server' },
  getDrift: { role: 'viewer', scope: 'server' },
  listDrains: { role: 'viewer', scope: 'server' },
  deleteDrain: { role: 'operator', scope: 'server' },
  createAdoption: { role: 'editor', scope: 'server' },
  listConnections: { role: 'viewer', scope: 'server' },
  streamConnections: { role: 'viewer', scope: 'server' },
  getDirectorPreflight: { role: 'viewer', scope: 'server' },
  createReconciliation: { role: 'operator', scope: 'server' },
  createCounterReset: { role: 'operator', scope: 'server' },
  getTimeouts: { role: 'viewer', scope: 'server' },
  replaceTimeouts: { role: 'editor', scope: 'server' },
  getSyncDaemons: { role: 'viewer', scope: 'server' },
  replaceSyncDaemons: { role: 'editor', scope: 'server' },
  getDriftPolicy: { role: 'viewer', scope: 'server' },
  replaceDriftPolicy: { role: 'editor', scope: 'server' },
  listTokens: { role: 'admin', scope: 'server' },
  getToken: { role: 'admin', scope: 'server' },
  createToken: { role: 'admin', scope: 'server', secretAnswer: true },
  deleteToken: { role: 'admin', scope: 'server' },
  listProjectTokens: { role: 'admin', scope: 'project' },
  getProjectToken: { role: 'admin', scope: 'project' },
  createProjectToken: { role: 'admin', scope: 'project', secretAnswer: true },
  deleteProjectToken: { role: 'admin', scope: 'project' },
  listAuditEvents: { role: 'viewer', scope: 'project' },
  exportAuditEvents: { role: 'viewer', scope: 'project' },
  getAuditEvent: { role: 'viewer', scope: 'project' },
  getAuditIntegrity: { role: 'viewer', scope: 'server' },
  listAuditArchives: { role: 'viewer', scope: 'server' },
  createAuditArchive: { role: 'admin', scope: 'server' },
  watch: { role: 'viewer', scope: 'project' },
} as const satisfies Record<string, OperationEntry>;

export type OperationName = keyof typeof OPERATIONS;
