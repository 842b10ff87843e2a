/** What server reflection tells about a set of proto files. The messages of its two versions are the same but for their names. */
import {
  type AnyDesc,
  create,
  createRegistry,
  type DescFile,
  type MessageInitShape,
  type Registry,
  toBinary,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from './gen/grpc/reflection/v1/reflection_pb.js';

export type ReflectionAnswers = (request: ServerReflectionRequest) => ServerReflectionResponse;

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>['messageResponse']>;

export function createReflectionAnswers(roots: readonly DescFile[]): ReflectionAnswers {
  const files = withImports(roots);
  const registry = createRegistry(...files);
  const encoded = new Map(
    files.map((file) => [file.name, toBinary(FileDescriptorProtoSchema, file.proto)] as const),
  );

  /** The file first, then all that it imports. */
  function fileAnswer(file: DescFile | undefined, what: string): Answer {
    if (!file) return notFound(what);
    const fileDescriptorProto = withImports([file]).map(({ name }) => encoded.get(name) ?? new Uint8Array());
    return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
  }

  function answerTo({ messageRequest: asked }: ServerReflectionRequest): Answer {
    switch (asked.case) {
      case 'listServices': {
        const service = files.flatMap(({ services }) => services.map(({ typeName }) => ({ name: typeName })));
        return { case: 'listServicesResponse', value: { service } };
      }
      case 'fileByFilename':
        return fileAnswer(
          files.find(({ proto }) => proto.name === asked.value),
          `file ${asked.value}`,
        );
      case 'fileContainingSymbol':
        return fileAnswer(fileOf(registry, asked.value), `symbol ${asked.value}`);
      case 'fileContainingExtension': {
        const { containingType, extensionNumber } = asked.value;
        const message = registry.getMessage(containingType);
        const extension = message && registry.getExtensionFor(message, extensionNumber);
        return fileAnswer(extension?.file, `extension ${extensionNumber} of ${containingType}`);
      }
      case 'allExtensionNumbersOfType': {
        const message = registry.getMessage(asked.value);
        if (!message) return notFound(`message ${asked.value}`);
        const extensionNumber = [...registry].flatMap((desc) =>
          desc.kind === 'extension' && desc.extendee === message ? [desc.number] : [],
        );
        return { case: 'allExtensionNumbersResponse', value: { baseTypeName: asked.value, extensionNumber } };
      }
      default:
        return failure(status.UNIMPLEMENTED, 'The request asks for nothing that is known here.');
    }
  }

  return (request) =>
    create(ServerReflectionResponseSchema, {
      validHost: request.host,
      originalRequest: request,
      messageResponse: answerTo(request),
    });
}

/** The files and everything that they import, each once. */
function withImports(roots: readonly DescFile[]): DescFile[] {
  const files = new Map<string, DescFile>();
  const visit = (file: DescFile): void => {
    if (files.has(file.name)) return;
    files.set(file.name, file);
    file.dependencies.forEach(visit);
  };
  roots.forEach(visit);
  return [...files.values()];
}

/** Of a message, enumeration, service or extension, or of a member of one. */
function fileOf(registry: Registry, symbol: string): DescFile | undefined {
  const [, parentName = '', member = ''] = /^(.+)\.([^.]+)$/.exec(symbol) ?? [];
  const parent = registry.get(parentName);
  const isMember = parent && membersOf(parent).some(({ name }) => name === member);
  return registry.get(symbol)?.file ?? (isMember ? parent.file : undefined);
}

function membersOf(desc: AnyDesc): readonly { readonly name: string }[] {
  if (desc.kind === 'message') return desc.members;
  if (desc.kind === 'enum') return desc.values;
  return desc.kind === 'service' ? desc.methods : [];
}

function notFound(what: string): Answer {
  return failure(status.NOT_FOUND, `There is no ${what}.`);
}

function failure(errorCode: status, errorMessage: string): Answer {
  return { case: 'errorResponse', value: { errorCode, errorMessage } };
}
