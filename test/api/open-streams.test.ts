import assert from 'node:assert/strict';
import { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { queryObjects } from 'node:v8';
import type { ServiceError } from '@grpc/grpc-js';
import { createTokens } from '../../src/control/access/tokens.js';
import { context } from '../contract/store/subject.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { refusalOf } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';

/** Until a stream whose token is no longer good must have ended. */
const LIMIT_MS = 6_000;

async function setUp(t: TestContext, options = {}) {
  const server = await startTestServer(options);
  t.after(() => server.stop());
  const tokens = createTokens({ store: server.running.store, now: () => new Date() });

  async function makeToken(name: string, expireTime: string | null = null): Promise<string> {
    return (await tokens.create(context, null, { name, spec: { role: 'viewer', expireTime } })).value.secret;
  }

  /** Resolves with true when the server ended the stream, with false at the limit. */
  async function ofRest(token: string): Promise<Promise<boolean>> {
    const response = await fetch(`${server.url}/v1/events`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(response.status, 200);
    const ended = response.text().then(() => true);
    return Promise.race([ended, sleep(LIMIT_MS, false, { ref: false })]);
  }

  async function ofGrpc(token: string) {
    const client = await connectByReflection(server.grpcAddress, { token });
    t.after(() => client.close());
    const call = client.stream('lvsd.v1.AuditService/Watch', { afterRevision: '0' });
    const failed = new Promise<ServiceError>((resolve) => call.once('error', resolve));
    await new Promise((resolve) => call.once('data', resolve));
    call.resume();
    const limit = sleep(LIMIT_MS, undefined, { ref: false });
    return { client, failed: Promise.race([failed, limit]) };
  }

  return { server, tokens, makeToken, ofRest, ofGrpc };
}

test('streams of both doors end soon after their token is revoked, others stay', async (t) => {
  const { server, tokens, makeToken, ofRest, ofGrpc } = await setUp(t);
  const secret = await makeToken('leaving');
  const stays = ofRest(server.adminToken);
  const rest = ofRest(secret);
  const grpc = await ofGrpc(secret);
  await sleep(300);
  await tokens.revoke(context, null, 'leaving');
  assert.equal(await rest, true, 'REST');
  const error = await grpc.failed;
  assert.ok(error, 'gRPC');
  const { code, message } = refusalOf(grpc.client, error);
  assert.equal(code, 'UNAUTHENTICATED');
  assert.match(message, /revoked or has expired/);
  const events = server.running.store.read((reader) =>
    reader.events({ order: 'ascending', limit: 99, kinds: ['auth'] }),
  );
  assert.deepEqual(
    events.map(({ action }) => action),
    ['watch'],
    'the audit log tells of it, once',
  );
  assert.equal(await stays, false, 'a stream with another token goes on');
});

test('streams of both doors end soon after their token has expired', async (t) => {
  const { makeToken, ofRest, ofGrpc } = await setUp(t);
  const secret = await makeToken('short', new Date(Date.now() + 2_000).toISOString());
  const rest = ofRest(secret);
  const grpc = await ofGrpc(secret);
  assert.equal(await rest, true, 'REST');
  const error = await grpc.failed;
  assert.ok(error, 'gRPC');
  assert.equal(refusalOf(grpc.client, error).code, 'UNAUTHENTICATED');
});

test('one caller has so many streams at a time, over both doors together; closing one makes room', async (t) => {
  const { server, ofGrpc } = await setUp(t, { maxStreams: 2 });
  const rest = createRestClient(server);
  const abort = new AbortController();
  const headers = { authorization: `Bearer ${server.adminToken}` };
  const first = await fetch(`${server.url}/v1/events`, { headers, signal: abort.signal });
  assert.equal(first.status, 200);
  const second = await ofGrpc(server.adminToken);

  const { status, body } = await rest('GET', '/v1/events');
  assert.deepEqual([status, body.reason], [429, 'TOO_MANY_STREAMS']);
  assert.match(body.detail, /2 streams open/);
  const third = second.client.stream('lvsd.v1.AuditService/Watch', {});
  const error = await new Promise<ServiceError>((resolve) => third.once('error', resolve));
  assert.equal(refusalOf(second.client, error).code, 'RESOURCE_EXHAUSTED');

  abort.abort();
  await sleep(200);
  const again = await fetch(`${server.url}/v1/events`, { headers });
  assert.equal(again.status, 200);
  await again.body?.cancel();
});

test('nothing is kept of streams that their clients have left', async (t) => {
  const { server } = await setUp(t);
  const answers = () => queryObjects(ServerResponse, { format: 'count' });
  await leave(server, 2);
  const few = answers();
  await leave(server, 40);
  await sleep(500);
  const many = answers();
  assert.ok(many < few + 10, `${few} answers after 2 streams, ${many} after 40 more`);
});

async function leave(
  { url, adminToken }: { url: string; adminToken: string },
  streams: number,
): Promise<void> {
  for (let n = 0; n < streams; n += 1) {
    const leaving = new AbortController();
    const headers = { authorization: `Bearer ${adminToken}` };
    const { status, body } = await fetch(`${url}/v1/events`, { headers, signal: leaving.signal });
    assert.equal(status, 200);
    const first = body?.getReader().read();
    leaving.abort();
    await first?.catch(() => undefined);
  }
}
