/** The gRPC door: requests in the standard JSON form of proto messages, through a client that learned them by reflection. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { type ServiceError, status } from '@grpc/grpc-js';
import {
  type Door,
  type Failure,
  type Json,
  type WriteOptions,
  type Written,
  withFullPath,
} from './doors.js';
import type { ReflectionClient } from './grpc-reflection-client.js';

/** How the proto files call the members of an enumeration, by the field that has it. */
const ENUM_PREFIXES: Readonly<Record<string, string>> = {
  protocol: 'PROTOCOL',
  family: 'FAMILY',
  scheduler: 'SCHEDULER',
  schedulerFlags: 'SCHEDULER_FLAG',
  engine: 'PERSISTENCE_ENGINE',
  method: 'FORWARDING_METHOD',
  type: 'TUNNEL_TYPE',
  checksum: 'TUNNEL_CHECKSUM',
  adminState: 'ADMIN_STATE',
};

const KINDS = ['Cluster', 'VirtualService', 'RealServer'] as const;

export function createGrpcDoor(client: ReflectionClient): Door {
  async function write(verb: string, path: string, fields: Json, options?: WriteOptions): Promise<Written> {
    const { kind, names } = resourceOf(path);
    return attempt(`lvsd.v1.${kind}Service/${verb}${kind}`, { ...names, ...fields }, options);
  }

  async function attempt(method: string, request: Json, options: WriteOptions = {}): Promise<Written> {
    const { requestId, ...asFields } = options;
    const metadata = requestId === undefined ? {} : { 'x-request-id': requestId };
    try {
      const { answer } = await client.call(method, { ...request, ...asFields } as JsonObject, { metadata });
      if (answer.pending === true || answer.state === 'STATE_PENDING') return { outcome: 'pending' };
      const isNew = answer.created === true || method.includes('/Create');
      return { outcome: isNew ? 'created' : 'done' };
    } catch (error) {
      return { outcome: 'failed', failure: failureOf(error as ServiceError) };
    }
  }

  function failureOf(error: ServiceError): Failure {
    const info = error.metadata?.get('grpc-status-details-bin').length
      ? client.details(error).find((detail) => detail['@type'] === 'type.googleapis.com/google.rpc.ErrorInfo')
      : undefined;
    // Without details it is the connection that failed, not lvsd that answered.
    if (info?.domain !== 'lvsd') throw error;
    return {
      code: status[error.code] ?? error.code,
      reason: String(info.reason),
      metadata: info.metadata as Record<string, string>,
    };
  }

  return {
    name: 'gRPC',
    transport: 'grpc',
    create: (path, body, options) => write('Create', path, protoJson(body), options),
    replace: (path, body, options) => write('Replace', path, protoJson(body), options),
    update: (path, patch, options) =>
      write('Update', path, { ...protoJson(patch), updateMask: leavesOf(patch).join(',') }, options),
    delete: (path, options) => write('Delete', path, isLeaf(path) ? {} : { cascade: true }, options),
    replaceDefinition: (cluster, definition, options) =>
      attempt(
        'lvsd.v1.DefinitionService/ReplaceDefinition',
        { project: 'default', cluster, definition: protoJson(definition) },
        options,
      ),
    changeSet(changes, options) {
      const request = {
        changes: changes.map((change) =>
          withFullPath(change, ({ resource, spec }) => ({ [specFieldOf(resource)]: protoJson(spec) })),
        ),
      };
      return attempt('lvsd.v1.DefinitionService/CreateChangeSet', request, options);
    },
    async missing(path) {
      const found = await write('Get', path, {});
      return found.outcome === 'failed' ? found.failure : undefined;
    },
  };
}

function resourceOf(path: string): { kind: (typeof KINDS)[number]; names: Json } {
  const names = path.split('/').filter((_, index) => index % 2 === 0);
  const parents = ['cluster', 'virtualService'].slice(0, names.length - 1);
  return {
    kind: KINDS[names.length - 1] ?? 'RealServer',
    names: {
      project: 'default',
      ...Object.fromEntries(parents.map((parent, index) => [parent, names[index]])),
      name: names.at(-1),
    },
  };
}

/** Of a put in a change-set. */
function specFieldOf(path: string): string {
  const { kind } = resourceOf(path);
  return `${kind[0]?.toLowerCase()}${kind.slice(1)}`;
}

function isLeaf(path: string): boolean {
  return resourceOf(path).kind === 'RealServer';
}

/** `tcp` becomes `PROTOCOL_TCP`; null, which a merge patch has and a message has not, is left out. */
export function protoJson(json: Json): JsonObject {
  const members = Object.entries(json).filter(([, value]) => value !== null);
  return Object.fromEntries(members.map(([field, value]) => [field, protoValue(field, value)]));
}

function protoValue(field: string, value: unknown): JsonValue {
  if (Array.isArray(value)) return value.map((item) => protoValue(field, item));
  if (typeof value === 'object' && value !== null) return protoJson(value as Json);
  const prefix = ENUM_PREFIXES[field];
  if (prefix === undefined || typeof value !== 'string') return value as JsonValue;
  return `${prefix}_${value.toUpperCase().replaceAll('-', '_')}`;
}

/** The fields that a merge patch names, as a FieldMask in JSON has them. */
function leavesOf(patch: Json, prefix = ''): string[] {
  return Object.entries(patch).flatMap(([field, value]) => {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? leavesOf(value as Json, `${prefix}${field}.`) : [`${prefix}${field}`];
  });
}
