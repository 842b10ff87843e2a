/** gRPC requests as bytes. */
import { create, toBinary } from '@bufbuild/protobuf';
import { AuditService } from '../../src/api-grpc/gen/lvsd/v1/audit_service_pb.js';
import {
  RealServerService,
  UpdateRealServerRequestSchema,
} from '../../src/api-grpc/gen/lvsd/v1/real_server_service_pb.js';
import { CLUSTER, realServerName, serviceName } from './definition.js';

export const UPDATE_REAL_SERVER = `/${RealServerService.typeName}/${RealServerService.method.updateRealServer.name}`;
export const WATCH = `/${AuditService.typeName}/${AuditService.method.watch.name}`;

export function weightChange(service: number, weight: number): Uint8Array {
  const request = create(UpdateRealServerRequestSchema, {
    ...CLUSTER,
    virtualService: serviceName(service),
    name: realServerName(0),
    spec: { weight },
    updateMask: { paths: ['spec.weight'] },
  });
  return toBinary(UpdateRealServerRequestSchema, request);
}
