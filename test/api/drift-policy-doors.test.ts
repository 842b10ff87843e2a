/** The drift policy through both doors of one server. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { DriftPolicySetting } from '../../src/domain/schema/drift-policy.js';
import type { Preview } from '../../src/domain/schema/preview.js';
import { type GrpcSession, startGrpcSession } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';

const session: GrpcSession = await startGrpcSession();
const rest = createRestClient(session.server);
after(() => session.stop());

const DRIFT_POLICY = '/v1/directors/local/drift-policy';
const PUT = 'DirectorService/ReplaceDriftPolicy';

test('what one door wrote is what both show, and can be sent back', async () => {
  const body = { spec: { mode: 'report', minChangeEntries: 0 } };
  const preview = await rest<Preview>('PUT', `${DRIFT_POLICY}?validateOnly=true`, { body });
  assert.deepEqual([preview.status, preview.body.changes.length, preview.body.operations], [200, 1, []]);
  const put = await rest<DriftPolicySetting>('PUT', DRIFT_POLICY, { body });
  assert.deepEqual([put.status, put.headers.get('etag')], [200, put.body.etag]);
  const shown = await session.call('DirectorService/GetDriftPolicy', { director: 'local' });
  assert.deepEqual((shown.driftPolicy as DriftPolicySetting).spec, {
    mode: 'MODE_REPORT',
    maxChangePercent: 30,
    minChangeEntries: 0,
  });
  const got = await rest<DriftPolicySetting>('GET', DRIFT_POLICY);
  assert.equal((await rest('PUT', DRIFT_POLICY, { body: got.body })).status, 200);
  const unchanged = { headers: { 'if-none-match': got.body.etag } };
  assert.equal((await rest('GET', DRIFT_POLICY, unchanged)).status, 304);

  await session.call(PUT, { director: 'local', spec: { maxChangePercent: 50 }, reason: 'back to normal' });
  const { spec, status } = (await rest<DriftPolicySetting>('GET', DRIFT_POLICY)).body;
  assert.deepEqual(spec, { mode: 'enforce', maxChangePercent: 50, minChangeEntries: 10 });
  assert.deepEqual(status, { held: false, detail: null });
});

test('both doors refuse alike', async () => {
  const zero = await rest('PUT', DRIFT_POLICY, { body: { spec: { maxChangePercent: 0 } } });
  assert.deepEqual([zero.status, zero.body.reason], [400, 'FIELD_INVALID']);
  const refusal = await session.refused(
    session.call(PUT, { director: 'local', spec: { maxChangePercent: 0 } }),
  );
  assert.deepEqual(refusal.violations, [['spec.max_change_percent', 'FIELD_INVALID']]);
  const nothing = await session.refused(session.call(PUT, { director: 'local' }));
  assert.deepEqual(nothing.violations, [['spec', 'FIELD_REQUIRED']]);
  const stale = await rest('PUT', DRIFT_POLICY, { body: { spec: {} }, headers: { 'if-match': '"0"' } });
  assert.deepEqual([stale.status, stale.body.reason], [412, 'ETAG_MISMATCH']);
  const elsewhere = await rest('GET', '/v1/directors/remote/drift-policy');
  assert.deepEqual([elsewhere.status, elsewhere.body.reason], [404, 'DIRECTOR_NOT_FOUND']);
});
