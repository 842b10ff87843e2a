import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import type { Definition } from '../../src/domain/schema/definition.js';
import type { RealServer } from '../../src/domain/schema/resource.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { putShop, SHOP, WEB_1 } from '../support/shop.js';

const ROUNDS = 1000;

const server = await startTestServer();
const rest = createRestClient(server);
before(() => putShop(rest));
after(() => server.stop());

test('of two writers with the same entity tag exactly one wins, 1,000 times out of 1,000', async () => {
  let { etag } = (await rest<RealServer>('GET', WEB_1)).body;
  for (let round = 0; round < ROUNDS; round += 1) {
    const headers = { 'if-match': etag };
    const attempts = [0, 1].map((writer) =>
      rest<RealServer>('PATCH', WEB_1, { headers, body: { spec: { weight: 2 * round + writer } } }),
    );
    const answers = await Promise.all(attempts);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412], `round ${round}`);
    const winner = answers.findIndex(({ status }) => status === 200);
    const now = (await rest<RealServer>('GET', WEB_1)).body;
    assert.equal(now.spec.weight, 2 * round + winner);
    assert.equal(now.etag, answers[winner]?.body.etag);
    etag = now.etag;
  }
  const { body } = await rest<{ items: AuditEvent[] }>(
    'GET',
    `/v1/audit-events?kind=change&action=updateRealServer&pageSize=1000`,
  );
  assert.equal(body.items.length, ROUNDS);
});

test('of many that create the same name exactly one does', async () => {
  for (let round = 0; round < 20; round += 1) {
    const path = `/v1/projects/default/clusters/race-${round}`;
    const put = { body: {}, headers: { 'if-none-match': '*' } };
    const answers = await Promise.all(Array.from({ length: 10 }, () => rest('PUT', path, put)));
    assert.deepEqual(
      answers.map(({ status }) => status).sort(),
      [201, ...new Array<number>(9).fill(412)],
      `round ${round}`,
    );
  }
});

test('a definition and a change inside it with stale tags cannot both win', async () => {
  const path = `${SHOP}/definition`;
  for (let round = 0; round < 100; round += 1) {
    const { body, headers } = await rest<Definition>('GET', path);
    const tree = { 'if-match': headers.get('etag') ?? '' };
    const { etag } = (await rest<RealServer>('GET', WEB_1)).body;
    const document = structuredClone(body);
    const server = document.virtualServices.http?.realServers['web-1'];
    assert.ok(server);
    server.spec.weight = 30_000 + round;
    const answers = await Promise.all([
      rest('PUT', path, { body: document, headers: tree }),
      rest('PATCH', WEB_1, { body: { spec: { weight: 40_000 + round } }, headers: { 'if-match': etag } }),
    ]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412], `round ${round}`);
  }
});
