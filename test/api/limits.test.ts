/** What a caller may send, and how long it may take: the table of docs/doors.md. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { startTestServer } from '../support/server.js';

const PAGE = readFileSync(new URL('../../../docs/doors.md', import.meta.url), 'utf8');
const METHOD = '/lvsd.v1.DirectorService/GetDirector';

const server = await startTestServer({ timeLimits: { headerMs: 500, requestMs: 1500 } });
after(() => server.stop());

/** Sends bytes, never more, and reads until the server ends the connection. */
async function rest(bytes: string): Promise<{ status: number; reason: string }> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.write(bytes);
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), reason: (JSON.parse(body) as { reason: string }).reason };
}

async function withSession<T>(use: (session: ClientHttp2Session) => Promise<T>): Promise<T> {
  const session = connectHttp2(`http://${server.grpcAddress}`, { maxOutstandingPings: 1_000_000 });
  // What a server does to a connection that it ends is what these tests look at.
  session.on('error', () => undefined);
  await once(session, 'connect');
  try {
    return await use(session);
  } finally {
    session.destroy();
  }
}

function call(session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}) {
  const stream = session.request({
    ':method': 'POST',
    ':path': METHOD,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  // A stream that the client has not ended stays half open after its answer.
  const ended = new Promise<string>((resolve) => {
    const told = (received: IncomingHttpHeaders) => {
      if (received['grpc-status'] !== undefined) resolve(String(received['grpc-status']));
    };
    stream.on('response', told).on('trailers', told);
    stream.on('error', (error: Error) => resolve(error.message.replace(/^.* /, '')));
  });
  stream.resume();
  return { stream, ended };
}

/** A message of no bytes. */
const EMPTY_MESSAGE = Buffer.alloc(5);

test('a request that came in time is answered, however long the event loop was busy meanwhile', async () => {
  const { port } = new URL(server.url);
  const [whole, partial] = [connect(Number(port), '127.0.0.1'), connect(Number(port), '127.0.0.1')];
  await Promise.all([once(whole, 'connect'), once(partial, 'connect')]);
  // until the server has both of them; then the phase of a turn that has reading before it and the look at the clock after it
  await sleep(50);
  await nextTurn();
  whole.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  partial.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n');
  const until = performance.now() + 3000;
  while (performance.now() < until);
  const statuses = await Promise.all([text(whole), text(partial)]);
  assert.deepEqual(
    statuses.map((answer) => answer.split(' ')[1]),
    ['200', '408'],
  );
});

test('a header or body that does not come in time is not waited for', async () => {
  const began = performance.now();
  const start = 'POST /v1/projects/default/clusters HTTP/1.1\r\nhost: localhost\r\n';
  const type = 'content-type: application/json\r\ncontent-length: 9\r\n';
  const answers = await Promise.all([
    rest(start),
    rest(`${start}${type}authorization: Bearer ${server.adminToken}\r\n\r\n{"na`),
  ]);
  for (const answer of answers) assert.deepEqual(answer, { status: 408, reason: 'REQUEST_TIMEOUT' });
  assert.ok(performance.now() - began < 8_000);
});

test('a gRPC call whose message does not come in time ends, and its connection serves on', async () => {
  await withSession(async (session) => {
    const silent = call(session);
    const half = call(session);
    half.stream.write(EMPTY_MESSAGE.subarray(0, 3));
    assert.deepEqual(await Promise.all([silent.ended, half.ended]), ['14', '14'], 'UNAVAILABLE');
    const good = call(session);
    good.stream.end(EMPTY_MESSAGE);
    assert.equal(await good.ended, '16', 'UNAUTHENTICATED');
  });
});

test('a stream that is served is not bounded by the time of its request', async (t) => {
  const client = await connectByReflection(server.grpcAddress, { token: server.adminToken });
  t.after(() => client.close());
  const stream = client.stream('lvsd.v1.AuditService/Watch', {});
  let ended = false;
  stream.on('error', () => {
    ended = true;
  });
  stream.resume();
  await sleep(2_000);
  assert.equal(ended, false);
  stream.cancel();
});

test('gRPC metadata is bounded in size and number', async () => {
  await withSession(async (session) => {
    const [fits, large] = [
      call(session, { x: 'y'.repeat(60_000) }),
      call(session, { x: 'y'.repeat(70_000) }),
    ];
    fits.stream.end(EMPTY_MESSAGE);
    assert.equal(await fits.ended, '16');
    assert.equal(await large.ended, 'NGHTTP2_REFUSED_STREAM');
  });
  await withSession(async (session) => {
    const many = Object.fromEntries(Array.from({ length: 130 }, (_, index) => [`x${index}`, '1']));
    assert.equal(await call(session, many).ended, 'NGHTTP2_ENHANCE_YOUR_CALM');
  });
});

test('one connection has so many calls at a time; who floods it with pings or resets loses it', async () => {
  await withSession(async (session) => {
    const [settings] = await once(session, 'remoteSettings');
    assert.equal((settings as { maxConcurrentStreams: number }).maxConcurrentStreams, 256);
    const closed = new Promise((resolve) => session.once('close', resolve));
    while (!session.closed && !session.destroyed) {
      for (let ping = 0; ping < 5_000 && !session.destroyed; ping += 1) session.ping(() => undefined);
      await sleep(1);
    }
    await closed;
  });
  await withSession(async (session) => {
    const closed = new Promise((resolve) => session.once('close', resolve));
    while (!session.closed && !session.destroyed) {
      for (let reset = 0; reset < 50 && !session.destroyed; reset += 1) call(session).stream.close(8);
      await sleep(1);
    }
    await closed;
  });
  const good = await withSession(async (session) => {
    const { stream, ended } = call(session);
    stream.end(EMPTY_MESSAGE);
    return ended;
  });
  assert.equal(good, '16', 'others are served');
});

test('the page has the limits that are in force', () => {
  for (const limit of ['16 MiB', '16 KiB', '64 KiB', '10 s', '30 s', '256']) {
    assert.ok(PAGE.includes(limit), limit);
  }
});
