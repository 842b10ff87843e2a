import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlarm } from '../../src/control/watch/alarm.js';
import { createEventLog } from '../../src/control/watch/event-log.js';
import type { WatchItem } from '../../src/control/watch/items.js';
import { follow } from '../../src/control/watch/watch.js';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import {
  admin,
  createShop,
  createWorld,
  project,
  shop,
  systemContext,
  web1,
} from '../support/control-world.js';

/** The first events of a stream, at most `count`. */
async function take(batches: AsyncIterable<readonly WatchItem[]>, count: number): Promise<AuditEvent[]> {
  const taken: AuditEvent[] = [];
  for await (const batch of batches) {
    taken.push(...batch.flatMap((item) => (item.type === 'event' ? [item.event] : [])));
    if (taken.length >= count) break;
  }
  return taken;
}

const limit = () => AbortSignal.timeout(10_000);

test('a watcher sees every event once, in order, and the history first when it asks for it', async (t) => {
  const { control, store } = await createWorld(t).start();
  await createShop(control);
  const past = store.read((reader) => reader.revision());
  const watching = take(control.auditEvents.watch(admin, { afterRevision: 0, signal: limit() }), past + 20);
  for (let weight = 1; weight <= 10; weight += 1) {
    await control.realServers.update(admin, web1, { spec: { weight: weight * 2 } }, {});
  }
  const ids = (await watching).map(({ id }) => id);
  assert.deepEqual(
    ids,
    Array.from({ length: past + 20 }, (_, n) => n + 1),
  );
});

test('a watcher resumes after the revision that it names, across more than a page', async (t) => {
  const { control, store } = await createWorld(t).start();
  await createShop(control);
  await Promise.all(
    Array.from({ length: 250 }, (_, n) => control.clusters.create(admin, project, { name: `c${n}` }, {})),
  );
  const newest = store.read((reader) => reader.revision());
  const seen = await take(
    control.auditEvents.watch(admin, { afterRevision: 5, signal: limit() }),
    newest - 5,
  );
  assert.deepEqual([seen[0]?.id, seen.at(-1)?.id], [6, newest]);
});

test('a watcher without a revision starts with the next event', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  const seen = take(control.auditEvents.watch(admin, { signal: limit() }), 1);
  await control.clusters.update(admin, shop, { labels: { team: 'web' } }, {});
  const [value] = await seen;
  assert.deepEqual([value?.action, value?.after?.labels], ['updateCluster', { team: 'web' }]);
});

test('an abort ends a watcher that waits', async (t) => {
  const { control } = await createWorld(t).start();
  const abort = new AbortController();
  const seen = take(control.auditEvents.watch(admin, { signal: abort.signal }), 1);
  setImmediate(() => abort.abort());
  assert.deepEqual(await seen, []);
});

test('a watcher sees what another process commits', async (t) => {
  const world = createWorld(t);
  const { control, store } = await world.start();
  const afterRevision = store.read((reader) => reader.revision());
  const seen = take(control.auditEvents.watch(admin, { afterRevision, signal: limit() }), 1);
  await world
    .openStore()
    .write(systemContext, (tx) => tx.put({ kind: 'project', path: 'projects/blog', labels: {}, spec: {} }));
  assert.deepEqual(
    (await seen).map(({ resource }) => resource),
    ['projects/blog'],
  );
});

test('a watcher to whom nothing happens hears that the server is alive, and up to which revision', async (t) => {
  const { control, store } = await createWorld(t).start();
  const log = createEventLog(store);
  const alarm = createAlarm(log);
  const from = log.revision();
  const options = { log, alarm, isChosen: () => false, from, signal: limit(), heartbeatMs: 200 };
  const beats = follow(options)[Symbol.asyncIterator]();
  assert.deepEqual((await beats.next()).value, [{ type: 'heartbeat', revision: from }]);
  assert.deepEqual((await beats.next()).value, [{ type: 'heartbeat', revision: from }]);
  await createShop(control);
  const newest = store.read((reader) => reader.revision());
  assert.ok(newest > from);
  assert.deepEqual((await beats.next()).value, [{ type: 'heartbeat', revision: newest }]);
});
