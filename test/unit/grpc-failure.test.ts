import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { failureOf } from '../../src/api-grpc/failure.js';
import { BadRequestSchema, ErrorInfoSchema } from '../../src/api-grpc/gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../src/api-grpc/gen/google/rpc/status_pb.js';
import { CreateRealServerRequestSchema } from '../../src/api-grpc/gen/lvsd/v1/real_server_service_pb.js';
import { STATUS_BY_CODE } from '../../src/api-grpc/status.js';
import { DomainError, REASONS, type Reason, violationError } from '../../src/domain/errors.js';

/** Of the trailers together: what gRPC's C core, and with it most languages, takes at least. */
const TRAILER_LIMIT = 8192;

test('every reason has the gRPC status of its own code', () => {
  for (const reason of Object.keys(REASONS) as Reason[]) {
    const failure = failureOf(new DomainError(reason, 'text'), CreateRealServerRequestSchema, 'id');
    assert.equal(status[failure.code], REASONS[reason].code);
  }
  assert.equal(new Set(Object.values(STATUS_BY_CODE)).size, Object.keys(STATUS_BY_CODE).length);
});

test('violations are told in the words of the proto file, with reason and description', () => {
  const violation = {
    reason: 'FIELD_INVALID',
    pointer: '/spec/upperThreshold',
    detail: 'Too large: lower it.',
  } as const;
  const { badRequest, errorInfo } = detailsOf(violationError([violation]));
  assert.deepEqual(
    badRequest?.fieldViolations.map(({ field, reason, description }) => [field, reason, description]),
    [['spec.upper_threshold', 'FIELD_INVALID', 'Too large: lower it.']],
  );
  assert.deepEqual(
    [errorInfo?.domain, errorInfo?.reason, errorInfo?.metadata],
    ['lvsd', 'FIELD_INVALID', {}],
  );
});

test('however much an error has to say, its trailers fit into what clients take', () => {
  const long = 'x'.repeat(100_000);
  const violations = Array.from({ length: 500 }, (_, index) => ({
    reason: 'FIELD_INVALID' as const,
    pointer: `/labels/label-${index}`,
    detail: `Label ${index} is wrong: ${'why '.repeat(20)}`,
  }));
  const error = new DomainError('VALIDATION_FAILED', long, { violations, metadata: { term: long } });
  const { bytes, badRequest, errorInfo } = detailsOf(error);
  assert(bytes < TRAILER_LIMIT, `${bytes} bytes`);
  const told = badRequest?.fieldViolations.length ?? 0;
  assert(told > 10);
  assert.equal(errorInfo?.metadata.violationsLeftOut, String(500 - told));
});

test('text that cannot be sent as it is does not break the answer', () => {
  const { failure } = detailsOf(new DomainError('INTERNAL', `half ${'😀'.repeat(600)} \ud800`));
  assert.doesNotThrow(() => encodeURI(failure.details));
});

function detailsOf(error: DomainError) {
  const failure = failureOf(error, CreateRealServerRequestSchema, 'id');
  const [packed] = failure.metadata.get('grpc-status-details-bin');
  assert(packed instanceof Buffer);
  const { details, message, code } = fromBinary(StatusSchema, packed);
  assert.deepEqual([message, code], [failure.details, failure.code]);
  const unpacked = <D extends typeof BadRequestSchema | typeof ErrorInfoSchema>(desc: D) =>
    details.map((any) => anyUnpack(any, desc)).find((one) => one !== undefined);
  return {
    failure,
    // as sent: base64, and the message percent-encoded
    bytes: Math.ceil((packed.length * 4) / 3) + encodeURI(failure.details).length,
    badRequest: unpacked(BadRequestSchema),
    errorInfo: unpacked(ErrorInfoSchema),
  };
}
