import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainError } from '../../src/domain/errors.js';
import {
  admin,
  createShop,
  createWorld,
  failsWith,
  frontend,
  frontendText,
  http,
  shop,
  stored,
  summary,
  web1,
} from '../support/control-world.js';

const writers = Array.from({ length: 64 }, (_, n) => n);

test('a write that is overtaken by a deletion before it has answered answers what it wrote', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  await createShop(control);
  const moved = { ...frontend, port: 81 };
  const [replaced] = await Promise.all([
    control.virtualServices.replace(admin, http, { spec: moved }, {}),
    control.clusters.delete(admin, shop, { cascade: true, drain: false }),
  ]);
  assert.equal(stored(replaced).resource.spec.port, 81);
  assert.equal(stored(replaced).resource.status.key, 'tcp/192.0.2.10:81');
  await createShop(control);
  const virtualServices = { http: { spec: moved } };
  const [defined] = await Promise.all([
    control.definitions.replace(admin, shop, { virtualServices }, {}),
    control.clusters.delete(admin, shop, { cascade: true, drain: false }),
  ]);
  assert.equal(stored(defined).resource.definition.virtualServices.http?.spec.port, 81);
  // On a busy machine a document takes more than a turn to read: then the deletion comes first.
  const isLast = stored(defined).created;
  assert.equal((await world.hand.read()).size, isLast ? 1 : 0);
});

test('64 writers on one resource all have their turn, and the kernel has the last of them', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  await createShop(control);
  const answers = await Promise.all(
    writers.map((weight) => control.realServers.update(admin, web1, { spec: { weight } }, {})),
  );
  const seen = answers.map((answer) => stored(answer).resource);
  assert.deepEqual(
    seen.map(({ spec }) => spec.weight),
    writers,
  );
  assert.equal(new Set(seen.map(({ revision }) => revision)).size, 63 + 1);
  assert.equal(summary(await world.hand.read())[`${frontendText}->10.0.0.1:80`], 63);
});

test('64 writers on as many resources all succeed, and one that is refused is undone alone', async (t) => {
  const world = createWorld(t, { localBroadcasts: ['10.0.1.63'] });
  const { control, store } = await world.start();
  await createShop(control);
  const answers = await Promise.allSettled(
    writers.map((n) =>
      control.realServers.create(admin, http, { name: `w${n}`, spec: { address: `10.0.1.${n + 1}` } }, {}),
    ),
  );
  const refused = answers.flatMap((answer, n) => (answer.status === 'rejected' ? [n] : []));
  assert.deepEqual(refused, [62]);
  assert.equal((await world.hand.read()).size, 2 + 63);
  assert.equal(
    store.read((reader) => reader.entryCount()),
    2 + 63,
  );
  assert.equal((await control.auditEvents.integrity(admin)).intact, true);
});

test('of two writers with the same entity tag exactly one wins', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  for (let round = 1; round <= 100; round += 1) {
    const { etag: ifMatch } = await control.realServers.get(admin, web1);
    const answers = await Promise.allSettled(
      [2 * round, 2 * round + 1].map((weight) =>
        control.realServers.update(admin, web1, { spec: { weight } }, { ifMatch }),
      ),
    );
    const losers = answers.flatMap((one) => (one.status === 'rejected' ? [one.reason as DomainError] : []));
    assert.deepEqual(
      losers.map(({ reason }) => reason),
      ['ETAG_MISMATCH'],
    );
  }
});

test('of two creations of one name exactly one wins', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  const answers = await Promise.allSettled(
    ['10.0.0.2', '10.0.0.3'].map((address) =>
      control.realServers.create(admin, http, { name: 'web2', spec: { address } }, {}),
    ),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
});

test('a parent that is deleted while a child is made leaves no child behind', async (t) => {
  const world = createWorld(t);
  const { control, store } = await world.start();
  await createShop(control);
  const answers = await Promise.allSettled([
    control.virtualServices.delete(admin, http, { cascade: true }),
    control.realServers.create(admin, http, { name: 'web2', spec: { address: '10.0.0.2' } }, {}),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  assert.equal((await world.hand.read()).size, 0);
  assert.equal(
    store.read((reader) => reader.entryCount()),
    0,
  );
});

test('an entity tag that the resource has left behind is refused wherever it stands', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  const { etag, ...old } = await control.realServers.get(admin, web1);
  const current = stored(await control.realServers.update(admin, web1, { spec: { weight: 5 } }, {})).resource;
  const stale = failsWith('ETAG_MISMATCH', ({ metadata }) => assert.equal(metadata.etag, current.etag));
  await assert.rejects(control.realServers.replace(admin, web1, { ...old, etag }, {}), stale);
  await assert.rejects(control.realServers.replace(admin, web1, old, { ifMatch: etag }), stale);
  await assert.rejects(control.realServers.delete(admin, web1, { ifMatch: etag }), stale);
  await assert.rejects(control.realServers.replace(admin, web1, old, { onlyCreate: true }), stale);
  await control.realServers.replace(admin, web1, current, { ifMatch: `"1", ${current.etag}` });
});
