import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type DescMessage, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { fromMessage } from '../../src/api-grpc/convert/from-message.js';
import { toMessage } from '../../src/api-grpc/convert/to-message.js';
import { AuditEventSchema, IntegritySchema } from '../../src/api-grpc/gen/lvsd/v1/audit_pb.js';
import { ListAuditEventsRequestSchema } from '../../src/api-grpc/gen/lvsd/v1/audit_service_pb.js';
import { ClusterSchema } from '../../src/api-grpc/gen/lvsd/v1/cluster_pb.js';
import { PreviewSchema } from '../../src/api-grpc/gen/lvsd/v1/common_pb.js';
import { DefinitionSchema } from '../../src/api-grpc/gen/lvsd/v1/definition_pb.js';
import {
  DirectorSchema,
  DriftSchema,
  KernelTableSchema,
} from '../../src/api-grpc/gen/lvsd/v1/director_pb.js';
import { DrainSchema } from '../../src/api-grpc/gen/lvsd/v1/drain_pb.js';
import { ForwardingSchema } from '../../src/api-grpc/gen/lvsd/v1/forwarding_pb.js';
import {
  DefinitionDiffSchema,
  PastResourceSchema,
  ResourceRevisionSchema,
} from '../../src/api-grpc/gen/lvsd/v1/history_pb.js';
import { RealServerAddressSchema } from '../../src/api-grpc/gen/lvsd/v1/real_server_address_pb.js';
import { RealServerSchema, RealServerSpecSchema } from '../../src/api-grpc/gen/lvsd/v1/real_server_pb.js';
import {
  VirtualServiceSchema,
  VirtualServiceSpecSchema,
} from '../../src/api-grpc/gen/lvsd/v1/virtual_service_pb.js';
import type { Violation } from '../../src/domain/errors.js';
import { AuditEvent, Integrity } from '../../src/domain/schema/audit-event.js';
import { Definition } from '../../src/domain/schema/definition.js';
import { Director, Drift, KernelTable } from '../../src/domain/schema/director.js';
import { Drain } from '../../src/domain/schema/drain.js';
import { DefinitionDiff, PastResource, ResourceRevision } from '../../src/domain/schema/history.js';
import { Preview } from '../../src/domain/schema/preview.js';
import { RealServerAddress } from '../../src/domain/schema/real-server-address.js';
import { Cluster, RealServer, VirtualService } from '../../src/domain/schema/resource.js';
import { schemaArbitrary } from '../support/schema-arbitrary.js';

const KINDS: readonly (readonly [DescMessage, object])[] = [
  [ClusterSchema, Cluster],
  [VirtualServiceSchema, VirtualService],
  [RealServerSchema, RealServer],
  [RealServerAddressSchema, RealServerAddress],
  [DrainSchema, Drain],
  [DefinitionSchema, Definition],
  [DirectorSchema, Director],
  [KernelTableSchema, KernelTable],
  [DriftSchema, Drift],
  [AuditEventSchema, AuditEvent],
  [IntegritySchema, Integrity],
  [ResourceRevisionSchema, ResourceRevision],
  [PastResourceSchema, PastResource],
  [DefinitionDiffSchema, DefinitionDiff],
];

for (const [desc, schema] of KINDS) {
  test(`every ${desc.name} comes back from the wire as it was, but for nulls and empty lists and maps`, () => {
    fc.assert(
      fc.property(schemaArbitrary(schema), (json) => {
        assert.deepEqual(pruned(overTheWire(desc, json as object)), pruned(json));
      }),
      { numRuns: 200 },
    );
  });
}

test('every Preview comes back from the wire, but for validateOnly, which it says by being there', () => {
  fc.assert(
    fc.property(schemaArbitrary(Preview), (json) => {
      const back = { validateOnly: true, ...overTheWire(PreviewSchema, json as object) };
      assert.deepEqual(pruned(back), pruned(json));
    }),
    { numRuns: 200 },
  );
});

test('nulls inside free-form objects survive', () => {
  const after = { spec: { persistence: null, flags: [], nested: { n: 1.5 } } };
  const back = overTheWire(PreviewSchema, {
    changes: [{ type: 'update', resource: 'r', before: null, after }],
    operations: [],
  });
  assert.deepEqual(back, { changes: [{ type: 'update', resource: 'r', after }] });
});

