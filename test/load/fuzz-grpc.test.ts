/** 5,000 calls, valid and hostile, made from the descriptors of the proto files. */
import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { after, test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { ErrorInfoSchema } from '../../src/api-grpc/gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../src/api-grpc/gen/google/rpc/status_pb.js';
import { STATUS_BY_CODE } from '../../src/api-grpc/status.js';
import { REASONS, type Reason } from '../../src/domain/errors.js';
import { assertConsistent } from '../support/fuzz/aftermath.js';
import {
  type CallAnswer,
  createCaller,
  type FuzzCall,
  grpcCalls,
  prepared,
  type SentCall,
} from '../support/fuzz/grpc-calls.js';
import { openRaw, rawStreams } from '../support/fuzz/raw-grpc.js';
import { fuzzSeed, REPORT } from '../support/fuzz/seed.js';
import { startFuzzSession } from '../support/fuzz/session.js';

const CALLS = 5_000;
const AT_ONCE = 20;
const RAW = 500;
const batches = fc.array(grpcCalls, { minLength: 1, maxLength: AT_ONCE, size: 'max' });

const session = await startFuzzSession();
const caller = createCaller(session.server.grpcAddress);
after(async () => {
  caller.close();
  await session.stop();
});

let called = 0;
/** How often each status came, by name. */
const statuses = new Map<string, number>();

async function ask(generated: FuzzCall): Promise<void> {
  const call = prepared(generated, session.seen, session.tokens());
  const answer = await caller.call(call);
  called += 1;
  const name = status[answer.code] ?? String(answer.code);
  statuses.set(name, (statuses.get(name) ?? 0) + 1);
  session.seen.note(answer.messages);
  check(call, answer);
}

function check(call: SentCall, { code, error }: CallAnswer): void {
  if (code === status.OK) return;
  if (code === status.CANCELLED && call.cancelAfter !== null) return;
  if (code === status.DEADLINE_EXCEEDED && call.deadline !== null) return;
  const what =
    `${call.path} answered ${status[code]} (${error?.details}) to the bytes ${call.bytes.toString('hex')} ` +
    `with ${JSON.stringify(call.metadata.getMap())}`;
  const [details] = error?.metadata.get('grpc-status-details-bin') ?? [];
  assert.ok(Buffer.isBuffer(details), `${what}: without google.rpc.Status`);
  const [info] = fromBinary(StatusSchema, details).details.flatMap(
    (any) => anyUnpack(any, ErrorInfoSchema) ?? [],
  );
  const entry = REASONS[info?.reason as Reason];
  assert.ok(entry, `${what}: ${info?.reason} is in no table`);
  assert.equal(STATUS_BY_CODE[entry.code], code, what);
  assert.ok(entry.code !== 'INTERNAL' && entry.code !== 'UNAVAILABLE', what);
}

test(`${CALLS} calls made from the descriptors get documented statuses, never UNKNOWN or INTERNAL`, {
  timeout: 300_000,
}, async (t) => {
  t.diagnostic(`LVSD_FUZZ_SEED=${fuzzSeed}`);
  for (let round = 0; called < CALLS; round += 1) {
    await fc.assert(
      fc.asyncProperty(batches, async (calls) => {
        await session.beforeBatch();
        await Promise.all(calls.map(ask));
      }),
      { seed: fuzzSeed + round, numRuns: 100, ...REPORT },
    );
  }
  t.diagnostic(`${called} calls: ${[...statuses].map(([name, times]) => `${times} × ${name}`).join(', ')}`);
  for (const name of [
    'OK',
    'INVALID_ARGUMENT',
    'NOT_FOUND',
    'ALREADY_EXISTS',
    'UNAUTHENTICATED',
    'CANCELLED',
  ]) {
    assert.ok(statuses.has(name), `no call got as far as ${name}`);
  }
});

/** What the protocol itself has for frames that lie: INTERNAL, of the library, is for nothing else. */
test(`${RAW} streams that no gRPC client would open end, and none of them as a defect`, async (t) => {
  t.diagnostic(`LVSD_FUZZ_SEED=${fuzzSeed}`);
  const connection = connect(`http://${session.server.grpcAddress}`);
  t.after(() => connection.destroy());
  await fc.assert(
    fc.asyncProperty(fc.array(rawStreams, { minLength: 10, maxLength: 10 }), async (streams) => {
      for (const answer of await Promise.all(streams.map((stream) => openRaw(connection, stream)))) {
        assert.notEqual(answer.grpcStatus, status.UNKNOWN);
        assert.ok(!(answer.isOurs && answer.grpcStatus === status.INTERNAL), JSON.stringify(answer));
        assert.ok(answer.status === 200 || answer.status === 415, JSON.stringify(answer));
      }
    }),
    { seed: fuzzSeed, numRuns: RAW / 10, ...REPORT },
  );
});

test('after all of it kernel and definitions are one, and the audit chain is whole', async () => {
  await session.makeExamples();
  await assertConsistent(session.server);
});
