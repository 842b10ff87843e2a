// A change-set of 500, of which the kernel refuses the 400th: nothing of it remains, and the answer says which, and why.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, test } from 'node:test';
import type { ServiceError } from '@grpc/grpc-js';
import type { Problem } from '../../src/api-rest/problem.js';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import type { ChangeSet } from '../../src/domain/schema/change-set.js';
import type { Drift } from '../../src/domain/schema/director.js';
import type { Preview } from '../../src/domain/schema/preview.js';
import { assertIntact, auditFromNow } from '../support/audit-events.js';
import { connectByReflection, type ReflectionClient } from '../support/grpc-reflection-client.js';
import { refusalOf } from '../support/grpc-session.js';
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
const ITEMS = 500;
/** From 0. */
const REFUSED = 399;
const PROJECTS = ['default', 'blog'] as const;
const RESOURCE = 'projects/blog/clusters/later/virtual-services/s0/real-servers/bad';
const KEY = `tcp/10.2.0.1:1000->${BROADCAST}:1000`;

interface Change {
  put?: { resource: string; spec: object };
  delete?: { resource: string };
}

let server: KernelServer;
let grpc: ReflectionClient;

before(async () => {
  execFileSync('ip', ['link', 'add', 'subnet0', 'type', 'dummy']);
  execFileSync('ip', ['address', 'add', '10.77.0.1/24', 'dev', 'subnet0']);
  execFileSync('ip', ['link', 'set', 'subnet0', 'up']);
  server = await startKernelServer({ intervalSeconds: NO_INTERVAL });
  grpc = await connectByReflection(server.grpcAddress, { token: await server.token() });
  whenFileEnds(() => grpc.close());
  const { status } = await server.rest.call('POST', '/v1/projects', { body: { name: 'blog' } });
  assert.equal(status, 201);
  const made = await send([...PROJECTS.flatMap(existingCluster)]);
  assert.deepEqual([made.status, made.body.state], [201, 'applied'], JSON.stringify(made.body));
});

function send(changes: readonly Change[], query = '') {
  return server.rest.call<ChangeSet & Preview & Problem>('POST', `/v1/change-sets?drain=false${query}`, {
    body: { changes },
  });
}

const put = (resource: string, spec: object): Change => ({ put: { resource, spec } });
const nat = { forwarding: { method: 'nat' } };

/** One service with a hundred real servers in each project. */
function existingCluster(project: string, index: number): Change[] {
  const cluster = `projects/${project}/clusters/shop`;
  const service = { protocol: 'tcp', address: `10.1.0.${1 + index}`, port: 80, scheduler: 'wrr' };
  return [
    put(cluster, nat),
    put(`${cluster}/virtual-services/http`, service),
    ...Array.from({ length: 100 }, (_, server) =>
      put(`${cluster}/virtual-services/http/real-servers/r${server}`, {
        address: `10.78.${index}.${1 + server}`,
      }),
    ),
  ];
}

/** Real servers that get another weight or go, services and real servers that come: of both projects, in no order. */
function fiveHundred(address: string): Change[] {
  const edited = PROJECTS.flatMap((project, index) =>
    Array.from({ length: 100 }, (_, server): Change => {
      const resource = `projects/${project}/clusters/shop/virtual-services/http/real-servers/r${server}`;
      if (server % 5 === 4) return { delete: { resource } };
      return put(resource, { address: `10.78.${index}.${1 + server}`, weight: 2 + server });
    }),
  );
  const cluster = 'projects/blog/clusters/later';
  const made = [0, 1, 2].flatMap((index) => {
    const service = `${cluster}/virtual-services/s${index}`;
    return [
      ...Array.from({ length: 98 }, (_, server) =>
        put(`${service}/real-servers/r${server}`, { address: `10.79.${index}.${1 + server}` }),
      ),
      put(service, { protocol: 'tcp', address: '10.2.0.1', port: 1000 + index, scheduler: 'rr' }),
    ];
  });
  const changes = [...edited, ...made, put(cluster, nat), put('projects/default/clusters/more', nat)];
  changes.splice(REFUSED, 0, put(RESOURCE, { address }));
  assert.equal(changes.length, ITEMS);
  return changes;
}

const saved = async () => (await savedLines()).toSorted();

/** Kernel, store and what lvsd says of both. */
async function everything(): Promise<object> {
  const definitions: object[] = [];
  for (const project of PROJECTS) {
    const clusters = `/v1/projects/${project}/clusters`;
    const { items } = await server.rest.get<{ items: { name: string }[] }>(clusters);
    for (const { name } of items) definitions.push(await server.rest.get(`${clusters}/${name}/definition`));
  }
  const { differences, foreign } = await server.rest.get<Drift>('/v1/directors/local/drift');
  return { saved: await saved(), definitions, differences, foreign };
}

