import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Definition } from '../../src/domain/schema/definition.js';
import {
  admin,
  callOf,
  createShop,
  createWorld,
  failsWith,
  frontend,
  http,
  project,
  shop,
  stored,
  web1,
} from '../support/control-world.js';

const firstServer = { spec: { address: '10.0.0.1' } };
const servers = (weights: readonly number[]) =>
  Object.fromEntries(
    weights.map((weight, n) => [`web${n}`, { spec: { address: `10.0.0.${n + 1}`, weight } }]),
  );

test('a cluster reads as it was after every revision, however it came and went', async (t) => {
  const { control, store } = await createWorld(t).start();
  const was = new Map<number, Definition | null>();
  let seen = store.read((reader) => reader.revision());
  const remember = async () => {
    const now = await control.definitions.get(admin, shop).then(
      ({ definition }) => definition,
      () => null,
    );
    const revision = store.read((reader) => reader.revision());
    for (; seen < revision; seen += 1) was.set(seen + 1, now);
  };
  for (let n = 0; n < 12; n += 1) {
    const realServers = servers(Array.from({ length: n % 5 }, (_, i) => n + i));
    const virtualServices = { http: { spec: frontend, realServers }, ...(n % 3 === 0 && others(n)) };
    const call = { ...admin, requestId: `request-${n}` }; // two writes of one moment are not to look like one
    await control.definitions.replace(call, shop, { labels: { n: String(n) }, virtualServices }, {});
    await remember();
    if (n % 4 === 3) {
      await control.clusters.delete(admin, shop, { cascade: true });
      await remember();
    }
  }
  assert.ok(was.size > 40, String(was.size));
  for (const [revision, wanted] of was) {
    const asOf = control.definitions.get(admin, shop, { revision });
    if (wanted === null) await assert.rejects(asOf, failsWith('CLUSTER_NOT_FOUND'));
    else assert.deepEqual((await asOf).definition, wanted, `revision ${revision}`);
  }
});

function others(n: number) {
  return { dns: { spec: { protocol: 'udp', address: '192.0.2.53', port: 53 + n } } };
}

test('revisions say who, why and what in short, newest first, in pages', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  const caller = { ...callOf({ name: 'ci' }), requestId: 'ticket-1', reason: 'more traffic' };
  await control.realServers.update(caller, web1, { spec: { weight: 5 }, labels: { a: 'b' } }, {});
  const service = {
    spec: frontend,
    realServers: { web1: firstServer, web2: { spec: { address: '10.0.0.2' } } },
  };
  await control.definitions.replace(admin, shop, { virtualServices: { http: service } }, {});
  const { items } = await control.history.list(admin, shop, {});
  assert.deepEqual(
    items.map(({ action, summary, created, updated, deleted }) => [
      action,
      summary,
      created,
      updated,
      deleted,
    ]),
    [
      ['replaceDefinition', '1 created, 1 updated', 1, 1, 0],
      [
        'updateRealServer',
        'updated virtual-services/http/real-servers/web1: labels.a "b", spec.weight 1 -> 5',
        ...[0, 1, 0],
      ],
      ['createRealServer', 'created virtual-services/http/real-servers/web1', 1, 0, 0],
      ['createVirtualService', 'created virtual-services/http', 1, 0, 0],
      ['createCluster', 'created', 1, 0, 0],
    ],
  );
  const [, weight] = items;
  assert.deepEqual(
    [weight?.actor.principal, weight?.reason, weight?.requestId, weight?.undoneBy],
    ['ci', 'more traffic', 'ticket-1', null],
  );
  const paged = [];
  for (let pageToken = ''; ; ) {
    const page = await control.history.list(admin, shop, { pageSize: 2, pageToken });
    assert.ok(page.items.length <= 2);
    paged.push(...page.items);
    if (page.nextPageToken === '') break;
    pageToken = page.nextPageToken;
  }
  assert.deepEqual(paged, items);
  const ofServer = await control.history.list(admin, web1, {});
  assert.deepEqual(
    ofServer.items.map(({ summary }) => summary),
    [
      'updated: labels.a "b" removed, spec.weight 5 -> 1',
      'updated: labels.a "b", spec.weight 1 -> 5',
      'created',
    ],
  );
  assert.equal((await control.history.list(admin, http, {})).items.length, 4);
});

