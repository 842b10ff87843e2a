/** Both APIs say the same: operations, fields, presence and enumeration members, over descriptors and schemas. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt';
import { memberName } from '../../src/api-grpc/convert/enums.js';
import { itemsOf, specialOf } from '../../src/api-grpc/convert/special.js';
import { AdoptionSchema } from '../../src/api-grpc/gen/lvsd/v1/adoption_pb.js';
import { AuditArchivingSchema } from '../../src/api-grpc/gen/lvsd/v1/archive_pb.js';
import { AuditEventSchema, IntegritySchema } from '../../src/api-grpc/gen/lvsd/v1/audit_pb.js';
import { ChangeSetSchema } from '../../src/api-grpc/gen/lvsd/v1/change_set_pb.js';
import { ClusterSchema, ClusterSpecSchema } from '../../src/api-grpc/gen/lvsd/v1/cluster_pb.js';
import { PreviewSchema } from '../../src/api-grpc/gen/lvsd/v1/common_pb.js';
import { ConnectionSchema } from '../../src/api-grpc/gen/lvsd/v1/connection_pb.js';
import { DefinitionSchema } from '../../src/api-grpc/gen/lvsd/v1/definition_pb.js';
import {
  DirectorSchema,
  DriftSchema,
  KernelTableSchema,
  ReconciliationSchema,
} from '../../src/api-grpc/gen/lvsd/v1/director_pb.js';
import {
  CounterResetSchema,
  DriftPolicySchema,
  DriftPolicySettingSchema,
  SyncDaemonSettingsSchema,
  SyncDaemonsSchema,
  TimeoutSettingsSchema,
  TimeoutsSchema,
} from '../../src/api-grpc/gen/lvsd/v1/director_settings_pb.js';
import { DrainSchema } from '../../src/api-grpc/gen/lvsd/v1/drain_pb.js';
import {
  DefinitionDiffSchema,
  PastResourceSchema,
  ResourceRevisionSchema,
} from '../../src/api-grpc/gen/lvsd/v1/history_pb.js';
import { ImportSchema } from '../../src/api-grpc/gen/lvsd/v1/import_pb.js';
import { PacketPathSchema } from '../../src/api-grpc/gen/lvsd/v1/packet_path_pb.js';
import { PreflightSchema } from '../../src/api-grpc/gen/lvsd/v1/preflight_pb.js';
import { ProjectSchema, ProjectSpecSchema } from '../../src/api-grpc/gen/lvsd/v1/project_pb.js';
import { RealServerAddressSchema } from '../../src/api-grpc/gen/lvsd/v1/real_server_address_pb.js';
import { RealServerSchema, RealServerSpecSchema } from '../../src/api-grpc/gen/lvsd/v1/real_server_pb.js';
import { RealServerSetupSchema } from '../../src/api-grpc/gen/lvsd/v1/real_server_setup_pb.js';
import { TokenSchema } from '../../src/api-grpc/gen/lvsd/v1/token_pb.js';
import {
  VirtualServiceSchema,
  VirtualServiceSpecSchema,
} from '../../src/api-grpc/gen/lvsd/v1/virtual_service_pb.js';
import { SERVICES } from '../../src/api-grpc/services.js';
import { OPERATIONS } from '../../src/control/operations.js';
import { Adoption } from '../../src/domain/schema/adoption.js';
import { AuditArchiving } from '../../src/domain/schema/audit-archive.js';
import { AuditEvent, Integrity } from '../../src/domain/schema/audit-event.js';
import { ChangeSet } from '../../src/domain/schema/change-set.js';
import { ClusterSpecInput } from '../../src/domain/schema/cluster.js';
import { Timestamp } from '../../src/domain/schema/common.js';
import { Connection, ConnectionFilter } from '../../src/domain/schema/connection.js';
import { CounterReset } from '../../src/domain/schema/counter-reset.js';
import { Definition, DefinitionInput } from '../../src/domain/schema/definition.js';
import { Director, Drift, KernelTable, Reconciliation } from '../../src/domain/schema/director.js';
import { SyncDaemonSettings, TimeoutSettings } from '../../src/domain/schema/director-settings.js';
import { Drain } from '../../src/domain/schema/drain.js';
import { DriftPolicySetting } from '../../src/domain/schema/drift-policy.js';
import { DefinitionDiff, PastResource, ResourceRevision } from '../../src/domain/schema/history.js';
import { Import } from '../../src/domain/schema/import.js';
import { PacketPath } from '../../src/domain/schema/packet-path.js';
import { Preflight } from '../../src/domain/schema/preflight.js';
import { Preview } from '../../src/domain/schema/preview.js';
import { ProjectSpecInput } from '../../src/domain/schema/project.js';
import { Project } from '../../src/domain/schema/project-resource.js';
import { RealServerSpecInput } from '../../src/domain/schema/real-server.js';
import { RealServerAddress } from '../../src/domain/schema/real-server-address.js';
import { RealServerSetup } from '../../src/domain/schema/real-server-setup.js';
import { Cluster, RealServer, VirtualService } from '../../src/domain/schema/resource.js';
import { Token } from '../../src/domain/schema/token.js';
import { VirtualServiceSpecInput } from '../../src/domain/schema/virtual-service.js';
import { documentedOperations } from '../support/documented-answers.js';
import { type JsonSchema, jsonSchema } from '../support/json-schema.js';

/** Differences that are meant, each with its reason. One that no longer shows fails the test. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'Preview.validateOnly: no such field in lvsd.v1.Preview':
    'a response has a preview field only after validate_only; a REST body must say by itself what it is',
};

const PAIRS: readonly (readonly [DescMessage, object])[] = [
  [ProjectSchema, Project],
  [ProjectSpecSchema, ProjectSpecInput],
  [ClusterSchema, Cluster],
  [ClusterSpecSchema, ClusterSpecInput],
  [VirtualServiceSchema, VirtualService],
  [VirtualServiceSpecSchema, VirtualServiceSpecInput],
  [RealServerSchema, RealServer],
  [RealServerSpecSchema, RealServerSpecInput],
  [RealServerAddressSchema, RealServerAddress],
  [RealServerSetupSchema, RealServerSetup],
  [PacketPathSchema, PacketPath],
  [DrainSchema, Drain],
  [DefinitionSchema, Definition],
  [DefinitionSchema, DefinitionInput],
  [DirectorSchema, Director],
  [ReconciliationSchema, Reconciliation],
  [KernelTableSchema, KernelTable],
  [DriftSchema, Drift],
  [AdoptionSchema, Adoption],
  [ConnectionSchema, Connection],
  [CounterResetSchema, CounterReset],
  [PreflightSchema, Preflight],
  [ImportSchema, Import],
  [ChangeSetSchema, ChangeSet],
  [TimeoutSettingsSchema, TimeoutSettings],
  [SyncDaemonSettingsSchema, SyncDaemonSettings],
  [DriftPolicySettingSchema, DriftPolicySetting],
  [TokenSchema, Token],
  [PreviewSchema, Preview],
  [AuditEventSchema, AuditEvent],
  [IntegritySchema, Integrity],
  [AuditArchivingSchema, AuditArchiving],
  [ResourceRevisionSchema, ResourceRevision],
  [PastResourceSchema, PastResource],
  [DefinitionDiffSchema, DefinitionDiff],
];

/** What clients write: every scalar of these can be absent, so that a missing field is told from zero. */
const WRITTEN = new Set(
  [
    ProjectSpecSchema,
    ClusterSpecSchema,
    VirtualServiceSpecSchema,
    RealServerSpecSchema,
    TimeoutsSchema,
    SyncDaemonsSchema,
    DriftPolicySchema,
  ].flatMap(reachable),
);

