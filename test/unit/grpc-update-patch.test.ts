import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { FieldMaskSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { fieldPath } from '../../src/api-grpc/convert/field-path.js';
import { fromMessage } from '../../src/api-grpc/convert/from-message.js';
import { updatePatch } from '../../src/api-grpc/convert/update-patch.js';
import { ReplaceDefinitionRequestSchema } from '../../src/api-grpc/gen/lvsd/v1/definition_service_pb.js';
import { ForwardingMethod } from '../../src/api-grpc/gen/lvsd/v1/forwarding_pb.js';
import { Scheduler, SchedulerFlag } from '../../src/api-grpc/gen/lvsd/v1/virtual_service_pb.js';
import { UpdateVirtualServiceRequestSchema } from '../../src/api-grpc/gen/lvsd/v1/virtual_service_service_pb.js';
import { DomainError } from '../../src/domain/errors.js';

type Update = MessageInitShape<typeof UpdateVirtualServiceRequestSchema>;

test('without a mask the patch has the labels and spec fields that are set, and nothing else', () => {
  const request: Update = {
    project: 'default',
    name: 'http',
    etag: '"1"',
    labels: { team: 'web' },
    spec: { scheduler: Scheduler.SH, onePacket: false, persistence: { timeoutSeconds: 0 } },
  };
  assert.deepEqual(patchOf(request), {
    labels: { team: 'web' },
    spec: { scheduler: 'sh', onePacket: false, persistence: { timeoutSeconds: 0 } },
  });
  assert.deepEqual(patchOf({ project: 'default' }), {});
});

test('with a mask the patch has exactly the fields of its paths', () => {
  const request: Update = {
    labels: { team: 'web', tier: 'front' },
    spec: { scheduler: Scheduler.RR, onePacket: true, persistence: { timeoutSeconds: 60, prefixLength: 24 } },
  };
  assert.deepEqual(patchOf(request, 'spec.persistence.timeout_seconds', 'labels.tier'), {
    labels: { tier: 'front' },
    spec: { persistence: { timeoutSeconds: 60 } },
  });
  assert.deepEqual(patchOf(request, 'spec.one_packet', 'spec.persistence'), {
    spec: { onePacket: true, persistence: { timeoutSeconds: 60, prefixLength: 24 } },
  });
});

test('a masked path whose field is not set removes the field', () => {
  assert.deepEqual(patchOf({}, 'spec.persistence', 'labels.team', 'spec.forwarding.tunnel.port'), {
    labels: { team: null },
    spec: { forwarding: { tunnel: { port: null } }, persistence: null },
  });
  assert.deepEqual(patchOf({}, 'labels'), { labels: null });
});

test('a masked list that is empty replaces the one there is', () => {
  assert.deepEqual(patchOf({ spec: {} }, 'spec.scheduler_flags'), { spec: { schedulerFlags: [] } });
});

test('all after labels. is the key of a label, dots included', () => {
  const request: Update = { labels: { 'app.kubernetes.io/name': 'shop' } };
  assert.deepEqual(patchOf(request, 'labels.app.kubernetes.io/name', 'labels.a.b'), {
    labels: { 'app.kubernetes.io/name': 'shop', 'a.b': null },
  });
});

test('a mask path that cannot be changed is refused, all of them at once', () => {
  assert.throws(
    () => patchOf({}, 'spec.schedular', 'name', '*', 'spec.scheduler.x', 'spec.scheduler', '', 'spec.'),
    (error) => {
      assert(error instanceof DomainError);
      assert.deepEqual(
        error.violations.map(({ detail }) => /has "([^"]*)"/.exec(detail)?.[1]),
        ['', '*', 'name', 'spec.', 'spec.schedular', 'spec.scheduler.x'],
      );
      assert.match(error.message, /one_packet/);
      return true;
    },
  );
});

test('a mask of every field that is set says the same as no mask', () => {
  const request: Update = {
    labels: { a: '1', 'b.c/d': '2' },
    spec: {
      address: '192.0.2.1',
      port: 0,
      schedulerFlags: [SchedulerFlag.SH_PORT],
      forwarding: { method: ForwardingMethod.FULLNAT, snat: { addresses: ['192.0.2.9'] } },
    },
  };
  const paths = [
    'labels.a',
    'labels.b.c/d',
    'spec.address',
    'spec.port',
    'spec.scheduler_flags',
    'spec.forwarding.method',
    'spec.forwarding.snat.addresses',
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(paths, { minLength: paths.length }), (mask) => {
      assert.deepEqual(patchOf(request, ...mask), patchOf(request));
    }),
  );
  assert.deepEqual(patchOf(request, 'spec.port', 'spec', 'labels'), patchOf(request));
});

test('fields at fault are named as the proto file names them', () => {
  const path = (pointer: string) => fieldPath(UpdateVirtualServiceRequestSchema, pointer);
  assert.equal(path(''), '');
  assert.equal(path('/spec/persistence/timeoutSeconds'), 'spec.persistence.timeout_seconds');
  assert.equal(path('/spec/schedulerFlags/1'), 'spec.scheduler_flags[1]');
  assert.equal(path('/labels/a~1b'), 'labels["a/b"]');
  assert.equal(path('/updateMask'), 'update_mask');
  assert.equal(path('/spec/nonsense/deep'), 'spec.nonsense.deep');
  assert.equal(path('/metadata/x-request-id'), 'metadata.x-request-id');
  assert.equal(
    fieldPath(
      ReplaceDefinitionRequestSchema,
      '/definition/virtualServices/http/realServers/web-1/spec/upperThreshold',
    ),
    'definition.virtual_services["http"].real_servers["web-1"].spec.upper_threshold',
  );
});

function patchOf(init: Update, ...paths: string[]) {
  const message = create(UpdateVirtualServiceRequestSchema, {
    ...init,
    updateMask: create(FieldMaskSchema, { paths }),
  });
  const json = fromMessage(UpdateVirtualServiceRequestSchema, message, []);
  return updatePatch(UpdateVirtualServiceRequestSchema, json, message.updateMask);
}
