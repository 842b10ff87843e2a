import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorise } from '../../src/control/access/authorise.js';
import { type Grant, grantText, roleIn, visibleProjects } from '../../src/control/access/grants.js';
import type { Call } from '../../src/control/control.js';
import type { Reason } from '../../src/domain/errors.js';

const viewer: Grant = { role: 'viewer', project: null };
const shopEditor: Grant = { role: 'editor', project: 'shop' };
const shopOperator: Grant = { role: 'operator', project: 'shop' };
const blogAdmin: Grant = { role: 'admin', project: 'blog' };

function callWith(...grants: Grant[]): Call {
  return {
    principal: { name: 'anna', credentialId: 'tokens/anna', grants },
    transport: 'rest',
    requestId: 'request-1',
    sourceAddress: null,
    reason: null,
  };
}

const refusesWith = (reason: Reason, why: RegExp) => (error: { reason: Reason; why: string }) => {
  assert.equal(error.reason, reason);
  assert.match(error.why, why);
  return true;
};

test('the highest of all grants counts, those of the whole server in every project', () => {
  assert.equal(roleIn([shopOperator, shopEditor, viewer], 'shop'), 'editor');
  assert.equal(roleIn([shopEditor, viewer], 'blog'), 'viewer');
  assert.equal(roleIn([shopEditor, viewer], null), 'viewer');
  assert.equal(roleIn([shopEditor, blogAdmin], null), undefined);
  assert.equal(roleIn([], 'shop'), undefined);
});

test('a call is allowed by any of the grants that are about its project', () => {
  authorise(callWith(viewer, shopEditor), 'createCluster', { project: 'shop' });
  authorise(callWith(viewer, shopEditor), 'getCluster', { project: 'blog' });
  authorise(callWith(shopEditor, viewer), 'getTable');
  assert.throws(
    () => authorise(callWith(viewer, shopEditor), 'createCluster', { project: 'blog' }),
    refusesWith('PERMISSION_DENIED', /needs the role editor, and anna is viewer/),
  );
});

test('a project without a grant does not exist, and the whole server is nobody’s who has only projects', () => {
  const tenant = callWith(shopEditor, blogAdmin);
  assert.throws(
    () => authorise(tenant, 'getCluster', { project: 'bank' }),
    refusesWith('PROJECT_NOT_FOUND', /no role/),
  );
  assert.throws(
    () => authorise(tenant, 'getTable'),
    refusesWith(
      'PERMISSION_DENIED',
      /whole server, and anna is editor of project shop, admin of project blog/,
    ),
  );
  authorise(tenant, 'listAuditEvents', { project: 'shop' });
  assert.throws(
    () => authorise(tenant, 'listAuditEvents', { project: 'bank' }),
    refusesWith('PROJECT_NOT_FOUND', /no role/),
  );
  assert.throws(
    () => authorise(callWith(), 'listAuditEvents'),
    refusesWith('PERMISSION_DENIED', /whole server, and anna is nobody here/),
  );
});

test('the visible projects are those of the grants, or all', () => {
  assert.deepEqual(visibleProjects(callWith(shopEditor, shopOperator, blogAdmin)), new Set(['shop', 'blog']));
  assert.equal(visibleProjects(callWith(shopEditor, viewer)), 'all');
  assert.deepEqual(visibleProjects(callWith()), new Set());
});

test('an audit event names the project of a role that is bound to one', () => {
  assert.deepEqual([viewer, shopEditor].map(grantText), ['viewer', 'editor@shop']);
});
