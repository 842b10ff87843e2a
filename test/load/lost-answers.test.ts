// Answers that are lost: connections cut at any byte of requests and answers, and a server killed again and again. Every
// write is sent with one key until it is answered; the audit log says how often each was carried out.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '@bufbuild/protobuf';
import { status as grpcStatus, type ServiceError } from '@grpc/grpc-js';
import type { AuditEvent, Integrity } from '../../src/domain/schema/audit-event.js';
import type { Definition } from '../../src/domain/schema/definition.js';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.js';
import { CLUSTERS } from '../support/doors.js';
import { connectByReflection, type ReflectionClient } from '../support/grpc-reflection-client.js';
import { createKernelServer, type KernelServer, NO_INTERVAL } from '../support/kernel-server.js';
import { seededRandom } from '../support/random.js';

const REST_WRITES = 500;
const GRPC_WRITES = 100;
const WRITERS = 10;
const KILLS = 5;
const TRIES = 200;

interface Answer {
  readonly status: number | string;
  readonly text: string;
  readonly isReplayed: boolean;
}

/** One write that is meant once. */
interface Write {
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly body?: JsonObject;
  /** The same over gRPC: method and request. */
  readonly grpc?: readonly [string, JsonObject];
  /** Change events that it makes. */
  readonly changes: number;
}

/** Labels by the names of real servers. */
type Model = Map<string, string>;

interface Tally {
  answered: number;
  lost: number;
  replayed: number;
}

type Send = (write: Write) => Promise<Answer | undefined>;

const seed = Date.now() % 1_000_000;
const tally: Tally = { answered: 0, lost: 0, replayed: 0 };
const writes: Write[] = [];
let server: KernelServer;
let token: string;

before(async () => {
  server = await createKernelServer({ intervalSeconds: NO_INTERVAL, driver: 'memory' });
  await server.start();
  token = await server.token();
});

async function proxyTo(target: string, maxBytes: number): Promise<CuttingProxy> {
  const proxy = await startCuttingProxy(target, { random: seededRandom(seed), maxBytes });
  after(() => proxy.close());
  return proxy;
}

