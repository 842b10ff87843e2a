import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type Archiver, createArchiver } from '../../src/archive/archiver.js';
import { createRetention } from '../../src/archive/retention.js';
import { verifyFile } from '../../src/archive/verify-file.js';
import { verifyFiles } from '../../src/archive/verify-files.js';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import type { Store } from '../../src/store/store.js';
import {
  admin,
  callOf,
  createShop,
  createWorld,
  eventually,
  failsWith,
  http,
  shop,
  systemContext,
  web1,
} from '../support/control-world.js';
import { sqliteSource, temporaryDirectory } from '../support/sqlite-source.js';

const FUTURE = '2999-01-01T00:00:00.000Z';
const request = { context: systemContext, before: FUTURE, gzip: false };

test('archived events are in a file, one a line, to the letter, and not in the log any more', async (t) => {
  const { store, archiver, directory } = await filled(t, 30);
  const events = store.read((reader) => reader.events({ order: 'ascending', limit: 1000 }));
  for (const gzip of [false, true]) {
    const archive = await archiver.next({ ...request, gzip });
    assert.ok(archive);
    const packed = readFileSync(join(directory, archive.file));
    const text = (gzip ? gunzipSync(packed) : packed).toString();
    const lines = text.split('\n').slice(0, -1);
    if (!gzip)
      assert.deepEqual(
        lines.map((line) => JSON.parse(line) as AuditEvent),
        events,
      );
    const { time: _time, revision, file: _file, ...range } = archive;
    assert.deepEqual(await verifyFile(join(directory, archive.file)), range);
    const [oldest] = store.read((reader) => reader.events({ order: 'ascending', limit: 1 }));
    assert.deepEqual([oldest?.id, oldest?.previousHash], [archive.lastId + 1, archive.lastHash]);
    assert.equal(revision, oldest?.id, 'the oldest that is left says so');
    assert.equal((await store.verify()).intact, true);
  }
  const files = readdirSync(directory).map((file) => join(directory, file));
  const whole = await verifyFiles(files.reverse());
  assert.deepEqual([whole.firstId, whole.lastId], [1, store.read((reader) => reader.archivedThrough().id)]);
});

test('what is as it is now does not depend on archived events, and the past says where it is', async (t) => {
  const { control, store } = await createWorld(t).start();
  await createShop(control);
  const definition = await control.definitions.get(admin, shop);
  const { archives, events, remaining } = await control.auditArchives.create(admin, { keepDays: 0 }, {});
  const [archive] = archives;
  assert.ok(archive);
  assert.deepEqual([events, remaining <= 1], [archive.lastId, true]);
  assert.deepEqual((await control.auditArchives.list(admin, {})).items, archives);
  assert.deepEqual(await control.definitions.get(admin, shop), definition);
  await control.realServers.update(admin, web1, { spec: { weight: 3 } }, {});
  const { definition: past } = await control.definitions.get(admin, shop, { revision: archive.lastId });
  assert.deepEqual(past, definition.definition, 'as of the end of the archive');
  const named = failsWith('REVISION_ARCHIVED', ({ metadata }) => assert.equal(metadata.file, archive.file));
  await assert.rejects(control.definitions.get(admin, shop, { revision: 2 }), named);
  await assert.rejects(control.history.get(admin, http, 2), named);
  await assert.rejects(control.history.diff(admin, shop, { from: 2 }), named);
  await assert.rejects(control.auditEvents.get(admin, 2), named);
  assert.equal((await control.history.diff(admin, shop, {})).patch.length, 1);
  const { items } = await control.history.list(admin, shop, {});
  assert.deepEqual(
    items.map(({ action }) => action),
    ['updateRealServer'],
  );
  const integrity = await control.auditEvents.integrity(admin);
  assert.deepEqual([integrity.intact, integrity.archivedThrough], [true, archive.lastId]);
  assert.ok(store.read((reader) => reader.event(archive.revision))?.after);
});

