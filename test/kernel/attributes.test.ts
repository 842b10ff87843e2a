// time limit: 600 s
// Every attribute of a definition, through both doors, as `ipvsadm -Sn` shows it in the kernel.
import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';
import type { Drift } from '../../src/domain/schema/director.js';
import type { AttributeCase, Edit } from '../support/attribute-case.js';
import { SERVER_CASES } from '../support/attribute-cases-servers.js';
import { SERVICE_CASES } from '../support/attribute-cases-services.js';
import { createRestDoor, type Door, type Json } from '../support/doors.js';
import { createGrpcDoor } from '../support/grpc-door.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { ipvsadm, savedLines, thresholds } from '../support/ipvsadm.js';
import {
  explained,
  type KernelServer,
  NO_INTERVAL,
  startKernelServer,
  whenFileEnds,
} from '../support/kernel-server.js';

const CASES = [...SERVICE_CASES, ...SERVER_CASES];
const FOREIGN = ['-A -t 10.9.9.9:9 -s rr', '-a -t 10.9.9.9:9 -r 10.9.9.1:9 -m -w 4'];
const CLUSTER = 'c';
const SERVICE = `${CLUSTER}/virtual-services/s`;

let server: KernelServer;
const doors: Partial<Record<Door['name'], Door>> = {};

before(async () => {
  for (const line of FOREIGN) await ipvsadm(...line.split(' '));
  server = await startKernelServer({ intervalSeconds: NO_INTERVAL });
  const client = await connectByReflection(server.grpcAddress, { token: await server.token() });
  whenFileEnds(() => client.close());
  doors.REST = createRestDoor(server.rest);
  doors.gRPC = createGrpcDoor(client);
});

for (const name of ['REST', 'gRPC'] as const) {
  describe(`over ${name}`, () => {
    let door: Door;
    beforeEach(() => {
      door = doors[name] as Door;
    });

    for (const one of CASES) {
      test(`${one.name}: created, edited and deleted one by one`, (t) =>
        explained(t, server, () => createEditDelete(door, one)));
    }
    for (const one of CASES) {
      test(`${one.name}: as a definition`, (t) => explained(t, server, () => defineAndEmpty(door, one)));
    }
  });
}

async function createEditDelete(door: Door, one: AttributeCase): Promise<void> {
  await done(door.create(CLUSTER, { spec: clusterSpec(one) }), 'created');
  await done(door.create(SERVICE, { spec: one.service }), 'created');
  for (const [name, spec] of Object.entries(one.servers ?? {})) {
    await done(door.create(`${SERVICE}/real-servers/${name}`, { spec }), 'created');
  }
  await expectTable('created', one);
  const { differences } = await server.rest.get<Drift>('/v1/directors/local/drift');
  assert.deepEqual(differences, [], 'lvsd would see drift without end');
  for (const edit of one.edits ?? []) {
    const path = edit.path === '' ? CLUSTER : `${CLUSTER}/${edit.path}`;
    await done(door[edit.how](path, { spec: edit.spec }), 'done');
    await expectTable(sentence(edit), edit);
  }
  for (const name of Object.keys(one.servers ?? {}))
    await done(door.delete(`${SERVICE}/real-servers/${name}`), 'done');
  const [serviceLine = ''] = (one.edits?.at(-1) ?? one).saved;
  await expectTable('without its real servers', { saved: [serviceLine] });
  await done(door.delete(SERVICE), 'done');
  await expectTable('deleted', { saved: [] });
  await done(door.delete(CLUSTER), 'done');
}

async function defineAndEmpty(door: Door, one: AttributeCase): Promise<void> {
  const realServers = Object.fromEntries(
    Object.entries(one.servers ?? {}).map(([name, spec]) => [name, { spec }]),
  );
  const definition = {
    spec: clusterSpec(one),
    virtualServices: { s: { spec: one.service, realServers } },
  };
  await done(door.replaceDefinition(CLUSTER, definition), 'created');
  await expectTable('defined', one);
  await done(door.replaceDefinition(CLUSTER, definition), 'done');
  await expectTable('defined again', one);
  await done(door.replaceDefinition(CLUSTER, { spec: {} }), 'done');
  await expectTable('emptied', { saved: [] });
  await done(door.delete(CLUSTER), 'done');
}

function clusterSpec({ forwarding }: AttributeCase): Json {
  return forwarding ? { forwarding } : {};
}

async function done(work: ReturnType<Door['create']>, outcome: 'created' | 'done'): Promise<void> {
  assert.deepEqual(await work, { outcome });
}

async function expectTable(
  when: string,
  expected: Pick<AttributeCase, 'saved' | 'thresholds'>,
): Promise<void> {
  const lines = await savedLines();
  assert.deepEqual(
    FOREIGN.filter((line) => !lines.includes(line)),
    [],
    `${when}: a foreign entry was touched`,
  );
  assert.deepEqual(
    lines.filter((line) => !FOREIGN.includes(line)),
    expected.saved,
    when,
  );
  if (expected.thresholds) assert.deepEqual(await thresholds(), expected.thresholds, `${when}: thresholds`);
}

function sentence({ how, path, spec }: Edit): string {
  return `after ${how} of ${path === '' ? 'the cluster' : path} with ${JSON.stringify(spec)}`;
}
