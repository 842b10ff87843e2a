/** kill -9 of the server at random moments under a stream of writes, and what must be true after each restart. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Definition } from '../../src/domain/schema/definition.js';
import type { Director, Drift } from '../../src/domain/schema/director.js';
import { assertIntact } from './audit-events.js';
import { CLUSTERS, createRestDoor, type Door } from './doors.js';
import { createGrpcDoor } from './grpc-door.js';
import { connectByReflection } from './grpc-reflection-client.js';
import { savedLines } from './ipvsadm.js';
import {
  eventually,
  explained,
  type KernelServer,
  NO_INTERVAL,
  startKernelServer,
  whenFileEnds,
} from './kernel-server.js';
import { type Random, seededRandom } from './random.js';
import { createSteadyEntries, STEADY_LINES, STEADY_MANAGED, type SteadyEntries } from './steady-entries.js';
import { createWriter, type Writer } from './write-model.js';

const WRITERS = 8;
/** The kill comes after up to so many acknowledged writes, and up to so long after the last of them. */
const STREAM_WRITES = 60;
const STREAM_MS = 30;
/** The default of grpc-js grows to seconds, while each server takes its time to start. */
const RECONNECT_MS = 200;
/** The file's time limit in the runner. */
const LIMIT_MS = 900_000;
/** One restart in so many is itself killed on its way. */
const KILLED_STARTS = 10;

interface Tally {
  carriedOut: number;
  unanswered: number;
  startMs: number[];
}

/** `seed` repeats a run as far as kill -9 can be repeated: the same writes, killed after the same times. */
export function describeKill9({ kills, seed }: { kills: number; seed: number }): void {
  const random = seededRandom(seed);
  const writers = Array.from({ length: WRITERS }, (_, index) =>
    createWriter(index, seededRandom(seed + index + 1)),
  );
  const tally: Tally = { carriedOut: 0, unanswered: 0, startMs: [] };
  let server: KernelServer;
  let doors: readonly Door[];
  let steady: SteadyEntries;

  before(async () => {
    server = await startKernelServer({ intervalSeconds: NO_INTERVAL });
    const client = await connectByReflection(server.grpcAddress, {
      token: await server.token(),
      reconnectMs: RECONNECT_MS,
    });
    doors = [createRestDoor(server.rest), createGrpcDoor(client)];
    steady = await createSteadyEntries(createRestDoor(server.rest));
    whenFileEnds(() => {
      steady.stop();
      client.close();
    });
  });

  test(`kill -9 at ${kills} random moments loses no acknowledged write and touches nothing else`, {
    timeout: LIMIT_MS,
  }, async (t) => {
    t.diagnostic(`seed ${seed}`);
    await explained(t, server, async () => {
      for (let kill = 1; kill <= kills; kill += 1) {
        await writeUntilKilled({ server, doors, writers, random });
        await restart({ server, random, tally });
        await eventually(10_000, () => answersAll(doors));
        await checkAll({ server, steady, writers, tally });
      }
      await steady.assertRisen();
      const verified = await server.run('audit', 'verify');
      assert.equal(verified.code, 0, verified.stderr);
    });
    const acknowledged = acknowledgedBy(writers);
    const startMs = tally.startMs.sort((a, b) => a - b);
    t.diagnostic(
      `${acknowledged} writes acknowledged; ${tally.unanswered} without an answer, of which ${tally.carriedOut} were ` +
        `carried out; median start ${Math.round(startMs[startMs.length >> 1] ?? 0)} ms`,
    );
    assert.ok(acknowledged >= 10 * kills, `only ${acknowledged} writes: too few to mean anything`);
    assert.ok(tally.unanswered >= kills, 'too few kills fell into a write');
  });
}

function acknowledgedBy(writers: readonly Writer[]): number {
  return writers.reduce((sum, { count }) => sum + count, 0);
}

interface Stream {
  readonly server: KernelServer;
  readonly doors: readonly Door[];
  readonly writers: readonly Writer[];
  readonly random: Random;
}

async function writeUntilKilled({ server, doors, writers, random }: Stream): Promise<void> {
  const target = acknowledgedBy(writers) + random(STREAM_WRITES);
  const over = new AbortController();
  const running = Promise.all(
    writers.map(async (writer) => {
      await writer.run(doors);
      assert.ok(over.signal.aborted, 'a write got no answer although the server was not killed');
    }),
  );
  const moment = (async () => {
    while (acknowledgedBy(writers) < target && !over.signal.aborted) await sleep(1);
    await sleep(random(STREAM_MS));
  })();
  try {
    await Promise.race([moment, running]);
  } finally {
    over.abort();
  }
  await server.end('SIGKILL');
  await running;
}

async function restart({
  server,
  random,
  tally,
}: {
  server: KernelServer;
  random: Random;
  tally: Tally;
}): Promise<void> {
  if (random(KILLED_STARTS) === 0) {
    server.launch();
    await sleep(random(tally.startMs.at(-1) ?? 1000));
    await server.end('SIGKILL');
  }
  const started = performance.now();
  await server.start();
  tally.startMs.push(performance.now() - started);
}

/** A gRPC channel takes a moment to notice that its server is back. */
async function answersAll(doors: readonly Door[]): Promise<void> {
  for (const door of doors) assert.equal(await door.missing('steady'), undefined);
}

interface Check {
  readonly server: KernelServer;
  readonly steady: SteadyEntries;
  readonly writers: readonly Writer[];
  readonly tally: Tally;
}

async function checkAll({ server: { rest }, steady, writers, tally }: Check): Promise<void> {
  for (const [index, writer] of writers.entries()) {
    const { status, body } = await rest.call<Definition>('GET', `${CLUSTERS}/writer-${index}/definition`);
    const wasAnswered = writer.unanswered === undefined;
    const isCarriedOut = writer.settle(status === 404 ? { ...body, virtualServices: {} } : body);
    if (wasAnswered) continue;
    tally.unanswered += 1;
    if (isCarriedOut) tally.carriedOut += 1;
  }
  const managed = writers.flatMap((writer) => writer.lines());
  assert.deepEqual((await savedLines()).sort(), [...STEADY_LINES, ...managed].sort());
  await steady.assertUntouched();

  const drift = await rest.get<Drift>('/v1/directors/local/drift');
  assert.deepEqual(drift.differences, []);
  assert.equal(drift.foreign.length, STEADY_LINES.length - STEADY_MANAGED);
  // Entries on their way out are counted too: none may be left.
  const { managedEntries } = await rest.get<Director>('/v1/directors/local');
  assert.equal(managedEntries, STEADY_MANAGED + managed.length);
  await assertIntact(rest);
}