test('a watcher cannot resume where events have left the log, nor goes on there without being told', async (t) => {
  const { control, store } = await createWorld(t).start();
  await createShop(control);
  const { signal } = new AbortController();
  const lagging = control.auditEvents.watch(admin, { afterRevision: 2, signal })[Symbol.asyncIterator]();
  await lagging.next();
  await control.auditArchives.create(admin, { keepDays: 0 }, {});
  const archived = store.read((reader) => reader.archivedThrough().id);
  const tooOld = failsWith('REVISION_ARCHIVED', ({ message }) =>
    assert.match(message, /read everything anew/),
  );
  await assert.rejects(async () => lagging.next(), tooOld);
  assert.throws(() => control.auditEvents.watch(admin, { afterRevision: archived - 1, signal }), tooOld);
  for (const afterRevision of [0, archived]) {
    for await (const items of control.auditEvents.watch(admin, { afterRevision, signal })) {
      const [first] = items.flatMap((item) => (item.type === 'event' ? [item.event.id] : []));
      if (first === undefined) continue;
      assert.equal(first, archived + 1, 'all that the log has');
      break;
    }
  }
});

test('only what is before the time goes, no write is torn apart, and writes go on', async (t) => {
  let now = Date.UTC(2026, 0, 1);
  const { open } = sqliteSource(t);
  const store = open({ clock: () => now });
  const directory = temporaryDirectory(t);
  await write(store, 20, 4);
  const [, , third] = store.read((reader) => reader.events({ order: 'ascending', limit: 3 }));
  now += 86_400_000;
  await write(store, 3, 1);
  const archiver = createArchiver({ store, directory, eventsPerFile: 10 });
  const before = new Date(now).toISOString();
  assert.equal(archiver.count(before), 81);
  assert.equal(archiver.count(third?.time ?? ''), 0);
  const files: number[] = [];
  const busy = write(store, 30, 1);
  for (;;) {
    const archive = await archiver.next({ ...request, before });
    if (archive === undefined) break;
    files.push(archive.lastId - archive.firstId + 1);
    assert.equal((archive.lastId - 1) % 4, 0, 'four events a write, after that of the first start');
  }
  await busy;
  assert.deepEqual(files, [9, 8, 8, 8, 8, 8, 8, 8, 8, 8]);
  assert.equal(archiver.count(before), 0);
  const paths = readdirSync(directory).map((file) => join(directory, file));
  assert.equal((await verifyFiles(paths)).lastId, 81);
  assert.equal((await store.verify()).intact, true);
});

test('a run that was killed before or after the database heard of the file is finished by the next', async (t) => {
  const { store, archiver, directory } = await filled(t, 10);
  const whole = await archiver.next({ ...request, gzip: false });
  assert.ok(whole);
  await write(store, 10, 1);
  // the file is there, and no row: as made by another archiver whose process ended at once
  const stopping = { ...store, write: () => Promise.reject(new Error('killed')) } as Store;
  const first = createArchiver({ store: afterFinish(stopping, store), directory });
  await assert.rejects(first.next(request), /killed/);
  const left = readdirSync(directory).filter((file) => file !== whole.file);
  assert.equal(left.length, 1);
  assert.equal((await store.verify()).archivedThrough, whole.lastId);
  await write(store, 3, 1);
  const taken = await archiver.next(request);
  assert.equal(taken?.file, left[0], 'the file that is there is taken up');
  // the row is there, and so are the events
  const draft = store.read((reader) => {
    const { id, hash } = reader.archivedThrough();
    const last = reader.event(reader.revision());
    return { firstId: id + 1, previousHash: hash, lastId: last?.id ?? 0, lastHash: last?.hash ?? '' };
  });
  await store.write(systemContext, (tx) =>
    tx.archive({ ...draft, file: 'by-hand.ndjson', bytes: 1, sha256: 'f' }),
  );
  assert.equal((await store.verify()).intact, true);
  const retention = createRetention({ archiver, days: null, now: () => new Date(), logger: silent });
  retention.start();
  await retention.stop();
  const [oldest] = store.read((reader) => reader.events({ order: 'ascending', limit: 1 }));
  assert.equal(oldest?.id, draft.lastId + 1);
});

test('a file of another database is not taken for this one’s, and nothing leaves the log', async (t) => {
  const { store, archiver, directory } = await filled(t, 5);
  const other = await filled(t, 5);
  const foreign = await other.archiver.next(request);
  assert.ok(foreign);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, foreign.file), readFileSync(join(other.directory, foreign.file)));
  const before = store.read((reader) => reader.revision());
  await assert.rejects(archiver.next(request), /belongs to another database/);
  assert.deepEqual(
    [store.read((reader) => reader.revision()), (await store.verify()).archivedThrough],
    [before, 0],
  );
});

