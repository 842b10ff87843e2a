// What only the kernel can refuse: the answer says what it said, and nothing but audit events remains.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, describe, test } from 'node:test';
import type { Definition } from '../../src/domain/schema/definition.js';
import type { Director, Drift } from '../../src/domain/schema/director.js';
import { assertIntact, auditFromNow } from '../support/audit-events.js';
import { CLUSTERS, createRestDoor, type Door, type Json } from '../support/doors.js';
import { createGrpcDoor } from '../support/grpc-door.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { ipvsadm, savedLines } from '../support/ipvsadm.js';
import {
  explained,
  type KernelServer,
  NO_INTERVAL,
  startKernelServer,
  whenFileEnds,
} from '../support/kernel-server.js';

/** The kernel does not take the broadcast address of a connected subnet for one host's: ip_vs_new_dest, EINVAL. */
const BROADCAST = '10.77.0.255';
const CLUSTER = 'shop';
const SERVICE = `${CLUSTER}/virtual-services/http`;
const SERVER = `${SERVICE}/real-servers/web1`;
const FRONTEND = 'tcp/10.1.0.1:80';

const http = { protocol: 'tcp', address: '10.1.0.1', port: 80, scheduler: 'rr' };
const LINES = ['-A -t 10.1.0.1:80 -s rr', '-a -t 10.1.0.1:80 -r 10.77.0.2:80 -m -w 3'];

let server: KernelServer;
const doors: Partial<Record<Door['name'], Door>> = {};

before(async () => {
  execFileSync('ip', ['link', 'add', 'subnet0', 'type', 'dummy']);
  execFileSync('ip', ['address', 'add', '10.77.0.1/24', 'dev', 'subnet0']);
  execFileSync('ip', ['link', 'set', 'subnet0', 'up']);
  server = await startKernelServer({ intervalSeconds: NO_INTERVAL });
  const client = await connectByReflection(server.grpcAddress, { token: await server.token() });
  whenFileEnds(() => client.close());
  doors.REST = createRestDoor(server.rest);
  doors.gRPC = createGrpcDoor(client);
});

for (const name of ['REST', 'gRPC'] as const) {
  describe(`over ${name}`, () => {
    const each = (title: string, body: (door: Door) => Promise<void>) =>
      test(title, (t) =>
        explained(t, server, async () => {
          const door = doors[name] as Door;
          await shop(door);
          await body(door);
          assert.deepEqual(await door.delete(CLUSTER), { outcome: 'done' });
          assert.deepEqual(await savedLines(), []);
        }),
      );

    each('a real server that the kernel refuses leaves nothing but audit events', async (door) => {
      const eventsSince = await auditFromNow(server.rest);
      const path = `${SERVICE}/real-servers/bad`;
      await refused(door, door.create(path, { spec: { address: BROADCAST } }), {
        command: 'NEW_DEST',
        key: `${FRONTEND}->${BROADCAST}:80`,
      });
      assert.equal((await door.missing(path))?.reason, 'REAL_SERVER_NOT_FOUND');
      await noTrace();
      const events = await eventsSince();
      assert.deepEqual(
        events.map(({ kind, action, actor, transport }) => [kind, action, actor.principal, transport]),
        [
          ['change', 'createRealServer', 'admin', door.transport],
          ['refused', 'createRealServer', 'admin', door.transport],
          ['change', 'undo', 'system', 'system'],
        ],
      );
      const [change, refusal, undo] = events;
      assert.ok(events.every(({ resource }) => resource === `projects/default/clusters/${path}`));
      assert.deepEqual([change?.before, undo?.after], [null, null]);
      assert.deepEqual(
        refusal?.operations.map(({ command, key, errno, errnoName }) => ({ command, key, errno, errnoName })),
        [{ command: 'NEW_DEST', key: `${FRONTEND}->${BROADCAST}:80`, errno: 22, errnoName: 'EINVAL' }],
      );
    });

    each('an edit that the kernel refuses restores what was, with a new revision', async (door) => {
      const before = await server.rest.call<{ spec: Json }>('GET', `${CLUSTERS}/${SERVER}`);
      await refused(door, door.update(SERVER, { spec: { address: BROADCAST, weight: 9 } }), {
        command: 'NEW_DEST',
        key: `${FRONTEND}->${BROADCAST}:80`,
      });
      const now = await server.rest.call<{ spec: Json }>('GET', `${CLUSTERS}/${SERVER}`);
      assert.deepEqual(now.body.spec, before.body.spec);
      assert.notEqual(now.etag, before.etag);
      await noTrace();
    });

    each('a definition with one such real server among many is refused as a whole', async (door) => {
      const eventsSince = await auditFromNow(server.rest);
      const virtualServices = Object.fromEntries(
        Array.from({ length: 20 }, (_, index) => [
          `s${index}`,
          {
            spec: { ...http, port: 1000 + index },
            realServers: Object.fromEntries(
              Array.from({ length: 5 }, (_, one) => [
                `r${one}`,
                { spec: { address: index === 11 && one === 3 ? BROADCAST : `10.77.0.${10 + one}` } },
              ]),
            ),
          },
        ]),
      );
      const definition = { spec: { forwarding: { method: 'nat' } }, virtualServices };
      const expected = { command: 'NEW_DEST', key: `tcp/10.1.0.1:1011->${BROADCAST}:1011` };
      await refused(door, door.replaceDefinition('many', definition), expected);
      assert.equal((await door.missing('many'))?.reason, 'CLUSTER_NOT_FOUND');
      await noTrace();
      await refused(door, door.replaceDefinition(CLUSTER, definition), expected);
      await noTrace();
      const kinds = (await eventsSince()).map(({ kind }) => kind);
      assert.deepEqual([...new Set(kinds)].sort(), ['apply', 'change', 'refused']);
    });

    each('a scheduler that the director does not have is refused before anything is stored', async (door) => {
      const eventsSince = await auditFromNow(server.rest);
      const answer = await door.update(SERVICE, { spec: { scheduler: 'twos' } });
      assert.equal(answer.outcome === 'failed' && answer.failure.reason, 'CAPABILITY_MISSING');
      assert.deepEqual(await eventsSince(), []);
      await noTrace();
    });

    each("a service of somebody else's with the same frontend is left alone", async (door) => {
      const eventsSince = await auditFromNow(server.rest);
      const foreign = ['-A -t 10.1.0.9:80 -s lc', '-a -t 10.1.0.9:80 -r 10.77.0.9:80 -m -w 7'];
      for (const line of foreign) await ipvsadm(...line.split(' '));
      const path = `${CLUSTER}/virtual-services/theirs`;
      const answer = await door.create(path, { spec: { ...http, address: '10.1.0.9' } });
      assert.ok(answer.outcome === 'failed');
      assert.deepEqual(
        [answer.failure.code, answer.failure.reason, answer.failure.metadata.key],
        [door.name === 'REST' ? 409 : 'ALREADY_EXISTS', 'FOREIGN_ENTRY', 'tcp/10.1.0.9:80'],
      );
      assert.equal((await door.missing(path))?.reason, 'VIRTUAL_SERVICE_NOT_FOUND');
      assert.deepEqual(
        (await eventsSince()).map(({ kind }) => kind),
        ['change', 'refused', 'change'],
      );
      assert.deepEqual(await savedLines(), [...LINES, ...foreign]);
      await ipvsadm('-D', '-t', '10.1.0.9:80');
    });

    each("a destination of somebody else's in our service is left alone", async (door) => {
      const foreign = '-a -t 10.1.0.1:80 -r 10.77.0.7:80 -m -w 7';
      await ipvsadm(...foreign.split(' '));
      const answer = await door.create(`${SERVICE}/real-servers/seven`, { spec: { address: '10.77.0.7' } });
      assert.equal(answer.outcome === 'failed' && answer.failure.reason, 'FOREIGN_ENTRY');
      assert.deepEqual(await savedLines(), [...LINES, foreign]);
      await ipvsadm('-d', '-t', '10.1.0.1:80', '-r', '10.77.0.7:80');
    });
  });
}

