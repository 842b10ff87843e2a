/** Server reflection (v1 and v1alpha): clients like grpcurl learn the API from the server, without a token. */
import type { DescFile } from '@bufbuild/protobuf';
import type { handleBidiStreamingCall, Server } from '@grpc/grpc-js';
import { file_google_rpc_error_details } from './gen/google/rpc/error_details_pb.js';
import { file_google_rpc_status } from './gen/google/rpc/status_pb.js';
import {
  file_grpc_reflection_v1_reflection,
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from './gen/grpc/reflection/v1/reflection_pb.js';
import {
  file_grpc_reflection_v1alpha_reflection,
  ServerReflection as ServerReflectionAlpha,
} from './gen/grpc/reflection/v1alpha/reflection_pb.js';
import { file_health_v1_health } from './gen/health/v1/health_pb.js';
import { createReflectionAnswers, type ReflectionAnswers } from './reflection-answers.js';
import { messageServiceDefinition } from './service-definition.js';
import { SERVICES } from './services.js';

const ROOTS: readonly DescFile[] = [
  ...SERVICES.map(({ file }) => file),
  // what errors carry
  file_google_rpc_status,
  file_google_rpc_error_details,
  file_health_v1_health,
  file_grpc_reflection_v1_reflection,
  file_grpc_reflection_v1alpha_reflection,
];

export function addReflection(server: Server): void {
  let answers: ReflectionAnswers | undefined;
  const serverReflectionInfo: handleBidiStreamingCall<ServerReflectionRequest, ServerReflectionResponse> = (
    call,
  ) => {
    call.on('data', (request: ServerReflectionRequest) => {
      // not before somebody asks
      answers ??= createReflectionAnswers(ROOTS);
      call.write(answers(request));
    });
    call.on('end', () => call.end());
  };
  server.addService(messageServiceDefinition(ServerReflection), { serverReflectionInfo });
  const alpha = messageServiceDefinition(ServerReflection, ServerReflectionAlpha.typeName);
  server.addService(alpha, { serverReflectionInfo });
}