const timestamp = jsonSchema(Timestamp).description;

test('every operation has a method of its name, and every method an operation', () => {
  const methods = SERVICES.flatMap((service) => service.methods.map(({ localName }) => localName));
  assert.deepEqual(methods.toSorted(), Object.keys(OPERATIONS).toSorted());
});

test('every method has messages of its own, named after it', () => {
  for (const { name, input, output } of SERVICES.flatMap(({ methods }) => methods)) {
    assert.equal(input.name, `${name}Request`);
    assert.equal(output.name, `${name}Response`);
  }
});

test('every field of a message is a property of its schema and the other way round, alike in presence and type', () => {
  const differences = new Set(
    PAIRS.flatMap(([desc, schema]) => compareMessage(desc.name, desc, jsonSchema(schema))),
  );
  assert.deepEqual([...differences].toSorted(), Object.keys(EXCEPTIONS).toSorted());
});

test('every write can be previewed, explained and named, and can have a precondition unless it creates', () => {
  for (const { localName, input } of SERVICES.flatMap(({ methods }) => methods)) {
    const fields = input.fields.map(({ name }) => name);
    const has = (...names: string[]) => names.filter((name) => fields.includes(name));
    const verb = /^(create|replace|update|delete)/.exec(localName)?.[1];
    if (localName === 'createReconciliation' || localName === 'createCounterReset') {
      assert.deepEqual(has('validate_only', 'reason', 'request_id'), ['reason', 'request_id'], localName);
    } else if (verb) {
      assert.deepEqual(has('validate_only', 'reason', 'request_id').length, 3, localName);
      assert.deepEqual(
        has('etag', 'only_create', 'update_mask'),
        {
          create: [],
          // Settings are always there.
          replace: /Timeouts|SyncDaemons|DriftPolicy/.test(localName) ? ['etag'] : ['etag', 'only_create'],
          // an address has one field that can change: no mask is needed
          update: localName === 'updateRealServerAddress' ? ['etag'] : ['etag', 'update_mask'],
          // a drain is as its resource left it
          delete: localName === 'deleteDrain' ? [] : ['etag'],
        }[verb],
        localName,
      );
    } else {
      assert.deepEqual(has('validate_only', 'reason', 'etag'), [], localName);
    }
  }
});

