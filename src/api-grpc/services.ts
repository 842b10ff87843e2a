/** Every service of lvsd.v1 with what answers it. */
import type { DescMethod, DescService } from '@bufbuild/protobuf';
import type { Server, UntypedHandleCall } from '@grpc/grpc-js';
import type { Control } from '../control/control.js';
import { AuditService } from './gen/lvsd/v1/audit_service_pb.js';
import { ClusterService } from './gen/lvsd/v1/cluster_service_pb.js';
import { DefinitionService } from './gen/lvsd/v1/definition_service_pb.js';
import { DirectorService } from './gen/lvsd/v1/director_service_pb.js';
import { HistoryService } from './gen/lvsd/v1/history_service_pb.js';
import { ProjectService } from './gen/lvsd/v1/project_service_pb.js';
import { RealServerService } from './gen/lvsd/v1/real_server_service_pb.js';
import { TokenService } from './gen/lvsd/v1/token_service_pb.js';
import { VirtualServiceService } from './gen/lvsd/v1/virtual_service_service_pb.js';
import { auditMethods } from './handlers/audit-events.js';
import { clusterMethods } from './handlers/clusters.js';
import { definitionMethods } from './handlers/definitions.js';
import { directorMethods } from './handlers/directors.js';
import { historyMethods } from './handlers/history.js';
import { projectMethods } from './handlers/projects.js';
import { realServerMethods } from './handlers/real-servers.js';
import { tokenMethods } from './handlers/tokens.js';
import { virtualServiceMethods } from './handlers/virtual-services.js';
import type { Methods } from './methods.js';
import type { Surroundings } from './served-call.js';
import { type StreamHandler, serverStream } from './server-stream.js';
import { serviceDefinition } from './service-definition.js';
import { type UnaryHandler, unary } from './unary.js';

export const SERVICES: readonly DescService[] = [
  ClusterService,
  VirtualServiceService,
  RealServerService,
  DefinitionService,
  ProjectService,
  DirectorService,
  TokenService,
  AuditService,
  HistoryService,
];

export function addServices(server: Server, control: Control, surroundings: Surroundings): void {
  addService(server, ClusterService, clusterMethods(control), surroundings);
  addService(server, VirtualServiceService, virtualServiceMethods(control), surroundings);
  addService(server, RealServerService, realServerMethods(control), surroundings);
  addService(server, DefinitionService, definitionMethods(control), surroundings);
  addService(server, ProjectService, projectMethods(control), surroundings);
  addService(server, DirectorService, directorMethods(control), surroundings);
  addService(server, TokenService, tokenMethods(control), surroundings);
  addService(server, AuditService, auditMethods(control), surroundings);
  addService(server, HistoryService, historyMethods(control), surroundings);
}

export function addService<S extends DescService>(
  server: Server,
  service: S,
  methods: Methods<S>,
  surroundings: Surroundings,
): void {
  // `Methods` has made sure that each handler takes and gives the messages of its method
  const handlers = methods as unknown as Readonly<Record<string, UnaryHandler & StreamHandler>>;
  const calls = service.methods.flatMap((method) => {
    const handler = handlers[method.localName];
    return handler ? [[method.localName, handleCall(method, handler, surroundings)]] : [];
  });
  server.addService(serviceDefinition(service), Object.fromEntries(calls));
}

function handleCall(
  method: DescMethod,
  handler: UnaryHandler & StreamHandler,
  surroundings: Surroundings,
): UntypedHandleCall {
  return method.methodKind === 'server_streaming'
    ? serverStream(method, handler, surroundings)
    : unary(method, handler, surroundings);
}
