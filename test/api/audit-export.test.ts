/** The audit log for auditors: the whole of it as lines that prove themselves, and questions that no index answers. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import canonicalize from 'canonicalize';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { putShop, SHOP, WEB_1 } from '../support/shop.js';

const EXPORT = '/v1/audit-events/export';
const MANY = 20_000;
const server = await startTestServer();
const rest = createRestClient(server);
after(() => server.stop());
before(async () => {
  await putShop(rest);
  const actor = { principal: 'bulk', credentialId: null, roles: [] };
  const context = {
    actor,
    transport: 'system',
    sourceAddress: null,
    requestId: 'bulk',
    reason: null,
  } as const;
  await server.running.store.write({ ...context, action: 'fill' }, (tx) => {
    for (let n = 0; n < MANY; n += 1) tx.record({ kind: 'apply', resource: 'directors/local' });
  });
  await rest('PATCH', WEB_1, {
    body: { spec: { weight: 7 } },
    headers: { 'x-audit-reason': 'Ticket 12' },
  });
  await rest('GET', SHOP, { token: 'lvsd_wrong' });
});

async function lines(query = '', token = server.adminToken): Promise<AuditEvent[]> {
  const { status, body } = await rest<string>('GET', `${EXPORT}${query}`, { token });
  assert.equal(status, 200);
  assert.ok(body === '' || body.endsWith('\n'));
  return body
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as AuditEvent);
}

test('an export is the whole chain, oldest first, and each line proves itself', async () => {
  const events = await lines();
  assert.equal(
    events.length,
    server.running.store.read((reader) => reader.revision()),
  );
  assert.ok(events.length > MANY);
  let previous = '0'.repeat(64);
  for (const [index, { hash, ...content }] of events.entries()) {
    assert.equal(content.id, index + 1);
    assert.equal(content.previousHash, previous);
    assert.equal(
      createHash('sha256')
        .update(canonicalize(content) ?? '')
        .digest('hex'),
      hash,
    );
    previous = hash;
  }
});

test('an export over gRPC has the same events', async (t) => {
  const client = await connectByReflection(server.grpcAddress, { token: server.adminToken });
  t.after(() => client.close());
  const method = 'lvsd.v1.AuditService/ExportAuditEvents';
  const found: string[] = [];
  const stream = client.stream(method, { resource: 'projects/default', outcome: 'AUDIT_OUTCOME_DONE' });
  for await (const bytes of stream as AsyncIterable<Buffer>) {
    found.push((client.decode(method, bytes).event as { hash: string }).hash);
  }
  const expected = await lines('?resource=projects/default&outcome=done');
  assert.ok(expected.length > 3);
  assert.deepEqual(
    found,
    expected.map(({ hash }) => hash),
  );
});

test('who touched this real server is one call', async () => {
  const path = WEB_1.slice('/v1/'.length);
  const since = new Date(Date.now() - 30 * 24 * 3600 * 1000).toISOString();
  const { body } = await rest<{ items: AuditEvent[] }>(
    'GET',
    `/v1/audit-events?resource=${path}&since=${since}&kind=change`,
  );
  assert.deepEqual(
    body.items.map(({ action, reason }) => [action, reason]),
    [
      ['updateRealServer', 'Ticket 12'],
      ['replaceDefinition', null],
    ],
  );
});

test('what no index knows is found at the far end of the log, a page at a time', async () => {
  const select = async (query: string) => {
    const found: AuditEvent[] = [];
    let pageToken = '';
    do {
      const page = await rest<{ items: AuditEvent[]; nextPageToken: string }>(
        'GET',
        `/v1/audit-events?pageSize=2&${query}${pageToken && `&pageToken=${pageToken}`}`,
      );
      found.push(...page.body.items);
      pageToken = page.body.nextPageToken;
    } while (pageToken !== '');
    return found;
  };
  const created = await select('action=createProject');
  assert.deepEqual(
    created.map(({ id }) => id),
    [1],
  );
  for (const [query, isMeant] of [
    ['outcome=denied', ({ kind }: AuditEvent) => kind === 'auth'],
    ['transport=rest', ({ transport }: AuditEvent) => transport === 'rest'],
    ['sourceAddress=127.0.0.1', ({ sourceAddress }: AuditEvent) => sourceAddress === '127.0.0.1'],
    ['project=default&actor=test-1', ({ resource }: AuditEvent) => resource.startsWith('projects/default')],
    ['outcome=done&kind=auth', () => false],
  ] as const) {
    const expected = (await lines())
      .filter(isMeant)
      .filter((event) => !query.includes('actor') || event.actor.principal === 'test-1');
    assert.deepEqual(
      (await select(query)).map(({ id }) => id),
      expected.map(({ id }) => id).reverse(),
      query,
    );
  }
});

test('a token of a project exports, lists and gets the events of its project, and no others', async () => {
  const token = await server.createToken('viewer', 'default');
  const events = await lines('', token);
  assert.ok(events.length > 3);
  assert.ok(events.every(({ resource }) => /^projects\/default(\/|$)/.test(resource)));
  const own = events.at(-1)?.id;
  assert.equal((await rest('GET', `/v1/audit-events/${own}`, { token })).status, 200);
  const foreign = (await lines()).find(({ resource }) => resource === 'directors/local')?.id;
  const { status, body } = await rest('GET', `/v1/audit-events/${foreign}`, { token });
  assert.deepEqual([status, body.reason], [404, 'AUDIT_EVENT_NOT_FOUND']);
  assert.equal((await rest('GET', `${EXPORT}?project=other`, { token })).status, 404);
  assert.equal((await rest('GET', `${EXPORT}?since=yesterday`)).status, 400);
});