test('over REST, the 400th is refused: the answer names it, and nothing remains', (t) =>
  explained(t, server, async () => {
    const before = await everything();
    const { status, body } = await send(fiveHundred(BROADCAST));
    assert.deepEqual([status, body.reason], [422, 'KERNEL_REFUSED'], JSON.stringify(body));
    assert.deepEqual(
      body.errors?.map(({ pointer, reason }) => [pointer, reason]),
      [[`/changes/${REFUSED}/put`, 'KERNEL_REFUSED']],
    );
    const { errno, errnoName, command, key, resource, director } = body.metadata ?? {};
    assert.deepEqual(
      { errno, errnoName, command, key, resource, director },
      {
        errno: '22',
        errnoName: 'EINVAL',
        command: 'NEW_DEST',
        key: KEY,
        resource: RESOURCE,
        director: 'local',
      },
    );
    assert.match(body.detail, /EINVAL/);
    assert.deepEqual(await everything(), before);
    const events = await server.rest.get<{ items: AuditEvent[] }>('/v1/audit-events?kind=refused');
    assert.deepEqual(
      events.items.map(({ action, operations }) => [
        action,
        operations.filter((one) => one.errno !== null).map((one) => [one.key, one.errnoName]),
      ]),
      [['createChangeSet', [[KEY, 'EINVAL']]]],
    );
  }));

test('over gRPC too, in the words of its message', (t) =>
  explained(t, server, async () => {
    const before = await everything();
    const changes = fiveHundred(BROADCAST).map((change) => {
      if (!change.put) return { delete: { ...change.delete } };
      const { resource, spec } = change.put;
      if (resource.includes('/real-servers/')) return { put: { resource, realServer: { ...spec } } };
      if (!resource.includes('/virtual-services/'))
        return { put: { resource, cluster: { forwarding: { method: 'FORWARDING_METHOD_NAT' } } } };
      const words = { protocol: 'PROTOCOL_TCP', scheduler: 'SCHEDULER_RR' };
      return { put: { resource, virtualService: { ...spec, ...words } } };
    });
    const error = await grpc
      .call('lvsd.v1.DefinitionService/CreateChangeSet', { changes, drain: false })
      .then(
        () => assert.fail('it was done'),
        (one: ServiceError) => one,
      );
    const { code, reason, metadata, violations } = refusalOf(grpc, error);
    assert.deepEqual([code, reason], ['FAILED_PRECONDITION', 'KERNEL_REFUSED']);
    assert.deepEqual([metadata.errnoName, metadata.key, metadata.resource], ['EINVAL', KEY, RESOURCE]);
    assert.deepEqual(violations, [[`changes[${REFUSED}].put`, 'KERNEL_REFUSED']]);
    assert.deepEqual(await everything(), before);
  }));

test("somebody else's entry in the way of one keeps out all, and stays", (t) =>
  explained(t, server, async () => {
    await ipvsadm('-A', '-t', '10.2.0.1:1002', '-s', 'lc');
    const before = await saved();
    const { status, body } = await send(fiveHundred('10.77.0.9'));
    assert.deepEqual([status, body.reason], [409, 'FOREIGN_ENTRY']);
    assert.equal(body.errors?.length, 1);
    assert.match(body.errors?.[0]?.pointer ?? '', /^\/changes\/\d+\/put/);
    assert.deepEqual(await saved(), before);
    await ipvsadm('-D', '-t', '10.2.0.1:1002');
  }));

test('with a good 400th all of it is done, by exactly the operations of its preview', (t) =>
  explained(t, server, async () => {
    const changes = fiveHundred('10.77.0.9');
    const preview = await send(changes, '&validateOnly=true');
    assert.equal(preview.status, 200, JSON.stringify(preview.body));
    const eventsSince = await auditFromNow(server.rest);
    const { status, body } = await send(changes);
    assert.deepEqual([status, body.state, body.results.length], [201, 'applied', ITEMS]);
    const told = (await eventsSince()).filter(({ kind }) => kind === 'apply');
    assert.equal(told.length, 1);
    const text = ({ command, key }: { command: string; key: string }) => `${command} ${key}`;
    assert.deepEqual(told[0]?.operations.map(text), preview.body.operations.map(text));
    // 2 services and 160 real servers stay, 3 services with 98 real servers each and one more have come
    assert.equal((await saved()).length, 2 + 160 + 3 + 3 * 98 + 1);
    const { differences } = await server.rest.get<Drift>('/v1/directors/local/drift');
    assert.deepEqual(differences, []);
    const again = await send(changes.filter((change) => change.put));
    assert.deepEqual([again.status, again.body.state], [200, 'unchanged']);
    await assertIntact(server.rest);
  }));
