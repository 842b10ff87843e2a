// time limit: 4500 s
// beside the others
// Mixed load with drift all the time. LVSD_SOAK_SECONDS=3600 makes it an hour: as much load in each second, and for longer.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import type { Director, Drift } from '../../src/domain/schema/director.js';
import { startWorker, type Worker } from '../bench/worker.js';
import type { WatchersCalls } from '../bench/workers/watchers.js';
import { createRestDoor, type Door } from '../support/doors.js';
import { createGrpcDoor } from '../support/grpc-door.js';
import { connectByReflection, type ReflectionClient } from '../support/grpc-reflection-client.js';
import { savedLines } from '../support/ipvsadm.js';
import {
  createKernelServer,
  eventually,
  explained,
  type KernelServer,
  whenFileEnds,
} from '../support/kernel-server.js';
import { type Random, seededRandom } from '../support/random.js';
import { definitionOf, linesOf, type Model, type Place, portOf } from '../support/service-model.js';
import { createHand } from '../support/soak/hand.js';
import { repeat, type Session } from '../support/soak/pace.js';
import { createReader } from '../support/soak/reader.js';
import { assertNoGrowth, type Sample, summary, takeSample } from '../support/soak/samples.js';
import { createSoakWriter, type SoakWriter, writersLines } from '../support/soak/writer.js';

const SECONDS = Number(process.env.LVSD_SOAK_SECONDS ?? 300);
/** What the watchers' log keeps of events: it is full before anything is measured, or it would seem to leak until then. */
const LOG_CHARACTERS = 4 * 1024 * 1024;
/** dist/soak.json: every sample so far. */
const FIGURES = new URL('../../soak.json', import.meta.url);
const WRITERS = 4;
const WATCHERS = 4;
const SAMPLE_MS = 3000;
/** Each kind of load by itself. */
const PAUSES_MS = { writer: 300, reader: 500, hand: 1500, packets: 250, check: 10_000 };
const INTERVAL_SECONDS = 2;
/** Of UDP connections in the kernel: what drains has traffic, and ends all the same. */
const UDP_SECONDS = 3;
const QUIET_LIMIT_MS = 60_000;

const STEADY: Place = { cluster: 'steady', protocol: 'udp', vip: '10.3.0.100' };
const STEADY_MODEL: Model = { s0: { scheduler: 'rr', servers: { r0: 1, r1: 2 } } };

const seed = Number(process.env.LVSD_SEED ?? Date.now() % 2 ** 31);
const random = seededRandom(seed);
const over = new AbortController();

let server: KernelServer;
let doors: readonly Door[];
let grpc: ReflectionClient;
let writers: readonly SoakWriter[];
let watchers: Worker<WatchersCalls>;

before(async () => {
  execFileSync('ip', ['link', 'add', 'subnet0', 'type', 'dummy']);
  execFileSync('ip', ['address', 'add', '10.77.0.1/24', 'dev', 'subnet0']);
  execFileSync('ip', ['link', 'set', 'subnet0', 'up']);
  const preload = new URL('../support/soak/heap-probe.js', import.meta.url);
  server = await createKernelServer({ intervalSeconds: INTERVAL_SECONDS, preload });
  await server.start();
  const token = await server.token();
  grpc = await connectByReflection(server.grpcAddress, { token });
  watchers = startWorker<WatchersCalls>('watchers');
  whenFileEnds(async () => {
    over.abort();
    grpc.close();
    await watchers.end();
  });
  doors = [createRestDoor(server.rest), createGrpcDoor(grpc)];
  await set('drift-policy', { mode: 'enforce', maxChangePercent: 100, minChangeEntries: 1000 });
  await set('timeouts', { tcpSeconds: 900, tcpFinSeconds: 60, udpSeconds: UDP_SECONDS });
  const created = await createRestDoor(server.rest).replaceDefinition(
    STEADY.cluster,
    definitionOf(STEADY, STEADY_MODEL),
  );
  assert.deepEqual(created, { outcome: 'created' });
  writers = Array.from({ length: WRITERS }, (_, index) => {
    const place: Place = { cluster: `soak-${index}`, protocol: 'udp', vip: `10.3.0.${index + 1}` };
    return createSoakWriter(place, doors, randomOfItsOwn());
  });
  for (const { vip } of [STEADY, ...writers.map(({ place }) => place)]) {
    execFileSync('ip', ['address', 'add', `${vip}/32`, 'dev', 'lo']);
  }
  const [httpPort, grpcPort] = [server.restUrl, `http://${server.grpcAddress}`].map((url) =>
    Number(new URL(url).port),
  );
  await watchers.call('open', { httpPort: httpPort ?? 0, grpcPort: grpcPort ?? 0, token, count: WATCHERS });
  await watchers.call('dropSome', 0.2);
});

