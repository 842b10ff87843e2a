import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createGrpcDoor } from '../support/grpc-door.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { newService, setDestination } from '../support/operations.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { putShop, SHOP } from '../support/shop.js';

const server = await startTestServer();
const rest = createRestClient(server);
const client = await connectByReflection(server.grpcAddress, { token: server.adminToken });
const grpc = createGrpcDoor(client);
after(async () => {
  client.close();
  await server.stop();
});

/** Value of the one sample with this name and, among others, these labels; undefined where there is none. */
async function sample(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const found = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)));
  assert.ok(found.length <= 1, found.join('\n'));
  return found[0] === undefined ? undefined : Number(found[0].split(' ').at(-1));
}

test('metrics need no token and are in the text format of Prometheus', async () => {
  const answer = await fetch(`${server.url}/metrics`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  for (const line of text.split('\n')) {
    assert.match(line, /^(?:#.*|[a-z_0-9]+(?:\{.*\})? [-+.\deNaInf]+|)$/, line);
  }
  assert.equal(await sample('lvsd_build_info', { driver: 'memory' }), 1);
});

test('calls are counted by operation and status, over both doors', async () => {
  const name = 'lvsd_call_duration_seconds_count';
  await putShop(rest);
  await rest('GET', SHOP);
  await rest('GET', `${SHOP}-of-nobody`);
  await rest('GET', '/v1/nothing');
  await grpc.missing('shop');
  assert.equal(await sample(name, { transport: 'rest', operation: 'getCluster', code: '200' }), 1);
  assert.equal(await sample(name, { transport: 'rest', operation: 'getCluster', code: '404' }), 1);
  assert.equal(await sample(name, { transport: 'rest', operation: '', code: '404' }), 1);
  assert.equal(await sample(name, { transport: 'grpc', operation: 'getCluster', code: 'OK' }), 1);
});

test('kernel operations, drift, passes and entries are counted', async () => {
  await putShop(rest);
  const made = { command: 'NEW_DEST', result: 'ok' };
  assert.equal(await sample('lvsd_kernel_operations_total', made), 1);
  const other = server.kernel.open();
  await other.apply([
    newService({ protocol: 'tcp', address: '192.168.10.99', port: 443 }),
    setDestination(
      { protocol: 'tcp', address: '192.168.10.88', port: 80 },
      { address: '192.168.10.11', port: 8080 },
      { method: 'nat', weight: 50 },
    ),
  ]);
  const drift = (await sample('lvsd_drift_total')) ?? 0;
  await rest('POST', '/v1/directors/local/reconciliations');
  assert.equal(await sample('lvsd_drift_total'), drift + 1);
  const repaired = { director: 'local', trigger: 'request', outcome: 'repaired' };
  assert.equal(await sample('lvsd_reconciliations_total', repaired), 1);
  assert.equal(await sample('lvsd_managed_entries'), 2);
  assert.equal(await sample('lvsd_foreign_entries'), 1);
  assert.equal(await sample('lvsd_unconverged_entries'), 0);
  assert.ok(((await sample('lvsd_store_revision')) ?? 0) > 0);
});

test('a kernel that is away shows', async () => {
  assert.equal(await sample('lvsd_director_reachable'), 1);
  server.kernel.setAvailable(false);
  await rest('POST', '/v1/directors/local/reconciliations');
  assert.equal(await sample('lvsd_director_reachable'), 0);
  server.kernel.setAvailable(true);
  await rest('POST', '/v1/directors/local/reconciliations');
  assert.equal(await sample('lvsd_director_reachable'), 1);
});