test('a changed, cut off or missing line of a file is found', async (t) => {
  const { archiver, directory } = await filled(t, 5);
  const archive = await archiver.next(request);
  const path = join(directory, archive?.file ?? '');
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');
  const copy = join(dirname(path), 'copy.ndjson');
  for (const [changed, fault] of [
    [text.replace('"principal":"system"', '"principal":"nobody"'), /was edited/],
    [text.slice(0, -9), /middle of a line/],
    [lines.filter((_, index) => index !== 2).join('\n'), /missing before event 4/],
    [`${lines[1]}\n${lines[0]}\n`, /does not follow|missing/],
    [text.replace('\n', '\nnothing\n'), /no event/],
    ['', /there is no event/],
  ] as const) {
    writeFileSync(copy, changed);
    await assert.rejects(verifyFile(copy), fault);
  }
  await assert.rejects(verifyFile(join(directory, 'none')), /cannot be read/);
  writeFileSync(`${copy}.gz`, text);
  await assert.rejects(verifyFile(`${copy}.gz`), /cannot be read/);
});

test('the server archives by itself what is older than its setting', async (t) => {
  let now = Date.UTC(2026, 0, 1);
  const store = sqliteSource(t).open({ clock: () => now });
  await write(store, 5, 1);
  const newest = store.read((reader) => reader.revision());
  const archiver = createArchiver({ store, directory: temporaryDirectory(t) });
  const through = () => store.read((reader) => reader.archivedThrough().id);
  for (const [days, archived] of [
    [29, 0],
    [31, newest],
  ] as const) {
    now = Date.UTC(2026, 0, 1 + days);
    const retention = createRetention({ archiver, days: 30, now: () => new Date(now), logger: silent });
    retention.start();
    await eventually(() => through() === archived);
    await retention.stop();
    assert.equal(through(), archived);
  }
  const [event] = store.read((reader) => reader.events({ order: 'descending', limit: 1 }));
  assert.deepEqual([event?.actor.principal, event?.reason], ['system', 'keeps 30 days']);
});

test('only an administrator of the whole server archives, and says which events', async (t) => {
  const { control } = await createWorld(t).start();
  const denied = failsWith('PERMISSION_DENIED');
  const { auditArchives } = control;
  await assert.rejects(auditArchives.create(callOf({ role: 'editor' }), { keepDays: 1 }, {}), denied);
  await assert.rejects(auditArchives.create(callOf({ project: 'default' }), { keepDays: 1 }, {}), denied);
  const invalid = failsWith('FIELD_INVALID');
  for (const body of [
    {},
    { keepDays: 1, before: '2026-01-01T00:00:00Z' },
    { before: FUTURE },
    { before: 'x' },
  ]) {
    await assert.rejects(auditArchives.create(admin, body, {}), invalid, JSON.stringify(body));
  }
  const preview = await auditArchives.create(admin, { keepDays: 0 }, { validateOnly: true });
  assert.deepEqual([preview.archives, preview.events, preview.remaining > 0], [[], 0, true]);
  assert.deepEqual((await auditArchives.list(admin, {})).items, []);
});

const silent = { info: () => undefined, error: (fields: object) => assert.fail(JSON.stringify(fields)) };

interface Filled {
  readonly store: Store;
  readonly archiver: Archiver;
  readonly directory: string;
}

async function filled(t: TestContext, events: number): Promise<Filled> {
  const store = sqliteSource(t).open();
  const directory = join(temporaryDirectory(t), 'audit-archive');
  await write(store, events, 1);
  return { store, directory, archiver: createArchiver({ store, directory }) };
}

let written = 0;

/** So many writes, each of so many resources. */
async function write(store: Store, writes: number, resources: number): Promise<void> {
  for (let n = 0; n < writes; n += 1) {
    written += 1;
    await store.write({ ...systemContext, requestId: `write-${written}` }, (tx) => {
      for (let i = 0; i < resources; i += 1) {
        const path = `projects/default/clusters/c${i}`;
        tx.put({ kind: 'cluster', path, labels: {}, spec: { description: `${written}` } });
      }
    });
  }
}

/** A store that fails from its second write on: the first removes what an earlier run left. */
function afterFinish(failing: Store, store: Store): Store {
  let writes = 0;
  return {
    ...failing,
    write: (...args: Parameters<Store['write']>) => {
      writes += 1;
      return writes === 1 ? store.write(...args) : failing.write(...args);
    },
  } as Store;
}
