import assert from 'node:assert/strict';
import { STATUS_CODES } from 'node:http';
import { test } from 'node:test';
import { problemOf, problemType, reasonOfSlug, statusOf } from '../../src/api-rest/problem.js';
import { DomainError, REASONS, type Reason, violationError } from '../../src/domain/errors.js';

const reasons = Object.keys(REASONS) as Reason[];

test('every reason has an HTTP error status and a path of its own that leads back to it', () => {
  for (const reason of reasons) {
    const status = statusOf(reason);
    assert.ok(status >= 400 && status in STATUS_CODES, reason);
    assert.match(problemType(reason), /^\/problems\/[a-z]+(-[a-z]+)*$/);
    assert.equal(reasonOfSlug(problemType(reason).slice('/problems/'.length)), reason);
  }
  assert.equal(reasonOfSlug('ETAG_MISMATCH'), undefined);
});

const statuses: readonly [Reason, number][] = [
  ['FIELD_INVALID', 400],
  ['UNAUTHENTICATED', 401],
  ['PERMISSION_DENIED', 403],
  ['HOST_REFUSED', 403],
  ['CLUSTER_NOT_FOUND', 404],
  ['METHOD_NOT_ALLOWED', 405],
  ['NOT_ACCEPTABLE', 406],
  ['NAME_TAKEN', 409],
  ['HAS_CHILDREN', 409],
  ['ETAG_MISMATCH', 412],
  ['BODY_TOO_LARGE', 413],
  ['UNSUPPORTED_MEDIA_TYPE', 415],
  ['KERNEL_REFUSED', 422],
  ['CAPABILITY_MISSING', 422],
  ['HEADERS_TOO_LARGE', 431],
  ['INTERNAL', 500],
  ['STORE_UNAVAILABLE', 503],
];

for (const [reason, status] of statuses) {
  test(`${reason} is ${status}`, () => assert.equal(statusOf(reason), status));
}

test('a problem names every field at fault and leaves out what there is nothing of', () => {
  const where = { instance: '/v1/x', requestId: 'r-1' };
  const violations = [
    { reason: 'FIELD_INVALID', pointer: '/spec/port', detail: 'spec.port must be <= 65535.' },
    { reason: 'FIELD_REQUIRED', pointer: '/name', detail: 'name is required: add it.' },
  ] as const;
  const problem = problemOf(violationError(violations), where);
  assert.equal(problem.reason, 'VALIDATION_FAILED');
  assert.deepEqual(problem.errors, violations);
  assert.equal('metadata' in problem, false);

  const plain = problemOf(new DomainError('NAME_TAKEN', 'Taken.', { metadata: { etag: '"3"' } }), where);
  assert.deepEqual(plain, {
    type: '/problems/name-taken',
    title: 'The name is taken',
    status: 409,
    detail: 'Taken.',
    instance: '/v1/x',
    reason: 'NAME_TAKEN',
    metadata: { etag: '"3"' },
    requestId: 'r-1',
  });
});
