/** A snapshot, then changes: what a portal's cache is made of. */
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import type { Control, WatchOptions } from '../../src/control/control.js';
import type { ResourceItem, WatchItem } from '../../src/control/watch/items.js';
import { admin, callOf, createWorld, project, systemContext } from '../support/control-world.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { putShop } from '../support/shop.js';

type Cache = Map<string, { labels: unknown; spec: unknown; revision: number }>;

/** What a client does with an item. */
function applyItem(cache: Cache, item: WatchItem): void {
  if (item.type === 'removed') cache.delete(item.path);
  if (item.type === 'resource') {
    const { path } = item;
    const { labels, spec, revision } = resourceOf(item);
    cache.set(path, { labels, spec, revision });
  }
  if (item.type === 'event' && item.event.kind === 'change') {
    const { resource, after, id } = item.event;
    if (after === null) cache.delete(resource);
    else cache.set(resource, { labels: after.labels, spec: after.spec, revision: id });
  }
}

function resourceOf(item: ResourceItem) {
  if ('project' in item) return item.project;
  if ('cluster' in item) return item.cluster;
  return 'realServer' in item ? item.realServer : item.virtualService;
}

/** Follows until a resource of this path has been created. */
async function followUntil(
  control: Control,
  options: Omit<WatchOptions, 'signal'>,
  { cache, until }: { cache: Cache; until: string },
): Promise<number> {
  let synced = 0;
  const signal = AbortSignal.timeout(30_000);
  for await (const batch of control.auditEvents.watch(admin, { ...options, signal })) {
    for (const item of batch) {
      applyItem(cache, item);
      if (item.type === 'synced') synced = item.revision;
      if (item.type === 'event' && item.event.resource === until) return synced;
    }
  }
  return assert.fail('the stream ended');
}

test('a snapshot under writes, and what follows it, are what there is, whatever was created, changed and deleted meanwhile', async (t) => {
  const { control, store } = await createWorld(t).start();
  const realServers = (cluster: number, round: number) =>
    Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [
        `rs-${(n + round * 7) % 60}`,
        { spec: { address: `10.${cluster}.0.${((n + round * 7) % 60) + 1}`, weight: 1 + (round % 50) } },
      ]),
    );
  const put = (cluster: number, round: number) =>
    control.definitions.replace(
      admin,
      { ...project, cluster: `c${cluster}` },
      {
        virtualServices: {
          http: {
            spec: { protocol: 'tcp', address: `192.0.2.${cluster + 1}`, port: 80 },
            realServers: realServers(cluster, round),
          },
        },
      },
      { drain: false },
    );
  for (let cluster = 0; cluster < 12; cluster += 1) await put(cluster, 0);

  const last = 'projects/default/clusters/last';
  const cache: Cache = new Map();
  const following = followUntil(control, { snapshot: true }, { cache, until: last });
  for (let round = 1; round <= 24; round += 1) await put((round * 5) % 12, round);
  await control.clusters.delete(admin, { ...project, cluster: 'c3' }, { cascade: true, drain: false });
  await control.clusters.create(admin, project, { name: 'last' }, {});
  const synced = await following;
  assert.ok(synced > 0, 'there was an end of the snapshot');
  const end = store.read((reader) => reader.resource(last)?.revision ?? 0);
  assert.ok(synced < end, 'writes went on after it');
  const expected = store
    .read((reader) => reader.descendants('projects/default'))
    .map(({ path, labels, spec, revision }) => [path, { labels, spec, revision }] as const);
  assert.ok(expected.length > 400);
  assert.ok(cache.delete('projects/default'));
  assert.deepEqual(
    [...cache].sort(([a], [b]) => (a < b ? -1 : 1)),
    expected,
  );
});

test('a snapshot has what was chosen, and only what the caller may see', async (t) => {
  const { control, store } = await createWorld(t).start();
  await store.write(systemContext, (tx) =>
    tx.put({ kind: 'project', path: 'projects/blog', labels: {}, spec: {} }),
  );
  for (const where of [project, { project: 'blog' }]) {
    await control.clusters.create(admin, where, { name: 'shop' }, {});
    const address = where.project === 'blog' ? '192.0.2.9' : '192.0.2.8';
    const spec = { protocol: 'tcp', address, port: 80 };
    await control.virtualServices.create(admin, { ...where, cluster: 'shop' }, { name: 'http', spec }, {});
  }
  async function paths(options: Omit<WatchOptions, 'signal'>, call = admin): Promise<string[]> {
    const found: string[] = [];
    const signal = AbortSignal.timeout(10_000);
    for await (const batch of control.auditEvents.watch(call, { snapshot: true, ...options, signal })) {
      for (const item of batch) {
        if (item.type === 'resource') found.push(item.path.replace('projects/', ''));
        if (item.type === 'synced') return found;
      }
    }
    return assert.fail('the stream ended');
  }
  const [blog, other] = ['blog', 'default'].map((name) => [
    name,
    `${name}/clusters/shop`,
    `${name}/clusters/shop/virtual-services/http`,
  ]) as [string[], string[]];
  assert.deepEqual(await paths({}), [...blog, ...other]);
  assert.deepEqual(await paths({ project: 'blog' }), blog);
  assert.deepEqual(await paths({}, callOf({ role: 'viewer', project: 'blog' })), blog);
  assert.deepEqual(await paths({ resource: 'projects/default/clusters/shop' }), other.slice(1));
  assert.deepEqual(await paths({ resource: 'projects/default/clusters/sho' }), []);
  assert.deepEqual(await paths({ resource: 'projects/default', project: 'blog' }), []);
  assert.deepEqual(await paths({ resourceKind: ['virtual-service'] }), [blog[2], other[2]]);
  assert.deepEqual(await paths({ resource: 'directors' }), []);
});

