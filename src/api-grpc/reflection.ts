/** Server reflection (v1 and v1alpha): clients like grpcurl learn the API from the server, without a token. */
import { type DescFile, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { file_google_rpc_error_details } from './gen/google/rpc/error_details_pb.js';
import { file_google_rpc_status } from './gen/google/rpc/status_pb.js';
import { SERVICES } from './services.js';

type PackageDefinition = ConstructorParameters<typeof ReflectionService>[0];

/** `others` are the definitions of services that are served beside ours, by their full names. */
export function addReflection(server: Server, others: PackageDefinition): void {
  const roots = [
    ...SERVICES.map(({ file }) => file),
    // what errors carry
    file_google_rpc_status,
    file_google_rpc_error_details,
  ];
  const fileDescriptorProtos = closure(roots).map((file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)),
  );
  // any kind of definition will do: only the descriptors of its files are looked at
  const lvsd = { format: 'Protocol Buffer 3 EnumDescriptorProto', type: {}, fileDescriptorProtos } as const;
  new ReflectionService({ ...others, lvsd }).addToServer(server);
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