test('the audit chain verifies after all of it', () => assertIntact(server.rest));

/** One virtual service with one real server, in the kernel. */
async function shop(door: Door): Promise<void> {
  const answer = await door.replaceDefinition(CLUSTER, {
    spec: { forwarding: { method: 'nat' } },
    virtualServices: {
      http: { spec: http, realServers: { web1: { spec: { address: '10.77.0.2', weight: 3 } } } },
    },
  });
  assert.deepEqual(answer, { outcome: 'created' });
}

async function refused(
  door: Door,
  work: ReturnType<Door['create']>,
  expected: { command: string; key: string },
): Promise<void> {
  const answer = await work;
  assert.ok(answer.outcome === 'failed', `the write was ${answer.outcome}`);
  const { code, reason, metadata } = answer.failure;
  assert.deepEqual([code, reason], [door.name === 'REST' ? 422 : 'FAILED_PRECONDITION', 'KERNEL_REFUSED']);
  const { errno, errnoName, command, key, director } = metadata;
  assert.deepEqual(
    { errno, errnoName, command, key, director },
    { errno: '22', errnoName: 'EINVAL', director: 'local', ...expected },
  );
}

/** The shop, and nothing else, in kernel, lists, definition and ownership. */
async function noTrace(): Promise<void> {
  assert.deepEqual(await savedLines(), LINES);
  const clusters = await server.rest.get<{ items: { name: string }[] }>(CLUSTERS);
  assert.deepEqual(
    clusters.items.map(({ name }) => name),
    [CLUSTER],
  );
  const { virtualServices } = await server.rest.get<Definition>(`${CLUSTERS}/${CLUSTER}/definition`);
  assert.deepEqual(Object.keys(virtualServices), ['http']);
  assert.deepEqual(Object.keys(virtualServices.http?.realServers ?? {}), ['web1']);
  const drift = await server.rest.get<Drift>('/v1/directors/local/drift');
  assert.deepEqual([drift.differences, drift.foreign], [[], []]);
  const { managedEntries, driftCount } = await server.rest.get<Director>('/v1/directors/local');
  assert.deepEqual({ managedEntries, driftCount }, { managedEntries: 2, driftCount: 0 });
}
