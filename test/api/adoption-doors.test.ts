/** Adoption through both doors. */
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import type { Adoption, AdoptionPreview } from '../../src/domain/schema/adoption.js';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import { startGrpcSession } from '../support/grpc-session.js';
import { newDestination, newService } from '../support/operations.js';
import { createRestClient } from '../support/rest-client.js';
import { CLUSTERS } from '../support/shop.js';
import { clearTable } from '../support/tables.js';

const session = await startGrpcSession();
const rest = createRestClient(session.server);
const hand = session.server.kernel.open();
after(() => session.stop());

const ADOPTIONS = '/v1/directors/local/adoptions';
const METHOD = 'DirectorService/CreateAdoption';
const web = { protocol: 'tcp', address: '192.0.2.10', port: 80 } as const;
const SERVICE = 'tcp/192.0.2.10:80';
const SERVER = `${SERVICE}->10.0.0.1:8080`;
const LOCAL = `${SERVICE}->10.0.0.2:80`;
const PATH = 'projects/default/clusters/legacy/virtual-services/tcp-192-0-2-10-80';

beforeEach(async () => {
  await hand.apply([
    newService(web, { scheduler: 'sh', schedulerFlags: ['flag-2'] }),
    newDestination(web, { address: '10.0.0.1', port: 8080 }, { method: 'nat' }),
    newDestination(web, { address: '10.0.0.2', port: 80 }, { method: 'local' }),
  ]);
});
afterEach(async () => {
  await rest('DELETE', `${CLUSTERS}/legacy?cascade=true&drain=false`);
  await clearTable(hand);
});

const body = { cluster: 'legacy', labels: { team: 'web' }, select: { prefixes: ['192.0.2.0/24'] } };
const adopted = [
  { key: SERVICE, resource: PATH },
  { key: SERVER, resource: `${PATH}/real-servers/10-0-0-1-8080` },
];

test('over REST: a preview, the adoption, and nothing left to adopt', async () => {
  const shown = await rest<AdoptionPreview>('POST', `${ADOPTIONS}?validateOnly=true`, { body });
  assert.equal(shown.status, 200);
  const { adoption, definition, changes, operations } = shown.body;
  assert.deepEqual([adoption.adopted, changes.length, operations], [adopted, 3, []]);
  assert.deepEqual(
    adoption.leftOut.map(({ key, reason }) => [key, reason]),
    [[LOCAL, 'NOT_EXPRESSIBLE']],
  );
  assert.deepEqual(definition?.virtualServices['tcp-192-0-2-10-80']?.spec.schedulerFlags, ['sh-port']);
  assert.equal((await rest('GET', `${CLUSTERS}/legacy`)).status, 404);

  const headers = { 'x-audit-reason': 'ticket 12' };
  const done = await rest<Adoption>('POST', ADOPTIONS, { body, headers });
  assert.deepEqual(
    [done.status, done.headers.get('location')],
    [201, `/v1/projects/default/clusters/legacy`],
  );
  assert.deepEqual(done.body, adoption);
  const kept = await rest('GET', `${CLUSTERS}/legacy/definition`);
  assert.deepEqual(kept.body, definition);
  const { body: log } = await rest<{ items: AuditEvent[] }>(
    'GET',
    '/v1/audit-events?action=createAdoption&pageSize=1&resource=directors/local',
  );
  assert.deepEqual([log.items[0]?.reason, log.items[0]?.operations], ['ticket 12', []]);

  const again = await rest<Adoption>('POST', ADOPTIONS, { body });
  assert.deepEqual([again.status, again.body.adopted], [200, []]);
});

test('over gRPC: a preview, the adoption, and nothing left to adopt', async () => {
  const request: JsonObject = { director: 'local', ...body, description: 'by hand', reason: 'ticket 13' };
  const shown = await session.call(METHOD, { ...request, validateOnly: true });
  const adoption = shown.adoption as JsonObject;
  assert.deepEqual(adoption.adopted, adopted);
  assert.equal((shown.preview as { changes: unknown[] }).changes.length, 3);
  const { virtualServices, spec } = shown.definition as { virtualServices: JsonObject; spec: JsonObject };
  assert.deepEqual([Object.keys(virtualServices), spec.description], [['tcp-192-0-2-10-80'], 'by hand']);

  const done = await session.call(METHOD, request);
  assert.deepEqual([done.adoption, done.preview, done.definition], [adoption, undefined, undefined]);
  const again = await session.call(METHOD, request);
  assert.deepEqual((again.adoption as JsonObject).adopted ?? [], []);
  assert.deepEqual((await rest('GET', `${CLUSTERS}/legacy`)).status, 200);
});

test('what is wrong is told alike, with the field', async () => {
  const wrong = await rest('POST', ADOPTIONS, {
    body: { cluster: 'legacy', select: { prefixes: ['192.0.2.0/24', '192.0.2.1/24'] }, colour: 'red' },
  });
  assert.deepEqual([wrong.status, wrong.body.reason], [400, 'FIELD_UNKNOWN']);
  const prefixes = ['192.0.2.0/24', '192.0.2.1/24'];
  const prefix = await rest('POST', ADOPTIONS, { body: { cluster: 'legacy', select: { prefixes } } });
  assert.deepEqual(
    prefix.body.errors?.map(({ pointer, reason }) => [pointer, reason]),
    [['/select/prefixes/1', 'FIELD_INVALID']],
  );
  const refused = (request: JsonObject) =>
    session.refused(session.call(METHOD, { director: 'local', ...request }));
  assert.deepEqual((await refused({ cluster: 'legacy', select: { prefixes } })).violations, [
    ['select.prefixes[1]', 'FIELD_INVALID'],
  ]);
  assert.deepEqual((await refused({ select: { all: true } })).violations, [['cluster', 'FIELD_REQUIRED']]);
  assert.deepEqual((await refused({ cluster: 'legacy' })).violations, [['select', 'FIELD_REQUIRED']]);
  assert.deepEqual((await refused({ cluster: 'legacy', select: {} })).violations, [
    ['select', 'FIELD_INVALID'],
  ]);
  const token = await session.server.createToken('editor', 'default');
  assert.equal((await rest('POST', ADOPTIONS, { body, token })).status, 403);
});

test('without the kernel it is a 503, and nothing is stored', async () => {
  session.server.kernel.setAvailable(false);
  const { status, body: problem } = await rest('POST', ADOPTIONS, { body });
  session.server.kernel.setAvailable(true);
  assert.deepEqual([status, problem.reason], [503, 'KERNEL_UNAVAILABLE']);
  assert.equal((await rest('GET', `${CLUSTERS}/legacy`)).status, 404);
});
