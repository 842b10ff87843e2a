import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { refusalOf } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';

/** Long enough that no window ends within a test. */
const SECONDS = 600;
const CALLS = 40;

async function limited(t: TestContext, rateLimit = { calls: CALLS, seconds: SECONDS }) {
  const server = await startTestServer({ rateLimit });
  t.after(() => server.stop());
  return { server, rest: createRestClient(server) };
}

function failureOf(call: Promise<unknown>): Promise<ServiceError> {
  return call.then(
    () => assert.fail('it succeeded'),
    (failure: ServiceError) => failure,
  );
}

test('a caller is told what is left, is refused when nothing is, and others go on', async (t) => {
  const { server, rest } = await limited(t);
  const other = await server.createToken('viewer');
  const left = [];
  for (let call = 1; call <= CALLS; call += 1) {
    const { status: code, headers } = await rest('GET', '/v1/directors/local');
    assert.equal(code, 200);
    assert.equal(headers.get('ratelimit-policy'), `"calls";q=${CALLS};w=${SECONDS}`);
    left.push(/^"calls";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? '')?.[1]);
  }
  assert.deepEqual([left[0], left.at(-1)], [String(CALLS - 1), '0']);

  const { status: code, headers, body } = await rest('GET', '/v1/directors/local');
  assert.deepEqual([code, body.reason], [429, 'RATE_LIMITED']);
  const wait = Number(headers.get('retry-after'));
  assert.ok(wait > SECONDS - 60 && wait <= SECONDS, `wait ${wait} s`);
  assert.equal(headers.get('ratelimit'), `"calls";r=0;t=${wait}`);
  assert.match(body.detail, new RegExp(`${CALLS} calls in ${SECONDS} s: wait ${wait} s`));
  assert.equal((await rest('GET', '/v1/directors/local', { token: other })).status, 200);
});

test('both doors count the calls of one caller together, and gRPC says when to come back', async (t) => {
  const { server, rest } = await limited(t);
  const client = await connectByReflection(server.grpcAddress, { token: server.adminToken });
  t.after(() => client.close());
  const call = () => client.call('lvsd.v1.DirectorService/GetDirector', { name: 'local' });
  for (let half = 0; half < CALLS / 2; half += 1) {
    await call();
    assert.equal((await rest('GET', '/v1/directors/local')).status, 200);
  }
  const error = await failureOf(call());
  const { code, reason, metadata } = refusalOf(client, error);
  assert.deepEqual([code, reason, metadata.quota], ['RESOURCE_EXHAUSTED', 'RATE_LIMITED', String(CALLS)]);
  const retry = client
    .details(error)
    .find((detail) => detail['@type'] === 'type.googleapis.com/google.rpc.RetryInfo');
  assert.equal(retry?.retryDelay, `${metadata.retryAfterSeconds}s`);
  assert.equal((await rest('GET', '/v1/directors/local')).status, 429);
});

test('when the window is over, all calls are allowed again', async (t) => {
  const { rest } = await limited(t, { calls: 2, seconds: 2 });
  const statuses = [];
  for (let call = 0; call < 4; call += 1) statuses.push((await rest('GET', '/v1/directors/local')).status);
  assert.deepEqual([statuses[0], statuses.at(-1)], [200, 429]);
  await sleep(2100);
  assert.equal((await rest('GET', '/v1/directors/local')).status, 200);
});

test('who guesses tokens is stopped soon, even with a right one; who was let in before is not locked out', async (t) => {
  const { server, rest } = await limited(t);
  const guessed = await server.createToken('admin');
  const client = await connectByReflection(server.grpcAddress, { token: 'lvsd_guess' });
  t.after(() => client.close());
  assert.equal((await rest('GET', '/v1/directors/local')).status, 200);
  const guess = (token: string) => rest('GET', '/v1/directors/local', { token });
  const statuses = [];
  for (let attempt = 0; attempt < 6; attempt += 1) statuses.push((await guess(`lvsd_${attempt}`)).status);
  assert.deepEqual(statuses, [401, 401, 401, 429, 429, 429]);
  assert.equal((await guess(guessed)).body.reason, 'RATE_LIMITED', 'a right guess looks like a wrong one');
  assert.equal((await rest('GET', '/v1/directors/local')).status, 200);

  const error = await failureOf(client.call('lvsd.v1.DirectorService/GetDirector', { name: 'local' }));
  assert.equal(refusalOf(client, error).reason, 'RATE_LIMITED', 'the other door counts along');
});

test('what needs no token is counted by its source; supervisors are never turned away', async (t) => {
  const { server } = await limited(t, { calls: 3, seconds: SECONDS });
  const anonymous = async (path: string) => (await fetch(`${server.url}${path}`)).status;
  assert.deepEqual(
    [await anonymous('/openapi.json'), await anonymous('/nothing'), await anonymous('/problems/read-only')],
    [200, 404, 200],
  );
  for (const path of ['/openapi.json', '/docs/', '/nothing', '/problems/read-only']) {
    assert.equal(await anonymous(path), 429, path);
  }
  for (let call = 0; call < 10; call += 1) {
    for (const path of ['/healthz', '/readyz', '/metrics']) assert.equal(await anonymous(path), 200, path);
  }
});

test('gRPC reflection is counted by its source too', async (t) => {
  const { server } = await limited(t, { calls: 4, seconds: SECONDS });
  for (let connection = 0; connection < 2; connection += 1) {
    // Two streams: the services, and their files.
    (await connectByReflection(server.grpcAddress)).close();
  }
  const { code, details } = await failureOf(connectByReflection(server.grpcAddress));
  assert.equal(code, status.RESOURCE_EXHAUSTED);
  assert.match(details, /4 calls in 600 s/);
});

test('without a limit nothing is counted', async (t) => {
  const server = await startTestServer({ rateLimit: null });
  t.after(() => server.stop());
  const { headers } = await createRestClient(server)('GET', '/v1/directors/local');
  assert.deepEqual([headers.get('ratelimit'), headers.get('ratelimit-policy')], [null, null]);
});
