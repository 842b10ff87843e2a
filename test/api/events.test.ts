/** The live stream over server-sent events, and what of it each caller may see, over both doors. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { refusalOf } from '../support/grpc-session.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';

const CLUSTERS = '/v1/projects/default/clusters';
const WATCH = 'lvsd.v1.AuditService/Watch';
const server = await startTestServer();
const rest = createRestClient(server);
let stopped = false;
after(async () => {
  if (!stopped) await server.stop();
});

interface Opened {
  readonly response: Response;
  /** The next events, as many as asked for. */
  take(count: number): Promise<{ id: number; event: string; data: AuditEvent }[]>;
  /** Resolves when the server has ended the stream. */
  ended(): Promise<void>;
  cancel(): void;
}

async function open(
  query = '',
  headers: Record<string, string> = {},
  token = server.adminToken,
): Promise<Opened> {
  const abort = new AbortController();
  const response = await fetch(`${server.url}/v1/events${query}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: abort.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert.ok(reader);
  let text = '';
  return {
    response,
    async take(count) {
      const events = [];
      while (events.length < count) {
        const end = text.indexOf('\n\n');
        if (end === -1) {
          const { value, done } = await reader.read();
          assert.ok(!done, 'the stream ended');
          text += value;
          continue;
        }
        const [, id, event, data] = /^id: (\d+)\nevent: (\w+)\ndata: (.+)$/.exec(text.slice(0, end)) ?? [];
        text = text.slice(end + 2);
        if (id && event && data && event !== 'heartbeat')
          events.push({ id: Number(id), event, data: JSON.parse(data) });
      }
      return events;
    },
    async ended() {
      while (!(await reader.read()).done);
    },
    cancel: () => abort.abort(),
  };
}

const revision = () => server.running.store.read((reader) => reader.revision());
const createCluster = (name: string) => rest('POST', CLUSTERS, { body: { name } });

test('a stream gives the history that it asks for, then what comes, each event once and in order', async () => {
  await createCluster('history-1');
  const past = revision();
  const stream = await open('?afterRevision=0');
  assert.equal(stream.response.headers.get('content-type'), 'text/event-stream');
  await createCluster('history-2');
  const events = await stream.take(revision());
  assert.ok(events.length > past);
  assert.deepEqual(
    events.map(({ id }) => id),
    events.map((_, index) => index + 1),
  );
  for (const { id, event, data } of events) assert.deepEqual([data.id, data.kind], [id, event]);
  stream.cancel();
});

test('a client that comes back with Last-Event-ID misses nothing; one without gets what is to come', async () => {
  const first = await open();
  await createCluster('resume-1');
  const [seen] = await first.take(1);
  assert.equal(seen?.data.resource, 'projects/default/clusters/resume-1');
  first.cancel();
  await createCluster('resume-2');
  const again = await open('', { 'last-event-id': String(seen?.id) });
  assert.equal((await again.take(1))[0]?.data.resource, 'projects/default/clusters/resume-2');
  again.cancel();
});

test('a stream of one resource or kind has nothing else in it, also when others come in between', async () => {
  const path = 'projects/default/clusters/chosen';
  const stream = await open(`?resource=${path}&kind=change`);
  await createCluster('other-1');
  await createCluster('chosen');
  await createCluster('other-2');
  await rest('PATCH', `${CLUSTERS}/chosen`, { body: { labels: { a: 'b' } } });
  const events = await stream.take(2);
  assert.deepEqual(
    events.map(({ data }) => [data.action, data.resource]),
    [
      ['createCluster', path],
      ['updateCluster', path],
    ],
  );
  stream.cancel();
});

test('a token of a project sees the events of its project and no others, over both doors', async () => {
  const token = await server.createToken('viewer', 'default');
  const stream = await open('', {}, token);
  const client = await connectByReflection(server.grpcAddress, { token });
  const before = revision();
  const grpc = client.stream(WATCH, { kind: ['KIND_CHANGE'] });
  const sent: JsonObject[] = [];
  grpc.on('data', (bytes: Buffer) => sent.push(client.decode(WATCH, bytes)));
  await once(grpc, 'metadata');
  await rest('POST', '/v1/directors/local/reconciliations');
  await createCluster('mine');
  const [event] = await stream.take(1);
  assert.equal(event?.data.resource, 'projects/default/clusters/mine');
  while (sent.length < 2) await once(grpc, 'data');
  assert.deepEqual(sent[0]?.heartbeat, { revision: String(before) });
  const mine = sent[1]?.event as JsonObject | undefined;
  assert.deepEqual([mine?.id, mine?.resource], [String(event?.id), 'projects/default/clusters/mine']);
  grpc.on('error', () => undefined).cancel();
  stream.cancel();

  for (const query of [
    { resource: 'projects/other' },
    { resource: 'projects/other/clusters/a' },
    { project: 'other' },
  ]) {
    const text = new URLSearchParams(query);
    const { status, body } = await rest('GET', `/v1/events?${text}`, { token });
    assert.deepEqual([status, body.reason], [404, 'PROJECT_NOT_FOUND'], `${text}`);
    const refused = client.stream(WATCH, query);
    const [error] = (await once(refused.resume(), 'error')) as [ServiceError];
    assert.equal(refusalOf(client, error).reason, 'PROJECT_NOT_FOUND');
    assert.equal((await rest('GET', `/v1/audit-events?${text}`, { token })).status, 404);
  }
  const foreign = await rest<{ items: AuditEvent[] }>('GET', '/v1/audit-events?resource=directors', {
    token,
  });
  assert.deepEqual(foreign.body.items, []);
  const own = await rest<{ items: AuditEvent[] }>('GET', '/v1/audit-events', { token });
  assert.ok(own.body.items.length > 0);
  assert.ok(own.body.items.every(({ resource }) => resource.startsWith('projects/default')));
  client.close();
});

test('a stream of kinds of events and of resources has these and no others, over both doors', async () => {
  const stream = await open(
    '?kind=change&kind=refused&resourceKind=virtual-service&resourceKind=real-server',
  );
  const client = await connectByReflection(server.grpcAddress, { token: server.adminToken });
  const resourceKind = ['WATCHABLE_KIND_REAL_SERVER'];
  const grpc = client.stream(WATCH, { project: 'default', resourceKind, kind: ['KIND_CHANGE'] });
  const seen: unknown[] = [];
  grpc.on('data', (bytes: Buffer) => seen.push(client.decode(WATCH, bytes).event));
  await once(grpc, 'metadata');
  await createCluster('kinds');
  const services = `${CLUSTERS}/kinds/virtual-services`;
  const spec = { protocol: 'tcp', address: '192.0.2.77', port: 80 };
  await rest('POST', services, { body: { name: 'http', spec } });
  await rest('POST', `${services}/http/real-servers`, {
    body: { name: 'web1', spec: { address: '10.0.0.1' } },
  });
  const names = (await stream.take(2)).map(({ data }) => data.action);
  assert.deepEqual(names, ['createVirtualService', 'createRealServer']);
  stream.cancel();
  while (seen.filter(Boolean).length < 1) await once(grpc, 'data');
  assert.deepEqual(
    seen.filter(Boolean).map((event) => (event as { action: string }).action),
    ['createRealServer'],
  );
  grpc.on('error', () => undefined).cancel();
  client.close();
});

test('a stream begins with the revision that it starts after', async () => {
  const response = await fetch(`${server.url}/v1/events`, {
    headers: { authorization: `Bearer ${server.adminToken}` },
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('data:')) text += (await reader?.read())?.value;
  const at = revision();
  assert.ok(text.endsWith(`id: ${at}\nevent: heartbeat\ndata: {"revision":${at}}\n\n`), text);
  await reader?.cancel();
});

test('a revision that there never was is refused over both doors, with the newest', async () => {
  const { status, body } = await rest('GET', '/v1/events?afterRevision=999999');
  assert.deepEqual(
    [status, body.reason, body.metadata],
    [400, 'REVISION_AHEAD', { afterRevision: '999999', newest: String(revision()) }],
  );
  const client = await connectByReflection(server.grpcAddress, { token: server.adminToken });
  const [error] = (await once(client.stream(WATCH, { afterRevision: '999999' }).resume(), 'error')) as [
    ServiceError,
  ];
  assert.equal(refusalOf(client, error).reason, 'REVISION_AHEAD');
  client.close();
});

test('what is no revision is refused with the name of the parameter', async () => {
  for (const query of [
    '?afterRevision=-1',
    '?afterRevision=x',
    '?kind=gossip',
    '?resourceKind=token',
    '?unknown=1',
  ]) {
    const { status, body } = await rest('GET', `/v1/events${query}`);
    assert.equal(status, 400, query);
    assert.ok(JSON.stringify(body).includes(query.slice(1).split('=')[0] ?? ''), query);
  }
  const { status } = await rest('GET', '/v1/events', { headers: { 'last-event-id': 'x' } });
  assert.equal(status, 400);
});

test('streams end when the server stops, and do not keep it', async () => {
  const streams = await Promise.all(Array.from({ length: 20 }, () => open()));
  const began = performance.now();
  stopped = true;
  await Promise.all([server.stop(), ...streams.map((stream) => stream.ended())]);
  assert.ok(performance.now() - began < 8000);
});