test('every write that may take something out of the kernel can say whether it may drain', () => {
  const methods = SERVICES.flatMap((service) => service.methods);
  const draining = methods.filter(({ input }) => input.field.drain).map(({ localName }) => localName);
  const expected = methods
    .map(({ localName }) => localName)
    .filter((name) =>
      /^(replace|update|delete)(?!Timeouts|SyncDaemons|DriftPolicy|Drain|Token|Project)|^create(Import|ChangeSet)$|^deleteProject$/.test(
        name,
      ),
    );
  assert.deepEqual(draining, expected);
  const queries = documentedOperations.filter(({ operation }) =>
    operation.parameters?.some(({ name, in: place }) => name === 'drain' && place === 'query'),
  );
  assert.deepEqual(queries.map(({ operation }) => operation.operationId).toSorted(), expected.toSorted());
});

test('only what can have children can be deleted with them', () => {
  const cascading = SERVICES.flatMap(({ methods }) => methods).filter(({ input }) => input.field.cascade);
  assert.deepEqual(
    cascading.map(({ localName }) => localName),
    ['deleteCluster', 'deleteVirtualService', 'deleteProject'],
  );
});

test('connections are chosen by the same fields in both APIs, whether they are listed or streamed', () => {
  const methods = SERVICES.flatMap((service) => service.methods);
  for (const name of ['listConnections', 'streamConnections']) {
    const fields = methods.find(({ localName }) => localName === name)?.input.fields ?? [];
    const paging = ['director', 'pageSize', 'pageToken'];
    const filters = fields.map(({ jsonName }) => jsonName).filter((field) => !paging.includes(field));
    assert.deepEqual(filters, Object.keys(ConnectionFilter.properties), name);
    assert.ok(
      fields.every(
        ({ jsonName, presence }) => /Port|template/.test(jsonName) === (presence === Presence.EXPLICIT),
      ),
    );
  }
});

test('every list has the same paging fields', () => {
  for (const { localName, input, output } of SERVICES.flatMap(({ methods }) => methods)) {
    if (!localName.startsWith('list')) continue;
    assert(input.field.pageSize && input.field.pageToken, localName);
    assert.deepEqual(Object.keys(output.field).toSorted(), ['items', 'nextPageToken'], localName);
  }
});

function compareMessage(path: string, desc: DescMessage, schema: JsonSchema): string[] {
  const properties = schema.properties ?? {};
  const fields = new Map(desc.fields.map((field) => [field.jsonName, field]));
  const missing = Object.keys(properties).filter((name) => !fields.has(name));
  const superfluous = [...fields.keys()].filter((name) => !properties[name]);
  return [
    ...missing.map((name) => `${path}.${name}: no such field in ${desc.typeName}`),
    ...superfluous.map((name) => `${path}.${name}: no such property in the schema`),
    ...desc.fields.flatMap((field) => {
      const property = properties[field.jsonName];
      const required = schema.required?.includes(field.jsonName) ?? false;
      return property ? compareField(`${path}.${field.jsonName}`, field, property, required) : [];
    }),
  ];
}

