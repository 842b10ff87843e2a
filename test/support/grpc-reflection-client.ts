/**
 * A gRPC client that knows nothing of lvsd beforehand: it learns services and messages by server reflection, as grpcurl
 * does, and speaks the standard JSON form of proto messages. No generated code.
 */
import {
  create,
  createFileRegistry,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonObject,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import {
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';

/** Field numbers of grpc.reflection.v1.ServerReflectionRequest and …Response. */
const FILE_CONTAINING_SYMBOL = 4;
const LIST_SERVICES = 7;
const FILE_DESCRIPTOR_RESPONSE = 4;
const LIST_SERVICES_RESPONSE = 6;
const ERROR_RESPONSE = 7;

/** What errors carry; no method's messages lead there. */
const ERROR_TYPES = ['google.rpc.Status', 'google.rpc.ErrorInfo'];

export type Version = 'v1' | 'v1alpha';

export interface Answered {
  readonly answer: JsonObject;
  /** Metadata that came ahead of the answer. */
  readonly header: Metadata;
}

export interface CallOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadline?: Date;
}

export interface ReflectionClient {
  readonly services: readonly string[];
  readonly registry: FileRegistry;
  /** `method` is `lvsd.v1.ClusterService/GetCluster`; rejects with ServiceError. */
  call(method: string, request: JsonObject, options?: CallOptions): Promise<Answered>;
  /** As `call`, of a message's bytes. */
  callBytes(method: string, request: Uint8Array, options?: CallOptions): Promise<Answered>;
  /** Messages are bytes: `decode` reads them. */
  stream(method: string, request: JsonObject, options?: CallOptions): ClientReadableStream<Buffer>;
  decode(method: string, bytes: Buffer): JsonObject;
  /** The details of an error's google.rpc.Status, each in its JSON form with its `@type`. */
  details(error: ServiceError): JsonObject[];
  close(): void;
}

interface Options {
  /** Default: without TLS. */
  readonly channel?: ChannelCredentials;
  readonly version?: Version;
  /** Sent with every call. */
  readonly token?: string;
  /** How long to wait after a connection was lost; default: grpc-js's seconds. */
  readonly reconnectMs?: number;
}

export async function connectByReflection(address: string, options: Options = {}): Promise<ReflectionClient> {
  const { version = 'v1', token, channel = credentials.createInsecure(), reconnectMs } = options;
  const client = new Client(address, channel, {
    ...(reconnectMs !== undefined && {
      'grpc.initial_reconnect_backoff_ms': reconnectMs,
      'grpc.max_reconnect_backoff_ms': reconnectMs,
    }),
  });
  const services = await listServices(client, version);
  const files = await fetchFiles(client, version, [...services, ...ERROR_TYPES]);
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: importsFirst(files) }));

  function methodOf(path: string) {
    const [serviceName = '', methodName] = path.split('/');
    const method = registry.getService(serviceName)?.methods.find(({ name }) => name === methodName);
    if (!method) throw new Error(`the server does not know ${path}`);
    return method;
  }

  function metadataOf(extra: CallOptions['metadata'] = {}): Metadata {
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    for (const [key, value] of Object.entries(extra)) metadata.set(key, value);
    return metadata;
  }

  function encode(path: string, request: JsonObject): Buffer {
    const { input } = methodOf(path);
    return Buffer.from(toBinary(input, fromJson(input, request, { registry })));
  }

  function json(desc: DescMessage, bytes: Uint8Array): JsonObject {
    return toJson(desc, fromBinary(desc, bytes), { registry, alwaysEmitImplicit: true }) as JsonObject;
  }

  function callBytes(path: string, request: Uint8Array, { metadata, deadline }: CallOptions = {}) {
    return new Promise<Answered>((resolve, reject) => {
      let header = new Metadata();
      client
        .makeUnaryRequest(
          `/${path}`,
          asIs,
          asIs,
          Buffer.from(request),
          metadataOf(metadata),
          deadline ? { deadline } : {},
          (error, bytes) => {
            if (error) reject(error);
            else resolve({ answer: json(methodOf(path).output, bytes ?? Buffer.alloc(0)), header });
          },
        )
        .on('metadata', (received) => {
          header = received;
        });
    });
  }

  return {
    services,
    registry,
    callBytes,
    call: (path, request, callOptions) => callBytes(path, encode(path, request), callOptions),
    stream(path, request, { metadata, deadline } = {}) {
      const callOptions = deadline ? { deadline } : {};
      const sent = encode(path, request);
      return client.makeServerStreamRequest(`/${path}`, asIs, asIs, sent, metadataOf(metadata), callOptions);
    },
    decode: (path, bytes) => json(methodOf(path).output, bytes),
    details(error) {
      const [bytes] = error.metadata.get('grpc-status-details-bin');
      const status = registry.getMessage('google.rpc.Status');
      if (!(bytes instanceof Buffer) || !status) throw new Error('the error has no details');
      return json(status, bytes).details as JsonObject[];
    },
    close: () => client.close(),
  };
}

async function listServices(client: Client, version: Version): Promise<string[]> {
  const request = new BinaryWriter().tag(LIST_SERVICES, WireType.LengthDelimited).string('*').finish();
  const [response] = await reflect(client, version, [request]);
  const [list] = fieldsOf(response, LIST_SERVICES_RESPONSE);
  return fieldsOf(list, 1).map((service) => Buffer.from(fieldsOf(service, 1)[0] ?? []).toString());
}

async function fetchFiles(
  client: Client,
  version: Version,
  symbols: readonly string[],
): Promise<Map<string, FileDescriptorProto>> {
  const requests = symbols.map((symbol) =>
    new BinaryWriter().tag(FILE_CONTAINING_SYMBOL, WireType.LengthDelimited).string(symbol).finish(),
  );
  const responses = await reflect(client, version, requests);
  const files = responses
    .flatMap((response) => fieldsOf(fieldsOf(response, FILE_DESCRIPTOR_RESPONSE)[0], 1))
    .map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  return new Map(files.map((file) => [file.name, file]));
}

/** One stream, one response for each request. */
function reflect(client: Client, version: Version, requests: readonly Uint8Array[]): Promise<Buffer[]> {
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  return new Promise((resolve, reject) => {
    const responses: Buffer[] = [];
    const stream = client.makeBidiStreamRequest<Buffer, Buffer>(path, asIs, asIs, new Metadata());
    stream.on('data', (response: Buffer) => {
      const [error] = fieldsOf(response, ERROR_RESPONSE);
      if (error) reject(new Error(`reflection: ${Buffer.from(fieldsOf(error, 2)[0] ?? [])}`));
      responses.push(response);
    });
    stream.on('error', reject);
    stream.on('end', () => resolve(responses));
    for (const request of requests) stream.write(Buffer.from(request));
    stream.end();
  });
}

/** The length-delimited fields of one number, in order. */
function fieldsOf(message: Uint8Array | undefined, number: number): Uint8Array[] {
  const reader = new BinaryReader(message ?? new Uint8Array());
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [no, wireType] = reader.tag();
    if (no === number && wireType === WireType.LengthDelimited) found.push(reader.bytes());
    else reader.skip(wireType, no);
  }
  return found;
}

/** A registry wants every file after those that it imports. */
function importsFirst(files: ReadonlyMap<string, FileDescriptorProto>): FileDescriptorProto[] {
  const sorted = new Set<FileDescriptorProto>();
  const visit = (name: string): void => {
    const file = files.get(name);
    if (!file || sorted.has(file)) return;
    file.dependency.forEach(visit);
    sorted.add(file);
  };
  for (const name of files.keys()) visit(name);
  return [...sorted];
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}
