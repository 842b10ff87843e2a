// An orderly end under load, and a start that finds everything as it should be.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Definition } from '../../src/domain/schema/definition.js';
import type { Director } from '../../src/domain/schema/director.js';
import { assertIntact, auditFromNow } from '../support/audit-events.js';
import { CLUSTERS, createRestDoor, type Door } from '../support/doors.js';
import { createGrpcDoor } from '../support/grpc-door.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { savedLines } from '../support/ipvsadm.js';
import {
  explained,
  type KernelServer,
  NO_INTERVAL,
  startKernelServer,
  whenFileEnds,
} from '../support/kernel-server.js';
import { seededRandom } from '../support/random.js';
import { createSteadyEntries, STEADY_LINES, type SteadyEntries } from '../support/steady-entries.js';
import { createWriter } from '../support/write-model.js';

const STOP_LIMIT_MS = 10_000;
const seed = Number(process.env.LVSD_SEED ?? Date.now() % 2 ** 31);

let server: KernelServer;
let doors: readonly Door[];
let steady: SteadyEntries;

before(async () => {
  server = await startKernelServer({ intervalSeconds: NO_INTERVAL });
  const client = await connectByReflection(server.grpcAddress, { token: await server.token() });
  doors = [createRestDoor(server.rest), createGrpcDoor(client)];
  steady = await createSteadyEntries(createRestDoor(server.rest));
  whenFileEnds(() => {
    steady.stop();
    client.close();
  });
});

test('SIGTERM under load ends it with 0 in time; the table stays, and the next start writes nothing to the kernel', (t) =>
  explained(t, server, async () => {
    t.diagnostic(`seed ${seed}`);
    const writers = Array.from({ length: 6 }, (_, index) => createWriter(index, seededRandom(seed + index)));
    const running = Promise.all(writers.map((writer) => writer.run(doors)));
    await sleep(1500);
    const { code, milliseconds } = await server.end('SIGTERM');
    t.diagnostic(`ended after ${Math.round(milliseconds)} ms`);
    assert.equal(code, 0);
    assert.ok(milliseconds < STOP_LIMIT_MS, `it took ${milliseconds} ms`);
    await running;
    const table = await savedLines();
    for (const line of STEADY_LINES) assert.ok(table.includes(line), `${line} is gone`);

    await server.start();
    assert.deepEqual(await savedLines(), table);
    const { lastReconciliation } = await server.rest.get<Director>('/v1/directors/local');
    assert.deepEqual(
      [lastReconciliation?.trigger, lastReconciliation?.outcome, lastReconciliation?.operations],
      ['start', 'clean', 0],
    );
    for (const [index, writer] of writers.entries()) {
      writer.settle(await server.rest.get<Definition>(`${CLUSTERS}/writer-${index}/definition`));
    }
    const managed = writers.flatMap((writer) => writer.lines());
    assert.deepEqual([...table].sort(), [...STEADY_LINES, ...managed].sort());
    await steady.assertUntouched();
  }));

test('a start on a kernel that is as it should be writes no audit event of the kernel', (t) =>
  explained(t, server, async () => {
    const eventsSince = await auditFromNow(server.rest);
    assert.equal((await server.end('SIGTERM')).code, 0);
    await server.start();
    assert.deepEqual(
      (await eventsSince()).filter(({ kind }) => kind !== 'auth'),
      [],
    );
    await steady.assertUntouched();
    await assertIntact(server.rest);
  }));

test('a second server on the same data directory refuses to start and says why', async () => {
  const { code, stderr } = await server.run('serve');
  assert.equal(code, 1);
  assert.equal(
    stderr.trim(),
    `lvsd: Another lvsd serves from the data directory ${server.dataDir}; stop it, or give this one another directory.`,
  );
  assert.deepEqual((await server.rest.call('GET', '/readyz')).status, 200);
});

test('the traffic has been running all the time', async () => {
  await sleep(2500);
  await steady.assertRisen();
});