function compareField(path: string, field: DescField, property: JsonSchema, required: boolean): string[] {
  const schema = withoutNull(property);
  const optional = !required || schema !== property;
  return [
    ...comparePresence(path, field, optional),
    ...compareType(path, field, schema, schema !== property),
  ];
}

/** Messages and enumerations (unspecified) can always be absent; lists and maps never, but through a message. */
function comparePresence(path: string, field: DescField, optional: boolean): string[] {
  if (field.fieldKind !== 'scalar') return [];
  const expected = optional || WRITTEN.has(field.parent) ? Presence.EXPLICIT : Presence.IMPLICIT;
  return field.presence === expected ? [] : [`${path}: ${Presence[expected]} presence expected`];
}

function compareType(path: string, field: DescField, schema: JsonSchema, nullable: boolean): string[] {
  const differs = (expected: string) => [`${path}: expected ${expected}, not ${describe(field)}`];
  if (schema.enum) {
    if (field.fieldKind === 'enum' || (field.fieldKind === 'list' && field.listKind === 'enum')) {
      const [ours, theirs] = [membersOf(field.enum), [...schema.enum].toSorted()];
      return ours.join() === theirs.join() ? [] : [`${path}: members ${ours} against ${theirs}`];
    }
    return differs('an enumeration');
  }
  switch (schema.type) {
    case 'array':
      if (nullable) {
        const isList = field.fieldKind === 'message' && specialOf(field.message) === 'list';
        return isList
          ? compareType(path, itemsOf(field.message), schema, false)
          : differs('a list that may be null');
      }
      return field.fieldKind === 'list' ? compareItems(path, field, schema.items ?? {}) : differs('a list');
    case 'object':
      return compareObject(path, field, schema);
    case 'string':
      return describe(field) === textType(schema) ? [] : differs(textType(schema));
    case 'integer':
      return ['UINT32', 'INT32', 'INT64'].includes(describe(field)) ? [] : differs('an integer');
    case 'number':
      return describe(field) === 'DOUBLE' ? [] : differs('DOUBLE');
    case 'boolean':
      return describe(field) === 'BOOL' ? [] : differs('BOOL');
    case undefined:
      return describe(field) === 'google.protobuf.Value' ? [] : differs('any value');
    default:
      return differs(`a schema that this test knows, not ${JSON.stringify(schema)}`);
  }
}

function compareObject(path: string, field: DescField, schema: JsonSchema): string[] {
  const [values] = Object.values(schema.patternProperties ?? {});
  if (!values) {
    return field.fieldKind === 'message' && specialOf(field.message) === undefined
      ? compareMessage(path, field.message, schema)
      : [`${path}: expected a message, not ${describe(field)}`];
  }
  const isFree = Object.keys(values).length === 0;
  if (isFree) return describe(field) === 'google.protobuf.Struct' ? [] : [`${path}: expected a Struct`];
  return field.fieldKind === 'map' ? compareItems(path, field, values) : [`${path}: expected a map`];
}

/** Items of a list, values of a map. */
function compareItems(
  path: string,
  field: DescField & { fieldKind: 'list' | 'map' },
  schema: JsonSchema,
): string[] {
  if (field.message) return compareMessage(`${path}[]`, field.message, schema);
  if (field.enum) return compareType(`${path}[]`, field, schema, false);
  return field.scalar === ScalarType.STRING && schema.type === 'string' ? [] : [`${path}[]: expected text`];
}

function textType({ description, pattern }: JsonSchema): string {
  if (description === timestamp) return 'google.protobuf.Timestamp';
  return pattern === '^[0-9]+$' ? 'UINT64' : 'STRING';
}

function describe(field: DescField): string {
  if (field.fieldKind === 'scalar') return ScalarType[field.scalar];
  return field.fieldKind === 'message' ? field.message.typeName : field.fieldKind;
}

function membersOf(desc: DescEnum): string[] {
  return desc.values.flatMap(({ number }) => memberName(desc, number) ?? []).toSorted();
}

function withoutNull(schema: JsonSchema): JsonSchema {
  const others = schema.anyOf?.filter(({ type }) => type !== 'null');
  return others?.[0] && others.length === 1 ? others[0] : schema;
}

function reachable(desc: DescMessage): DescMessage[] {
  return [desc, ...desc.fields.flatMap(({ message }) => (message ? reachable(message) : []))];
}