test(`${SECONDS} seconds of mixed load and drift: nothing is lost, nothing grows, the kernel is as defined`, {
  timeout: (SECONDS + 600) * 1000,
}, async (t) => {
  console.log(`seed ${seed}`);
  await explained(t, server, async () => {
    const hand = createHand(`-u ${STEADY.vip}:${portOf('s0')}`, randomOfItsOwn());
    const read = createReader({
      rest: server.rest,
      grpc,
      cluster: STEADY.cluster,
      service: 's0',
      random: randomOfItsOwn(),
    });
    const writing = writers.map((writer) => ({ writer, session: sessionOf(0) }));
    const load = [
      ...writing.map(({ writer, session }) => writeAndCheck(writer, session)),
      repeat(sessionOf(PAUSES_MS.reader), read),
      repeat(sessionOf(PAUSES_MS.hand), () => hand.act()),
      repeat(sessionOf(PAUSES_MS.packets), sendDatagrams),
    ];
    const samples: Sample[] = [];
    const measuring = (async () => {
      await logIsFull();
      for (const { session } of writing) session.pauseMs = PAUSES_MS.writer;
      await sampleFor(SECONDS, samples);
      over.abort();
    })();
    await Promise.race([measuring, Promise.all(load)]);
    await measuring;
    await Promise.all(load);
    console.log(`\n${summary(samples)}\n\n${hand.done} commands of ipvsadm\n`);

    await settled(hand.foreign);
    await assertWritten();
    const newest = await newestRevision();
    const { leastRevision, events, resumed, faults } = await watchers.call('reached', newest, 30_000);
    assert.deepEqual([leastRevision, faults], [newest, []]);
    console.log(`${newest} revisions, ${events} events delivered, ${resumed} connections dropped`);
    const verified = await server.run('audit', 'verify');
    assert.equal(verified.code, 0, verified.stderr);
    assertNoGrowth(samples);
  });
});

async function set(setting: string, spec: object): Promise<void> {
  const { status } = await server.rest.call('PUT', `/v1/directors/local/${setting}`, { body: { spec } });
  assert.equal(status, 200, setting);
}

function randomOfItsOwn(): Random {
  return seededRandom(random(2 ** 31));
}

function sessionOf(pauseMs: number): Session {
  return { random: randomOfItsOwn(), pauseMs, over: over.signal };
}

async function writeAndCheck(writer: SoakWriter, session: Session): Promise<void> {
  let checked = performance.now();
  await repeat(session, async () => {
    await writer.write();
    if (performance.now() < checked + PAUSES_MS.check) return;
    checked = performance.now();
    await writer.check(server.rest);
  });
}

/** From a new port each time, so that each is a connection and is scheduled. */
async function sendDatagrams(): Promise<void> {
  for (const { vip } of [STEADY, ...writers.map(({ place }) => place)]) {
    const socket = createSocket('udp4');
    // Nobody has the real servers' addresses: what the kernel says of that does not matter.
    socket.on('error', () => socket.close());
    socket.send('x', portOf('s0'), vip, () => socket.close());
  }
}

async function newestRevision(): Promise<number> {
  const { items } = await server.rest.get<{ items: AuditEvent[] }>('/v1/audit-events?pageSize=1');
  return items[0]?.id ?? 0;
}

async function* auditEvents(query: string): AsyncGenerator<AuditEvent> {
  for (let pageToken = ''; ; ) {
    const url = `/v1/audit-events?${query}&pageSize=1000&pageToken=${encodeURIComponent(pageToken)}`;
    const page = await server.rest.get<{ items: AuditEvent[]; nextPageToken: string }>(url);
    yield* page.items;
    pageToken = page.nextPageToken;
    if (pageToken === '') return;
  }
}

async function logIsFull(): Promise<void> {
  for (let characters = 0; characters < LOG_CHARACTERS && !over.signal.aborted; ) {
    await sleep(5000);
    characters = 0;
    for await (const event of auditEvents('')) characters += JSON.stringify(event).length;
  }
}

async function sampleFor(seconds: number, samples: Sample[]): Promise<void> {
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  while (elapsed() < seconds && !over.signal.aborted) {
    const writes = writers.reduce((sum, { told }) => sum + told.length, 0);
    samples.push(await takeSample(server, { seconds: elapsed(), writes, revision: await newestRevision() }));
    writeFileSync(FIGURES, JSON.stringify(samples));
    await sleep(SAMPLE_MS);
  }
}

/** Nobody writes any more: what is left of drift and drains goes by itself. */
async function settled(foreign: ReadonlySet<string>): Promise<void> {
  const managed = [...linesOf(STEADY, STEADY_MODEL), ...writersLines(writers)];
  await eventually(QUIET_LIMIT_MS, async () => {
    const drift = await server.rest.get<Drift>('/v1/directors/local/drift');
    assert.deepEqual([drift.differences, drift.foreign.length], [[], foreign.size]);
    const { managedEntries } = await server.rest.get<Director>('/v1/directors/local');
    assert.equal(managedEntries, managed.length, 'entries on their way out are counted too');
  });
  assert.deepEqual((await savedLines()).sort(), [...managed, ...foreign].sort());
}

/** Of every acknowledged write its result, and its events once and in order. */
async function assertWritten(): Promise<void> {
  for (const writer of writers) await writer.check(server.rest);
  const events: AuditEvent[] = [];
  for await (const event of auditEvents('kind=change')) if (event.action !== 'undo') events.unshift(event);
  for (const { place, told } of writers) {
    const found: { requestId: string; changes: number }[] = [];
    for (const { requestId } of events) {
      if (!requestId.startsWith(`${place.cluster}-`)) continue;
      const last = found.at(-1);
      if (last?.requestId === requestId) last.changes += 1;
      else found.push({ requestId, changes: 1 });
    }
    assert.deepEqual(found, told);
  }
}
