import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OwnedEntry } from '../../../src/store/store.js';
import { cluster, context, realServer, type StoreSubject, service } from './subject.js';

const config = { scheduler: 'wlc', schedulerFlags: [], onePacket: false, persistence: null } as const;

function entry(key: string, path: string, revision = 2): OwnedEntry {
  return {
    key,
    path,
    state: 'living',
    config,
    revision,
    drainSeconds: 0,
    drainDeadline: null,
    origin: 'fresh',
  };
}

const http = service('shop', 'http').path;
const web1 = realServer('shop', 'http', 'web-1').path;
const other = service('shop-2', 'http').path;

const ENTRIES = [
  entry('tcp/192.0.2.1:80', http),
  entry('tcp/192.0.2.1:80->10.0.0.1:80', web1),
  entry('tcp/192.0.2.1:8080', other),
  entry('tcp/192.0.2.1:8080->10.0.0.1:80', `${other}/real-servers/web-1`),
  entry('tcp/[2001:db8::1]:80', `${http}-v6`),
  entry('tcp/[2001:db8::1]:80->[2001:db8::10]:80', `${http}-v6/real-servers/web-1`),
  entry('fwmark/ipv4/8', `${http}-mark`),
  entry('fwmark/ipv4/80', `${http}-mark-2`),
];

