/** Streams as such: a real grpc-js server and client around a source that never ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  Client,
  type ClientReadableStream,
  credentials,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { pino } from 'pino';
import {
  AuditService,
  WatchRequestSchema,
  WatchResponseSchema,
} from '../../src/api-grpc/gen/lvsd/v1/audit_service_pb.js';
import { EncodedAnswer } from '../../src/api-grpc/methods.js';
import { type StreamHandler, serverStream } from '../../src/api-grpc/server-stream.js';
import { serviceDefinition } from '../../src/api-grpc/service-definition.js';
import { createAdmission } from '../../src/control/access/admission.js';
import { DomainError } from '../../src/domain/errors.js';
import { createMetrics } from '../../src/metrics/metrics.js';

/** With 8 KiB each, far more than all buffers between two processes of one machine hold together. */
const DETAIL = 'x'.repeat(8192);
const MORE_THAN_BUFFERED = 400;

test('a stream whose reader pauses stops taking items, and goes on where it was', async (t) => {
  const source = endlessSource();
  const { call } = await open(t, source.handler);
  call.once('data', () => call.pause());
  await settled(() => source.taken);
  const whilePaused = source.taken;
  assert(whilePaused < MORE_THAN_BUFFERED, `${whilePaused} items were taken for a reader that reads none`);

  const ids: bigint[] = [];
  call.on('data', (bytes: Buffer) => ids.push(fromBinary(WatchResponseSchema, bytes).event?.id ?? -1n));
  call.resume();
  while (ids.length < whilePaused + 100) await sleep(5);
  assert.deepEqual(
    ids,
    ids.map((_, index) => BigInt(index + 1)),
    'every item once, in order, after the first',
  );
  await cancelled(call);
});

test('a reader that takes nothing for too long is cut off, and told after which revision to resume', async (t) => {
  let end: () => void;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let given = 0;
  async function* handler() {
    try {
      while (true) {
        given += 1;
        const bytes = toBinary(
          WatchResponseSchema,
          create(WatchResponseSchema, { event: { id: BigInt(given), detail: DETAIL } }),
        );
        yield new EncodedAnswer(Buffer.from(bytes), given);
      }
    } finally {
      end();
    }
  }
  const { call } = await open(t, handler, { stallSeconds: 1 });
  call.once('data', () => call.pause());
  await ended;
  assert(given < MORE_THAN_BUFFERED, `${given} items were taken for a reader that reads none`);

  let last = 1n;
  call.on('data', (bytes: Buffer) => {
    last = fromBinary(WatchResponseSchema, bytes).event?.id ?? -1n;
  });
  call.resume();
  const [error] = (await once(call, 'error')) as [ServiceError];
  assert.equal(error.code, status.RESOURCE_EXHAUSTED);
  assert.match(error.details, new RegExp(`after revision ${last},`));
});

test('a stream ends its source when the caller cancels, also while the reader is paused', async (t) => {
  const source = endlessSource();
  const { call } = await open(t, source.handler);
  call.once('data', () => call.pause());
  await settled(() => source.taken);
  const error = await cancelled(call);
  assert.equal(error.code, status.CANCELLED);
  await source.ended;
});

test('a stream ends its source when the deadline passes', async (t) => {
  const source = endlessSource();
  const { call } = await open(t, source.handler, { deadline: Date.now() + 200 });
  call.resume();
  const [error] = (await once(call, 'error')) as [ServiceError];
  assert.equal(error.code, status.DEADLINE_EXCEEDED);
  await source.ended;
});

test('a stream ends with the reason of the server when the server stops', async (t) => {
  const source = endlessSource();
  const { call, stopping } = await open(t, source.handler);
  call.once('data', () => stopping.abort(new DomainError('SHUTTING_DOWN', 'The server is stopping.')));
  call.resume();
  const [error] = (await once(call, 'error')) as [ServiceError];
  assert.equal(error.code, status.UNAVAILABLE);
  assert.equal(error.details, 'The server is stopping.');
  await source.ended;
});

test('a stream whose source fails tells it as any call does, and nothing of a defect', async (t) => {
  const failing = (fault: Error): StreamHandler =>
    async function* () {
      yield { event: { id: 1 } };
      throw fault;
    };
  const refused = await open(t, failing(new DomainError('PERMISSION_DENIED', 'Not you.')));
  const [told] = (await once(refused.call.resume(), 'error')) as [ServiceError];
  assert.deepEqual([told.code, told.details], [status.PERMISSION_DENIED, 'Not you.']);

  const broken = await open(t, failing(new TypeError('secret internals')));
  const [hidden] = (await once(broken.call.resume(), 'error')) as [ServiceError];
  assert.equal(hidden.code, status.INTERNAL);
  assert.doesNotMatch(hidden.details, /secret/);
});

function endlessSource() {
  let end: () => void;
  const source = {
    taken: 0,
    ended: new Promise<void>((resolve) => {
      end = resolve;
    }),
    async *handler() {
      try {
        while (true) {
          yield { event: { id: source.taken, detail: DETAIL } };
          source.taken++;
          // as a read of the store would
          await sleep(0);
        }
      } finally {
        end();
      }
    },
  };
  return source;
}

interface Opened {
  readonly call: ClientReadableStream<Buffer>;
  readonly stopping: AbortController;
}

async function open(
  t: TestContext,
  handler: StreamHandler,
  { stallSeconds, ...options }: { deadline?: number; stallSeconds?: number } = {},
): Promise<Opened> {
  const stopping = new AbortController();
  const server = new Server();
  server.addService(serviceDefinition(AuditService), {
    watch: serverStream(
      AuditService.method.watch,
      handler,
      {
        admission: createAdmission({
          authentication: {
            authenticate: async () => ({ name: 'any', credentialId: 'any', grants: [] }),
          },
          rateLimit: null,
          maxStreams: 1,
        }),
        logger: pino({ level: 'silent' }),
        meter: createMetrics(),
        stopping: stopping.signal,
      },
      stallSeconds,
    ),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  t.after(() => {
    client.close();
    server.forceShutdown();
  });
  const request = Buffer.from(toBinary(WatchRequestSchema, create(WatchRequestSchema)));
  const call = client.makeServerStreamRequest(
    '/lvsd.v1.AuditService/Watch',
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => bytes,
    request,
    options,
  );
  return { call, stopping };
}

async function cancelled(call: ClientReadableStream<Buffer>): Promise<ServiceError> {
  const ended = once(call, 'error');
  call.cancel();
  const [error] = await ended;
  return error;
}

/** Resolves when the value has not changed for a while. */
async function settled(value: () => number): Promise<void> {
  let last = -1;
  while (value() === 0 || value() !== last) {
    last = value();
    await sleep(150);
  }
}
