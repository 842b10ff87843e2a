/** The standard health service, grpc.health.v1: all services of the server are in the same state. */
import { create } from '@bufbuild/protobuf';
import { type handleServerStreamingCall, type handleUnaryCall, type Server, status } from '@grpc/grpc-js';
import {
  Health,
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
  type HealthListRequest,
  type HealthListResponse,
  HealthListResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from './gen/health/v1/health_pb.js';
import { messageServiceDefinition } from './service-definition.js';

export { ServingStatus };

/** Clients ask for one of the names; the empty one stands for the whole server. Returns how to change the state. */
export function addHealth(server: Server, names: readonly string[]): (state: ServingStatus) => void {
  const known = new Set(['', ...names]);
  const watchers = new Set<(state: ServingStatus) => void>();
  let current: ServingStatus = ServingStatus.NOT_SERVING;

  const check: handleUnaryCall<HealthCheckRequest, HealthCheckResponse> = ({ request }, callback) => {
    if (known.has(request.service)) callback(null, answer(current));
    else callback({ code: status.NOT_FOUND, details: `There is no service ${request.service}.` });
  };
  const list: handleUnaryCall<HealthListRequest, HealthListResponse> = (_call, callback) => {
    const statuses = Object.fromEntries([...known].map((name) => [name, answer(current)]));
    callback(null, create(HealthListResponseSchema, { statuses }));
  };
  // The caller ends it, or the server's shutdown: it has no end of its own.
  const watch: handleServerStreamingCall<HealthCheckRequest, HealthCheckResponse> = (call) => {
    if (!known.has(call.request.service)) return call.write(answer(ServingStatus.SERVICE_UNKNOWN));
    const tell = (state: ServingStatus) => call.write(answer(state));
    watchers.add(tell);
    call.on('cancelled', () => watchers.delete(tell));
    tell(current);
  };
  server.addService(messageServiceDefinition(Health), { check, list, watch });

  return (state) => {
    current = state;
    for (const tell of watchers) tell(state);
  };
}

function answer(state: ServingStatus): HealthCheckResponse {
  return create(HealthCheckResponseSchema, { status: state });
}
