import { type DescMessage, type DescService, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import type { ServiceDefinition } from '@grpc/grpc-js';

/**
 * A service as grpc-js wants it. Messages pass through grpc-js as bytes and are read in `call.ts`: a request that cannot be
 * parsed is then an error of ours like any other, and one whose caller is not known is not parsed at all.
 */
export function serviceDefinition(service: DescService): ServiceDefinition {
  return definitionWith({ name: service.typeName, methods: service.methods }, () => ({
    serialize: asIs,
    deserialize: asIs,
  }));
}

/** The same for services that are not ours: grpc-js reads and writes their messages. `name` may be another with the same bytes. */
export function messageServiceDefinition(service: DescService, name = service.typeName): ServiceDefinition {
  return definitionWith({ name, methods: service.methods }, (schema) => ({
    serialize: (message: Message) => Buffer.from(toBinary(schema, message)),
    deserialize: (bytes: Buffer) => fromBinary(schema, bytes),
  }));
}

interface Codec<T> {
  readonly serialize: (message: T) => Buffer;
  readonly deserialize: (bytes: Buffer) => T;
}

function definitionWith<T>(
  { name, methods }: { name: string; methods: DescService['methods'] },
  codecOf: (schema: DescMessage) => Codec<T>,
): ServiceDefinition {
  return Object.fromEntries(
    methods.map((method) => {
      const [request, response] = [codecOf(method.input), codecOf(method.output)];
      const definition = {
        path: `/${name}/${method.name}`,
        requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
        responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
        requestSerialize: request.serialize,
        requestDeserialize: request.deserialize,
        responseSerialize: response.serialize,
        responseDeserialize: response.deserialize,
      };
      return [method.localName, definition];
    }),
  );
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}