export function describeEntries({ create }: StoreSubject): void {
  async function filled(t: Parameters<typeof create>[0]) {
    const store = create(t).open();
    await store.write(context, (tx) => {
      for (const one of ENTRIES) tx.putEntry(one);
    });
    return store;
  }

  test('an entry is found by its key, as it was put', async (t) => {
    const store = await filled(t);
    for (const one of ENTRIES)
      assert.deepEqual(
        store.read((reader) => reader.entry(one.key)),
        one,
      );
    assert.equal(
      store.read((reader) => reader.entry('tcp/192.0.2.1:443')),
      undefined,
    );
    assert.equal(
      store.read((reader) => reader.entryCount()),
      ENTRIES.length,
    );
  });

  test('what drains is found among the entries, by state and a page at a time, until it is removed', async (t) => {
    const store = await filled(t);
    const [first, second, third, fourth] = ENTRIES as [OwnedEntry, OwnedEntry, OwnedEntry, OwnedEntry];
    const drainDeadline = '2026-01-01T00:05:00.000Z';
    const leaving: OwnedEntry = { ...second, state: 'draining', drainSeconds: 300, drainDeadline };
    const staying: OwnedEntry = { ...fourth, drainSeconds: 60, drainDeadline };
    const service: OwnedEntry = { ...first, state: 'draining' };
    await store.write(context, (tx) => {
      for (const one of [leaving, staying, service]) tx.putEntry(one);
      tx.putEntry({ ...third, state: 'removing' });
    });
    const page = (after: string, limit: number) => store.read((reader) => reader.drains({ after, limit }));
    assert.deepEqual(
      store.read((reader) => reader.drainingEntries()),
      [service, leaving],
    );
    assert.deepEqual(page('', 9), [service, leaving, staying]);
    assert.deepEqual(page('', 2), [service, leaving]);
    assert.deepEqual(page(leaving.key, 2), [staying]);
    await store.write(context, (tx) => tx.putEntry({ ...leaving, state: 'removing', drainDeadline: null }));
    assert.deepEqual(page('', 9), [service, staying]);
  });

  test('the entries of a resource are its own and those below it, not those of a sibling', async (t) => {
    const store = await filled(t);
    const keys = (path: string) => store.read((reader) => reader.entriesOf(path).map(({ key }) => key));
    assert.deepEqual(keys(http), ['tcp/192.0.2.1:80', 'tcp/192.0.2.1:80->10.0.0.1:80']);
    assert.deepEqual(keys(web1), ['tcp/192.0.2.1:80->10.0.0.1:80']);
    assert.equal(keys(cluster('shop').path).length, 6);
    assert.deepEqual(keys(cluster('sho').path), []);
  });

  test('the entries of a frontend are the service and its destinations, not those of a longer port', async (t) => {
    const store = await filled(t);
    const keys = (frontend: string) =>
      store.read((reader) => reader.entriesOfFrontend(frontend).map(({ key }) => key));
    assert.deepEqual(keys('tcp/192.0.2.1:80'), ['tcp/192.0.2.1:80', 'tcp/192.0.2.1:80->10.0.0.1:80']);
    assert.deepEqual(keys('tcp/[2001:db8::1]:80'), [
      'tcp/[2001:db8::1]:80',
      'tcp/[2001:db8::1]:80->[2001:db8::10]:80',
    ]);
    assert.deepEqual(keys('fwmark/ipv4/8'), ['fwmark/ipv4/8']);
  });

  test('all entries are read in pages, ordered by key, every one once', async (t) => {
    const store = await filled(t);
    const found: OwnedEntry[] = [];
    for (let page = store.read((reader) => reader.entries({ after: '', limit: 3 })); page.length > 0; ) {
      found.push(...page);
      const after = page.at(-1)?.key ?? '';
      page = store.read((reader) => reader.entries({ after, limit: 3 }));
    }
    const byKey = (a: OwnedEntry, b: OwnedEntry) => (a.key < b.key ? -1 : 1);
    assert.deepEqual(found, ENTRIES.toSorted(byKey));
  });

  test('a write tells what became of each entry, from before its first change to after its last', async (t) => {
    const store = await filled(t);
    const [kept, removed, renewed] = ENTRIES as [OwnedEntry, OwnedEntry, OwnedEntry];
    const fresh = entry('udp/192.0.2.1:53', http);
    const { entryChanges } = await store.write(context, (tx) => {
      tx.putEntry(kept);
      tx.putEntry({ ...removed, state: 'removing' });
      tx.removeEntry(removed.key);
      tx.putEntry(entry('udp/192.0.2.1:54', http));
      tx.removeEntry('udp/192.0.2.1:54');
      tx.putEntry({ ...renewed, revision: 7 });
      tx.putEntry(fresh);
      tx.removeEntry('udp/192.0.2.1:99');
    });
    assert.deepEqual(entryChanges, [
      { key: removed.key, before: removed, after: null },
      { key: renewed.key, before: renewed, after: { ...renewed, revision: 7 } },
      { key: fresh.key, before: null, after: fresh },
    ]);
  });

  test('listeners hear of the entries of a commit before its writes resolve, and of no others', async (t) => {
    const store = create(t).open();
    const told: (string | undefined)[] = [];
    store.onEntryChanges((keys) => told.push(...keys));
    const [one, two] = ENTRIES as [OwnedEntry, OwnedEntry];
    await store.write(context, (tx) => tx.putEntry(one)).then(() => told.push('resolved'));
    await store.write(context, (tx) => tx.putEntry(one));
    await store.write(context, (tx) => tx.putEntry(two), { dryRun: true });
    await assert.rejects(
      store.write(context, (tx) => {
        tx.putEntry(two);
        throw new RangeError('undone');
      }),
      RangeError,
    );
    await store.write(context, function* (tx) {
      tx.removeEntry(one.key);
      yield;
      tx.putEntry(two);
    });
    assert.deepEqual(told, [one.key, 'resolved', one.key, two.key]);
  });

  test('how a fresh entry came into the kernel is settled once, whatever else of it changes', async (t) => {
    const store = create(t).open();
    const [made, found, fresh] = ENTRIES as [OwnedEntry, OwnedEntry, OwnedEntry];
    await store.write(context, (tx) => {
      for (const one of [made, found, fresh]) tx.putEntry(one);
    });
    const { entryChanges } = await store.write(context, (tx) => {
      tx.settleOrigin(made.key, 'made');
      tx.settleOrigin(found.key, 'found');
      tx.settleOrigin('udp/192.0.2.1:99', 'made');
    });
    assert.deepEqual(entryChanges, []);
    await store.write(context, (tx) => {
      tx.settleOrigin(made.key, 'found');
      tx.settleOrigin(found.key, 'made');
      tx.putEntry({ ...made, origin: 'made', revision: 7 });
    });
    assert.deepEqual(
      [made, found, fresh].map(({ key }) => store.read((reader) => reader.entry(key)?.origin)),
      ['made', 'found', 'fresh'],
    );
    await store.write(context, (tx) => tx.settleOrigin(fresh.key, 'made'), { dryRun: true });
    assert.equal(store.read((reader) => reader.entry(fresh.key))?.origin, 'fresh');
  });

  test('what the kernel is owed is remembered once, until it is told', async (t) => {
    const subject = create(t);
    const store = subject.open();
    await store.write(context, (tx) => {
      for (const key of ['b', 'a', 'b']) tx.putOwed(key);
    });
    await store.write(context, (tx) => tx.putOwed('c'), { dryRun: true });
    assert.deepEqual(
      store.read((reader) => reader.owed()),
      ['a', 'b'],
    );
    const { entryChanges } = await store.write(context, (tx) => {
      tx.removeOwed('a');
      tx.removeOwed('x');
    });
    assert.deepEqual(entryChanges, []);
    store.close();
    assert.deepEqual(
      subject.open().read((reader) => reader.owed()),
      ['b'],
    );
  });

  test('an entry outlives its resource', async (t) => {
    const store = create(t).open();
    await store.write(context, (tx) => {
      tx.put(cluster('shop'));
      tx.put(service('shop', 'http'));
      tx.putEntry(entry('tcp/192.0.2.1:80', http));
    });
    await store.write(context, (tx) => tx.remove(http));
    assert.equal(store.read((reader) => reader.entry('tcp/192.0.2.1:80'))?.path, http);
  });

  test('an address is served as long as it has a service or destination that is not being removed', async (t) => {
    const store = await filled(t);
    const isServed = (address: string) => store.read((reader) => reader.isServed(address));
    await store.write(context, (tx) => {
      tx.putEntry(entry('address/192.0.2.7', http));
      tx.putEntry(entry('snat/tcp/192.0.2.7:80', http));
      tx.putEntry(entry('udp/192.0.2.8:53', http));
    });
    for (const address of ['192.0.2.1', '192.0.2.8', '2001:db8::1']) assert.equal(isServed(address), true);
    for (const address of ['192.0.2.7', '192.0.2.10', '192.0.2', '2001:db8::10', '2001:db8::'])
      assert.equal(isServed(address), false, address);
    const key = 'udp/192.0.2.8:53';
    await store.write(context, (tx) => tx.putEntry({ ...entry(key, http), state: 'draining' }));
    assert.equal(isServed('192.0.2.8'), true);
    await store.write(context, (tx) => tx.putEntry({ ...entry(key, http), state: 'removing' }));
    assert.equal(isServed('192.0.2.8'), false);
  });
}
