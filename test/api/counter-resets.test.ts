/** Zeroing counters through both doors, and the views of the table as text. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import type { CounterReset } from '../../src/domain/schema/counter-reset.js';
import { startGrpcSession } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';
import { putShop } from '../support/shop.js';

const session = await startGrpcSession();
const rest = createRestClient(session.server);
before(() => putShop(rest));
after(() => session.stop());

const RESETS = '/v1/directors/local/counter-resets';
const KEY = 'tcp/192.168.10.88:80';
const PATH = 'projects/default/clusters/shop/virtual-services/http';

async function lastReset(): Promise<AuditEvent | undefined> {
  const { body } = await rest<{ items: AuditEvent[] }>(
    'GET',
    '/v1/audit-events?action=createCounterReset&pageSize=1',
  );
  return body.items[0];
}

test('counters are zeroed by key, by resource and altogether, and each is audited', async () => {
  const byKey = await rest<CounterReset>('POST', RESETS, { body: { key: KEY } });
  assert.deepEqual([byKey.status, byKey.body.key], [201, KEY]);
  const byPath = await rest<CounterReset>('POST', RESETS, { body: { resource: PATH } });
  assert.deepEqual([byPath.status, byPath.body.key], [201, KEY]);
  const event = await lastReset();
  assert.deepEqual([event?.kind, event?.resource], ['apply', PATH]);
  assert.deepEqual(
    event?.operations.map(({ command, key }) => [command, key]),
    [['ZERO', KEY]],
  );

  const all = await rest<CounterReset>('POST', RESETS, { body: {} });
  assert.deepEqual([all.status, all.body.key], [201, null]);
  const { counterReset } = await session.call('DirectorService/CreateCounterReset', {
    director: 'local',
    reason: 'x',
  });
  assert.equal((counterReset as Record<string, unknown>).key, undefined);
  assert.deepEqual([(await lastReset())?.reason, (await lastReset())?.resource], ['x', 'directors/local']);
});

test('what cannot be zeroed is told apart', async () => {
  const cases: readonly (readonly [object, number, string])[] = [
    [{ key: 'tcp/192.0.2.99:80' }, 404, 'KERNEL_ENTRY_NOT_FOUND'],
    [{ key: `${KEY}->192.168.10.11:8080` }, 400, 'FIELD_INVALID'],
    [{ key: 'nonsense' }, 400, 'FIELD_INVALID'],
    [{ key: 'tcp/192.0.2.99:080' }, 400, 'FIELD_INVALID'],
    [{ key: KEY, resource: PATH }, 400, 'FIELD_INVALID'],
    [{ resource: 'projects/default/clusters/shop' }, 404, 'VIRTUAL_SERVICE_NOT_FOUND'],
    [{ all: true }, 400, 'FIELD_UNKNOWN'],
  ];
  for (const [body, status, reason] of cases) {
    const answer = await rest('POST', RESETS, { body });
    assert.deepEqual([answer.status, answer.body.reason], [status, reason], JSON.stringify(body));
  }
});

test('the table as text has the views of ipvsadm', async () => {
  const headers = { accept: 'text/plain' };
  const view = async (name: string) =>
    (await rest<string>('GET', `/v1/directors/local/table?view=${name}`, { headers })).body.split('\n');
  assert.equal((await view('stats'))[3], `TCP  192.168.10.88:80            ${'        0'.repeat(5)}`);
  assert.match((await view('rate'))[1] ?? '', / CPS {4}InPPS/);
  assert.equal(
    (await view('thresholds'))[4],
    '  -> 192.168.10.11:8080           0          0          0          0         ',
  );
  assert.match((await view('persistent-conn'))[4] ?? '', /:8080 {11}3 {9}0 {11}0/);
  const unknown = await rest('GET', '/v1/directors/local/table?view=all', { headers });
  assert.equal(unknown.status, 400);
});
