import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startTestServer, type TestServer } from '../support/server.js';

const body = JSON.stringify({ name: 'last' });

/** A request of which the last bytes are still to come. */
async function beginRequest({ url, adminToken }: TestServer): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    'POST /v1/projects/default/clusters HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
      `authorization: Bearer ${adminToken}\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  );
  await delay(100);
  return socket;
}

test('a request that runs when the server stops is finished, and its connection with it', async () => {
  const server = await startTestServer();
  const socket = await beginRequest(server);
  const answers = text(socket);
  const stopped = server.stop();
  await delay(100);
  socket.write(body.slice(5));
  const all = await answers;
  assert.match(all, /^HTTP\/1\.1 201 Created\r\n/);
  assert.match(all, /\r\nconnection: close\r\n/i);
  await stopped;
});

test('a request that comes while the server stops is told to come back', async () => {
  const server = await startTestServer();
  const [running, waiting] = [
    await beginRequest(server),
    connect(Number(new URL(server.url).port), '127.0.0.1'),
  ];
  await once(waiting, 'connect');
  waiting.write('GET /healthz HTTP/1.1\r\n');
  await delay(100);
  const answer = text(waiting);
  const stopped = server.stop();
  await delay(100);
  waiting.write('host: localhost\r\n\r\n');
  const [head = '', problem = ''] = (await answer).split('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 503 /);
  assert.equal(JSON.parse(problem).reason, 'SHUTTING_DOWN');
  running.write(body.slice(5));
  await stopped;
});
