import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AuditEvent, Integrity } from '../../src/domain/schema/audit-event.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { HTTP, putShop, SHOP, WEB_1 } from '../support/shop.js';

interface Events {
  readonly items: AuditEvent[];
  readonly nextPageToken: string;
}

/** fetch sends a header as Latin-1, curl and most programs as UTF-8. */
function utf8Header(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function weightIn(snapshot: AuditEvent['before'] | undefined): number | undefined {
  return (snapshot?.spec as { weight?: number } | undefined)?.weight;
}

const server = await startTestServer();
const rest = createRestClient(server);
before(() => putShop(rest));
after(() => server.stop());

test('an audit event says who, what, when, why and what the kernel answered', async () => {
  const token = await server.createToken('operator');
  const started = Date.now();
  await rest('PATCH', WEB_1, {
    token,
    body: { spec: { weight: 9 } },
    headers: { 'x-request-id': 'why-1', 'x-audit-reason': utf8Header('Ticket 4711: größere Maschine') },
  });
  const { body } = await rest<Events>('GET', '/v1/audit-events?requestId=why-1');
  const [apply, change] = body.items;
  assert.equal(body.items.length, 2);
  assert.equal(change?.kind, 'change');
  assert.match(change?.actor.principal ?? '', /^test-/);
  assert.deepEqual(change?.actor.roles, ['operator']);
  assert.deepEqual([change?.transport, change?.sourceAddress], ['rest', '127.0.0.1']);
  assert.deepEqual([change?.action, `/v1/${change?.resource}`], ['updateRealServer', WEB_1]);
  assert.equal(change?.reason, 'Ticket 4711: größere Maschine');
  assert.ok(Math.abs(Date.parse(change?.time ?? '') - started) < 5000);
  assert.deepEqual([weightIn(change?.before), weightIn(change?.after)], [3, 9]);
  assert.equal(apply?.kind, 'apply');
  assert.deepEqual(
    apply?.operations.map(({ command, errno }) => [command, errno]),
    [['SET_DEST', null]],
  );

  const one = await rest<AuditEvent>('GET', `/v1/audit-events/${change?.id}`);
  assert.deepEqual(one.body, change);
});

test('audit events are filtered by resource, kind, action, actor and time', async () => {
  const select = async (query: string) => (await rest<Events>('GET', `/v1/audit-events?${query}`)).body.items;
  const below = await select(`resource=${HTTP.slice('/v1/'.length)}`);
  assert.ok(below.length > 0);
  assert.ok(below.every(({ resource }) => `/v1/${resource}`.startsWith(HTTP)));
  const changes = await select('kind=change&action=replaceDefinition');
  assert.ok(changes.length >= 3);
  assert.ok(changes.every(({ kind, action }) => kind === 'change' && action === 'replaceDefinition'));
  assert.deepEqual(await select('actor=nobody'), []);
  assert.deepEqual(await select('since=2999-01-01T00:00:00Z'), []);
  assert.deepEqual(await select('until=2000-01-01T00:00:00%2B02:00'), []);
  for (const query of ['since=yesterday', 'kind=gossip', 'actr=x']) {
    assert.equal((await rest('GET', `/v1/audit-events?${query}`)).status, 400, query);
  }
});

test('audit events come newest first, in pages without holes', async () => {
  const ids: number[] = [];
  let pageToken = '';
  do {
    const { body } = await rest<Events>(
      'GET',
      `/v1/audit-events?pageSize=2${pageToken && `&pageToken=${pageToken}`}`,
    );
    ids.push(...body.items.map(({ id }) => id));
    pageToken = body.nextPageToken;
  } while (pageToken !== '');
  assert.deepEqual(
    ids,
    Array.from(ids, (_, index) => ids.length - index),
  );
});

test('calls that are turned away are events, without their credentials', async () => {
  await rest('GET', SHOP, { token: 'lvsd_secret', headers: { 'x-request-id': 'turned-away' } });
  const { body } = await rest<Events>('GET', '/v1/audit-events?requestId=turned-away');
  assert.deepEqual(
    body.items.map(({ kind, action }) => [kind, action]),
    [['auth', 'getCluster']],
  );
  assert.equal(JSON.stringify(body).includes('lvsd_secret'), false);
});

test('an event that does not exist, or is none, is refused', async () => {
  const missing = await rest('GET', '/v1/audit-events/999999');
  assert.deepEqual([missing.status, missing.body.reason], [404, 'AUDIT_EVENT_NOT_FOUND']);
  assert.equal((await rest('GET', '/v1/audit-events/first')).body.errors?.[0]?.pointer, '/path/event');
});

test('the chain of events is intact', async () => {
  const { body } = await rest<Integrity>('GET', '/v1/audit-events/integrity');
  assert.deepEqual([body.intact, body.brokenAt], [true, null]);
  assert.equal(body.events, body.lastId);
});
