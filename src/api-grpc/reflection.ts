/** Server reflection (v1 and v1alpha): clients like grpcurl learn the API from the server, without a token. */
import { type DescFile, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { file_google_rpc_error_details } from './gen/google/rpc/error_details_pb.js';
import { file_google_rpc_status } from './gen/google/rpc/status_pb.js';
import { file_grpc_reflection_v1_reflection } from './gen/grpc/reflection/v1/reflection_pb.js';
import { file_grpc_reflection_v1alpha_reflection } from './gen/grpc/reflection/v1alpha/reflection_pb.js';
import { file_health_v1_health } from './gen/health/v1/health_pb.js';
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
  const fileDescriptorProtos = closure(ROOTS).map((file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)),
  );
  // any kind of definition will do: only the descriptors of its files are looked at
  const files = { format: 'Protocol Buffer 3 EnumDescriptorProto', type: {}, fileDescriptorProtos } as const;
  new ReflectionService({ lvsd: files }).addToServer(server);
}

/** The files and everything that they import, each once. */
function closure(roots: readonly DescFile[]): DescFile[] {
  const files = new Map<string, DescFile>();
  const visit = (file: DescFile): void => {
    if (files.has(file.name)) return;
    files.set(file.name, file);
    file.dependencies.forEach(visit);
  };
  roots.forEach(visit);
  return [...files.values()];
}