test('a write that the kernel refused is among the revisions, with the one that took it back', async (t) => {
  const world = createWorld(t, { localBroadcasts: ['10.0.0.255'] });
  const { control } = await world.start();
  await createShop(control);
  const body = { name: 'bad', spec: { address: '10.0.0.255' } };
  await assert.rejects(control.realServers.create(admin, http, body, {}), failsWith('KERNEL_REFUSED'));
  await control.realServers.create(admin, http, { name: 'bad', spec: { address: '10.0.0.9' } }, {});
  const { items } = await control.history.list(admin, { ...http, realServer: 'bad' }, {});
  const [good, undo, refused] = items;
  assert.deepEqual(
    items.map(({ action, summary }) => [action, summary]),
    [
      ['createRealServer', 'created'],
      ['undo', 'deleted'],
      ['createRealServer', 'created'],
    ],
  );
  assert.deepEqual([good?.undoneBy, undo?.undoneBy, refused?.undoneBy], [null, null, undo?.revision]);
});

test('a resource that is gone can still be read as it was', async (t) => {
  const { control, store } = await createWorld(t).start();
  await createShop(control);
  const { resource } = stored(await control.realServers.update(admin, web1, { spec: { weight: 7 } }, {}));
  await control.clusters.delete(admin, shop, { cascade: true });
  const past = await control.history.get(admin, web1, resource.revision);
  assert.deepEqual([past.revision, past.labels, past.spec], [resource.revision, {}, resource.spec]);
  assert.equal((await control.history.get(admin, web1, resource.revision - 1)).spec.weight, 1);
  const newest = store.read((reader) => reader.revision());
  await assert.rejects(
    control.history.get(admin, web1, newest),
    failsWith('REAL_SERVER_NOT_FOUND', ({ message }) => assert.match(message, /nor is there one now/)),
  );
  await assert.rejects(control.history.get(admin, web1, newest + 1), failsWith('REVISION_NOT_FOUND'));
  await assert.rejects(control.history.get(admin, web1, 0), failsWith('FIELD_INVALID'));
  await assert.rejects(control.definitions.get(admin, shop, { revision: 1.5 }), failsWith('FIELD_INVALID'));
  const never = { ...project, cluster: 'never' };
  await assert.rejects(control.history.list(admin, never, {}), failsWith('CLUSTER_NOT_FOUND'));
  await assert.rejects(control.history.get(admin, never, 1), failsWith('CLUSTER_NOT_FOUND'));
});

test('the difference is what the last write changed, unless revisions are named', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  const one = stored(await control.realServers.update(admin, web1, { spec: { weight: 5 } }, {})).resource;
  // one call, one request id: that is what tells the writes of one moment apart
  const next = { ...admin, requestId: 'request-2' };
  const two = stored(await control.realServers.update(next, web1, { spec: { weight: 9 } }, {})).resource;
  const path = '/virtualServices/http/realServers/web1/spec/weight';
  const last = await control.history.diff(admin, shop, {});
  assert.deepEqual(last.patch, [{ op: 'replace', path, value: 9 }]);
  assert.deepEqual([last.from, last.to >= two.revision], [two.revision - 1, true]);
  const before = { to: one.revision };
  assert.deepEqual((await control.history.diff(admin, shop, before)).patch, [
    { op: 'replace', path, value: 5 },
  ]);
  const back = await control.history.diff(admin, shop, { from: two.revision, to: one.revision });
  assert.deepEqual(back.patch, [{ op: 'replace', path, value: 5 }]);
  const whole = await control.history.diff(admin, shop, { from: 0 });
  const { definition } = await control.definitions.get(admin, shop);
  assert.deepEqual(whole.patch, [{ op: 'replace', path: '', value: definition }]);
  assert.equal(
    await control.history.diffText(admin, shop, { from: one.revision, to: two.revision }),
    `projects/default/clusters/shop, revision ${one.revision} to ${two.revision}

~ virtual-services/http/real-servers/web1
    spec.weight: 5 -> 9
`,
  );
  await control.clusters.delete(admin, shop, { cascade: true });
  assert.deepEqual((await control.history.diff(admin, shop, {})).patch, [
    { op: 'replace', path: '', value: null },
  ]);
});

test('history belongs to its project', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  const stranger = callOf({ role: 'admin', project: 'blog' });
  const hidden = failsWith('PROJECT_NOT_FOUND');
  await assert.rejects(control.history.list(stranger, shop, {}), hidden);
  await assert.rejects(control.history.get(stranger, web1, 5), hidden);
  await assert.rejects(control.history.diff(stranger, shop, {}), hidden);
  await assert.rejects(control.history.diffText(stranger, shop, {}), hidden);
  await assert.rejects(control.definitions.get(stranger, shop, { revision: 5 }), hidden);
});