test('a snapshot is taken where a stream cannot be resumed, and not where it can', async (t) => {
  const { control, store } = await createWorld(t).start();
  await control.clusters.create(admin, project, { name: 'shop' }, {});
  async function first(options: Omit<WatchOptions, 'signal'>): Promise<WatchItem | undefined> {
    const signal = AbortSignal.timeout(10_000);
    for await (const [item] of control.auditEvents.watch(admin, { snapshot: true, ...options, signal }))
      return item;
    return undefined;
  }
  const revision = store.read((reader) => reader.revision());
  assert.deepEqual(await first({ afterRevision: revision }), { type: 'heartbeat', revision });
  assert.equal((await first({ afterRevision: revision + 1 }))?.type, 'resource');
  assert.equal((await first({}))?.type, 'resource');
});

test('a large snapshot lets others have their turns', async (t) => {
  const { control, store } = await createWorld(t).start();
  await control.clusters.create(admin, project, { name: 'shop' }, {});
  await store.write(systemContext, (tx) => {
    const service = 'projects/default/clusters/shop/virtual-services/http';
    const spec = { protocol: 'tcp', address: '192.0.2.1', port: 80, forwarding: null };
    tx.put({ kind: 'virtualService', path: service, labels: {}, spec });
    for (let n = 0; n < 10_000; n += 1) {
      const address = `10.0.${n >> 8}.${n & 255}`;
      const server = { address, port: null, weight: 1, adminState: 'active', forwarding: null };
      tx.put({ kind: 'realServer', path: `${service}/real-servers/rs-${n}`, labels: {}, spec: server });
    }
  });
  const resource = 'projects/default/clusters/shop';
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const began = performance.now();
  delay.enable();
  let sent = 0;
  const signal = AbortSignal.timeout(60_000);
  for await (const batch of control.auditEvents.watch(admin, { resource, snapshot: true, signal })) {
    sent += batch.filter(({ type }) => type === 'resource').length;
    if (batch.some(({ type }) => type === 'synced')) break;
  }
  delay.disable();
  const tookMs = performance.now() - began;
  assert.equal(sent, 10_002);
  t.diagnostic(
    `10,002 resources in ${Math.round(tookMs)} ms, longest block ${Math.round(delay.max / 1e6)} ms`,
  );
  assert.ok(delay.max / 1e6 < tookMs / 4, `one turn took ${delay.max / 1e6} ms of ${tookMs}`);
});

test('both doors send the same snapshot', async (t) => {
  const server = await startTestServer();
  t.after(() => server.stop());
  const rest = createRestClient(server);
  await putShop(rest);
  const client = await connectByReflection(server.grpcAddress, { token: server.adminToken });
  t.after(() => client.close());

  const response = await fetch(`${server.url}/v1/events?snapshot=true&project=default`, {
    headers: { authorization: `Bearer ${server.adminToken}` },
  });
  let text = '';
  assert.ok(response.body);
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (/event: synced\ndata: .*\n\n/.test(text)) break;
  }
  const frames = text.split('\n\n').slice(1, -1);
  const overRest = frames.map((frame) => /^(?:id: (\d+)\n)?event: (\w+)\ndata: (.*)$/.exec(frame)?.slice(1));
  assert.deepEqual(
    overRest.map((frame) => frame?.[1]),
    [...overRest.slice(1).map(() => 'resource'), 'synced'],
  );
  assert.ok(overRest.length > 3);
  assert.ok(
    overRest.slice(0, -1).every((frame) => frame?.[0] === undefined),
    'only synced is a resume point',
  );
  const last = overRest.at(-1);
  assert.deepEqual(JSON.parse(last?.[2] ?? ''), { revision: Number(last?.[0]) });

  const WATCH = 'lvsd.v1.AuditService/Watch';
  const stream = client.stream(WATCH, { snapshot: true, project: 'default' });
  const overGrpc: Record<string, unknown>[] = [];
  for await (const bytes of stream as AsyncIterable<Buffer>) {
    const item = client.decode(WATCH, bytes);
    overGrpc.push(item);
    if (item.synced) break;
  }
  assert.deepEqual(overGrpc.at(-1), { synced: { revision: last?.[0] } });
  const paths = overRest.slice(0, -1).map((frame) => JSON.parse(frame?.[2] ?? ''));
  assert.deepEqual(
    overGrpc.slice(0, -1).map(({ resource }) => Object.keys(resource as object)),
    paths.map((item) => Object.keys(item)),
  );
  for (const item of paths) {
    const kind = Object.keys(item)[1] ?? '';
    const { body } = await rest<{ items: { name: string }[] }>(
      'GET',
      `/v1/${item.path.replace(/\/[^/]+$/, '')}`,
    );
    const listed = body.items.find(({ name }) => item.path.endsWith(`/${name}`));
    assert.deepEqual(item[kind], listed, item.path);
  }
});
