/** The live stream of audit events and the health service, through a server's life. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { type ClientReadableStream, type ServiceError, status } from '@grpc/grpc-js';
import { type GrpcSession, refusalOf, startGrpcSession } from '../support/grpc-session.js';

const WATCH = 'lvsd.v1.AuditService/Watch';

test('a watch gets what was after its revision, then what comes, in order and without a hole', async (t) => {
  const session = await started(t);
  await createClusters(session, 'a', 5);
  const watch = open(session, { afterRevision: '0' });
  await createClusters(session, 'b', 5);
  const last = session.server.running.store.read((reader) => reader.revision());
  const events = await watch.until(last);
  assert.deepEqual(
    events.map(({ id }) => Number(id)),
    Array.from({ length: last }, (_, index) => index + 1),
  );
  await watch.cancel();
});

test('a watch that broke is resumed after the last event it gave', async (t) => {
  const session = await started(t);
  const first = open(session, { afterRevision: '0' });
  await createClusters(session, 'a', 3);
  const before = await first.until(session.server.running.store.read((reader) => reader.revision()));
  await first.cancel();
  await createClusters(session, 'b', 3);
  const resumed = open(session, { afterRevision: String(before.at(-1)?.id) });
  const last = session.server.running.store.read((reader) => reader.revision());
  const after = await resumed.until(last);
  assert.deepEqual(
    [...before, ...after].map(({ id }) => Number(id)),
    Array.from({ length: last }, (_, index) => index + 1),
  );
  await resumed.cancel();
});

test('a watch without a revision gets only what is still to come', async (t) => {
  const session = await started(t);
  await createClusters(session, 'old', 2);
  const watch = open(session, {});
  await once(watch.stream, 'metadata');
  await createClusters(session, 'new', 1);
  const [event] = await watch.until(session.server.running.store.read((reader) => reader.revision()));
  assert.equal(event?.resource, 'projects/default/clusters/new-0');
  await watch.cancel();
});

test('when the server stops, health says so first, watches end with SHUTTING_DOWN, and the stop is quick', async (t) => {
  const session = await started(t);
  const { client, server } = session;
  const health = (service: string) => client.call('grpc.health.v1.Health/Check', { service });
  for (const service of ['', 'lvsd.v1.ClusterService', 'lvsd.v1.AuditService']) {
    assert.deepEqual((await health(service)).answer, { status: 'SERVING' });
  }
  const states: unknown[] = [];
  const healthStream = client.stream('grpc.health.v1.Health/Watch', {});
  healthStream.on('data', (bytes: Buffer) => {
    states.push(client.decode('grpc.health.v1.Health/Watch', bytes).status);
  });
  const healthEnd = once(healthStream, 'error');
  const watch = open(session, {});
  await once(watch.stream, 'metadata');
  const watchEnd = once(watch.stream, 'error') as Promise<[ServiceError]>;

  const began = performance.now();
  await server.running.stop();
  const [error] = await watchEnd;
  const refusal = refusalOf(client, error);
  assert.deepEqual([refusal.code, refusal.reason], ['UNAVAILABLE', 'SHUTTING_DOWN']);
  await healthEnd;
  assert.deepEqual(states, ['SERVING', 'NOT_SERVING']);
  // a health watcher never ends its stream by itself
  assert(performance.now() - began < 8000);
});

test('health lists every service, and says of another that it does not know it', async (t) => {
  const { client } = await started(t);
  const { answer } = await client.call('grpc.health.v1.Health/List', {});
  const names = ['', ...client.services.filter((name) => name.startsWith('lvsd.'))];
  assert.deepEqual(answer.statuses, Object.fromEntries(names.map((name) => [name, { status: 'SERVING' }])));
  const other = { service: 'other' };
  await assert.rejects(client.call('grpc.health.v1.Health/Check', other), { code: status.NOT_FOUND });
  const stream = client.stream('grpc.health.v1.Health/Watch', other);
  const [bytes] = (await once(stream, 'data')) as [Buffer];
  assert.deepEqual(client.decode('grpc.health.v1.Health/Watch', bytes), { status: 'SERVICE_UNKNOWN' });
  stream.on('error', () => undefined).cancel();
});

async function started(t: TestContext): Promise<GrpcSession> {
  const session = await startGrpcSession();
  t.after(() => session.stop());
  return session;
}

async function createClusters({ call }: GrpcSession, prefix: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await call('ClusterService/CreateCluster', { project: 'default', name: `${prefix}-${index}` });
  }
}

interface OpenWatch {
  readonly stream: ClientReadableStream<Buffer>;
  /** All events so far, as soon as the one with this id is there. */
  until(id: number): Promise<JsonObject[]>;
  cancel(): Promise<void>;
}

function open({ client }: GrpcSession, request: JsonObject): OpenWatch {
  const stream = client.stream(WATCH, request);
  const events: JsonObject[] = [];
  stream.on('data', (bytes: Buffer) => {
    const { event } = client.decode(WATCH, bytes);
    if (event) events.push(event as JsonObject);
  });
  return {
    stream,
    async until(id) {
      while (Number(events.at(-1)?.id ?? 0) < id) await once(stream, 'data');
      return events;
    },
    async cancel() {
      const ended = once(stream, 'error');
      stream.cancel();
      await ended;
    },
  };
}