test('a zero that was set is not an absent field', () => {
  assert.deepEqual(overTheWire(RealServerSpecSchema, { weight: 0, port: 0 }), { weight: 0, port: 0 });
  assert.deepEqual(overTheWire(VirtualServiceSpecSchema, { onePacket: false }), { onePacket: false });
  assert.deepEqual(overTheWire(RealServerSpecSchema, {}), {});
});

test('an empty message that was set is not an absent field', () => {
  assert.deepEqual(overTheWire(VirtualServiceSpecSchema, { persistence: {} }), { persistence: {} });
});

test('a list that may be null keeps the difference between empty and null', () => {
  const capabilities = { ipv6: true, sctp: true, fullnat: false, vipBinding: false, tunnelTypes: [] };
  const known = { capabilities: { ...capabilities, schedulers: [], persistenceEngines: null } };
  const back = overTheWire(DirectorSchema, known) as { capabilities: object };
  assert.deepEqual(back.capabilities, {
    ...{ ipv6: true, sctp: true, fullnat: false, vipBinding: false },
    schedulers: [],
  });
});

test('a member that the message cannot hold is a defect, not a hole', () => {
  assert.throws(() => toMessage(ForwardingSchema, { method: 'teleport' }), /no member for teleport/);
});

test('unknown enumeration numbers are faults with a pointer, in fields and in lists', () => {
  const message = create(VirtualServiceSpecSchema, { scheduler: 99 as 1, schedulerFlags: [1, 77 as 1, 0] });
  const bytes = toBinary(VirtualServiceSpecSchema, message);
  const faults: Violation[] = [];
  fromMessage(VirtualServiceSpecSchema, fromBinary(VirtualServiceSpecSchema, bytes), faults, '/spec');
  assert.deepEqual(
    faults.map(({ pointer, reason }) => [pointer, reason]),
    [
      ['/spec/scheduler', 'FIELD_INVALID'],
      ['/spec/schedulerFlags/1', 'FIELD_INVALID'],
      ['/spec/schedulerFlags/2', 'FIELD_INVALID'],
    ],
  );
  assert.match(faults[0]?.detail ?? '', /no member 99.*SCHEDULER_RR, SCHEDULER_WRR/);
});

test('unknown fields are faults, however deep', () => {
  // field 1 (address) and field 30, which RealServerSpec does not have
  const bytes = Uint8Array.from([0x0a, 0x01, 0x61, 0xf0, 0x01, 0x05]);
  const faults: Violation[] = [];
  const json = fromMessage(RealServerSpecSchema, fromBinary(RealServerSpecSchema, bytes), faults, '/spec');
  assert.deepEqual(json, { address: 'a' });
  assert.equal(faults.length, 1);
  assert.equal(faults[0]?.reason, 'FIELD_UNKNOWN');
  assert.match(faults[0]?.detail ?? '', /Field number 30 is not known in RealServerSpec.*address \(1\)/);
});

test('unknown fields are faults in well-known messages too', () => {
  // field 8 (since) with field 3, which Timestamp does not have
  const bytes = Uint8Array.from([0x42, 0x02, 0x18, 0x01]);
  const faults: Violation[] = [];
  fromMessage(ListAuditEventsRequestSchema, fromBinary(ListAuditEventsRequestSchema, bytes), faults);
  assert.deepEqual(
    faults.map(({ pointer, reason }) => [pointer, reason]),
    [['/since/3', 'FIELD_UNKNOWN']],
  );
});

test('a timestamp that no date can hold is a fault', () => {
  const message = create(ListAuditEventsRequestSchema, { since: { seconds: 10n ** 15n, nanos: 0 } });
  const faults: Violation[] = [];
  const json = fromMessage(ListAuditEventsRequestSchema, message, faults);
  assert.equal('since' in json, false);
  assert.deepEqual(
    faults.map(({ pointer }) => pointer),
    ['/since'],
  );
});

function overTheWire(desc: DescMessage, json: object): object {
  const faults: Violation[] = [];
  const back = fromMessage(desc, fromBinary(desc, toBinary(desc, toMessage(desc, json))), faults);
  assert.deepEqual(faults, []);
  return back;
}

/** Without what proto has no way to say: null, and lists and maps that are empty. */
function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruned);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, pruned(member)] as const);
  return Object.fromEntries(members.filter(([, member]) => !isNothing(member)));
}

function isNothing(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