/** Undefined when there was no whole answer. */
function overRest(address: string): Send {
  return async ({ method, path, body, key }) => {
    try {
      const response = await fetch(`http://${address}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          'idempotency-key': key,
          'x-request-id': key,
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(10_000),
      });
      const text = await response.text();
      const isReplayed = response.headers.get('idempotency-replayed') === 'true';
      return { status: response.status, text: `${response.headers.get('etag')} ${text}`, isReplayed };
    } catch {
      return undefined;
    }
  };
}

function overGrpc(client: ReflectionClient): Send {
  return async ({ grpc, key }) => {
    const [method, request] = grpc ?? assert.fail(`${key} has no gRPC form`);
    try {
      const deadline = new Date(Date.now() + 10_000);
      const { answer, header } = await client.call(method, { ...request, requestId: key }, { deadline });
      const isReplayed = header.get('idempotency-replayed').length > 0;
      return { status: 'OK', text: JSON.stringify(answer), isReplayed };
    } catch (error) {
      const { code, details } = error as ServiceError;
      const isLost = [grpcStatus.UNAVAILABLE, grpcStatus.CANCELLED, grpcStatus.DEADLINE_EXCEEDED];
      // a connection that ends in the middle of a message
      if (isLost.includes(code) || (code === grpcStatus.INTERNAL && !details.includes('lvsd')))
        return undefined;
      return { status: grpcStatus[code] ?? code, text: details, isReplayed: false };
    }
  };
}

/** The loop of docs/retries.md. */
async function untilAnswered(send: Send, write: Write): Promise<Answer> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const answer = await send(write);
    if (answer && answer.status !== 503) {
      tally.answered += 1;
      if (answer.isReplayed) tally.replayed += 1;
      return answer;
    }
    tally.lost += 1;
    await sleep(Math.min(5 * 2 ** attempt, 50));
  }
  return assert.fail(`${write.key} was never answered`);
}

/** Writes of all kinds, one after the other, each of which would fail or show when it is carried out twice. */
async function writeAll(index: number, count: number, send: Send): Promise<Model> {
  const random = seededRandom(seed + index);
  const model: Model = new Map();
  let made = 0;
  const newName = () => {
    made += 1;
    return `s${made}`;
  };
  for (let step = 0; step < count; step += 1) {
    const write = next({ index, step, random, model, name: newName });
    writes.push(write);
    const answer = await untilAnswered(send, write);
    assert.ok([200, 201, 202, 204, 'OK'].includes(answer.status), `${write.key}: ${JSON.stringify(answer)}`);
    if (step % 10 !== 0) continue;
    const again = await untilAnswered(send, write);
    assert.deepEqual(again, { ...answer, isReplayed: true }, write.key);
  }
  return model;
}

interface Moment {
  readonly index: number;
  readonly step: number;
  readonly random: (below: number) => number;
  readonly model: Model;
  readonly name: () => string;
}

function next({ index, step, random, model, name: newName }: Moment): Write {
  const cluster = clusterOf(index);
  const key = `${cluster}-${step}`;
  const servers = `${CLUSTERS}/${cluster}/virtual-services/http/real-servers`;
  const parents = { project: 'default', cluster, virtualService: 'http' };
  const grpc = (verb: string, request: JsonObject) =>
    [`lvsd.v1.RealServerService/${verb}RealServer`, { ...parents, ...request }] as const;
  const labels = { key };
  const known = [...model.keys()];
  const kind = known.length < 3 ? 0 : random(5);
  const name = kind === 0 || kind === 4 ? newName() : (known[random(known.length)] as string);
  const spec = { address: addressOf(index, name) };
  switch (kind) {
    case 1:
      model.set(name, key);
      return {
        ...{ key, method: 'PATCH', path: `${servers}/${name}`, body: { labels }, changes: 1 },
        grpc: grpc('Update', { name, labels, updateMask: 'labels' }),
      };
    case 2:
      model.delete(name);
      return {
        ...{ key, method: 'DELETE', path: `${servers}/${name}?drain=false`, changes: 1 },
        grpc: grpc('Delete', { name, drain: false }),
      };
    case 3:
      model.set(name, key);
      return {
        ...{ key, method: 'PUT', path: `${servers}/${name}`, body: { labels, spec }, changes: 1 },
        grpc: grpc('Replace', { name, labels, spec }),
      };
    case 4: {
      const other = newName();
      for (const one of [name, other]) model.set(one, key);
      const at = `projects/default/clusters/${cluster}/virtual-services/http/real-servers`;
      const puts = (field: string) =>
        [name, other].map((one) => ({
          put: { resource: `${at}/${one}`, labels, [field]: { address: addressOf(index, one) } },
        }));
      return {
        ...{ key, method: 'POST', path: '/v1/change-sets', body: { changes: puts('spec') }, changes: 2 },
        grpc: ['lvsd.v1.DefinitionService/CreateChangeSet', { changes: puts('realServer') }],
      };
    }
    default:
      model.set(name, key);
      return {
        ...{ key, method: 'POST', path: servers, body: { name, labels, spec }, changes: 1 },
        grpc: grpc('Create', { name, labels, spec }),
      };
  }
}

function clusterOf(index: number): string {
  return `w${index}`;
}

function addressOf(index: number, name: string): string {
  const number = Number(name.slice(1));
  return `10.${index}.${number >> 8}.${number & 255}`;
}

async function makeCluster(index: number): Promise<void> {
  const spec = { protocol: 'tcp', address: `192.0.2.${index}`, port: 80 };
  const body = { virtualServices: { http: { spec } } };
  const { status } = await server.rest.call('PUT', `${CLUSTERS}/${clusterOf(index)}/definition`, { body });
  assert.equal(status, 201);
}

async function changesByKey(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let pageToken = ''; ; ) {
    const url = `/v1/audit-events?kind=change&pageSize=1000&pageToken=${encodeURIComponent(pageToken)}`;
    const page = await server.rest.get<{ items: AuditEvent[]; nextPageToken: string }>(url);
    for (const { requestId } of page.items) counts.set(requestId, (counts.get(requestId) ?? 0) + 1);
    pageToken = page.nextPageToken;
    if (pageToken === '') return counts;
  }
}

async function assertOnce(indexes: readonly number[], models: readonly Model[]): Promise<void> {
  const counts = await changesByKey();
  for (const { key, changes, method } of writes) assert.equal(counts.get(key), changes, `${key} ${method}`);
  for (const [position, index] of indexes.entries()) {
    const path = `${CLUSTERS}/${clusterOf(index)}/definition`;
    const { virtualServices } = await server.rest.get<Definition>(path);
    const stored = Object.entries(virtualServices.http?.realServers ?? {});
    const found = new Map(stored.map(([name, { labels }]) => [name, labels.key ?? '']));
    assert.deepEqual(found, models[position]);
  }
  const { intact, detail } = await server.rest.get<Integrity>('/v1/audit-events/integrity');
  assert.ok(intact, detail ?? '');
}

test(`${REST_WRITES} writes over REST whose connections are cut, under ${KILLS} kills, are each carried out once`, {
  timeout: 120_000,
}, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const indexes = Array.from({ length: WRITERS }, (_, index) => index + 1);
  for (const index of indexes) await makeCluster(index);
  const proxy = await proxyTo(new URL(server.restUrl).host, 4000);
  proxy.beginCutting();
  const send = overRest(proxy.address);
  const running = Promise.all(indexes.map((index) => writeAll(index, REST_WRITES / WRITERS, send)));
  const killing = (async () => {
    for (let kill = 1; kill <= KILLS; kill += 1) {
      while (tally.answered < (kill * REST_WRITES) / (KILLS + 1)) await sleep(1);
      await server.end('SIGKILL');
      await server.start();
    }
  })();
  const [models] = await Promise.all([running, killing]);
  await assertOnce(indexes, models);
  const { answered, lost, replayed } = tally;
  t.diagnostic(
    `${proxy.cuts} connections cut, ${lost} answers lost of ${answered + lost}, ${replayed} told again`,
  );
  assert.ok(proxy.cuts >= REST_WRITES / 10 && replayed > 100, 'too few cuts to mean anything');
});

test(`${GRPC_WRITES} writes over gRPC whose connections are cut are each carried out once`, {
  timeout: 120_000,
}, async (t) => {
  const index = WRITERS + 1;
  await makeCluster(index);
  const proxy = await proxyTo(server.grpcAddress, 5000);
  const client = await connectByReflection(proxy.address, { token, reconnectMs: 20 });
  after(() => client.close());
  proxy.beginCutting();
  const before = { ...tally };
  const model = await writeAll(index, GRPC_WRITES, overGrpc(client));
  await assertOnce([index], [model]);
  const lost = tally.lost - before.lost;
  const replayed = tally.replayed - before.replayed;
  t.diagnostic(`${proxy.cuts} connections cut, ${lost} answers lost, ${replayed} told again`);
  assert.ok(proxy.cuts >= GRPC_WRITES / 10 && lost > 0, 'too few cuts to mean anything');
});
