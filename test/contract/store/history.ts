import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isWithin } from '../../../src/domain/names.js';
import type { AuditEvent } from '../../../src/domain/schema/audit-event.js';
import type { Store } from '../../../src/store/store.js';
import { cluster, context, PROJECT, realServer, type StoreSubject, service } from './subject.js';

const SHOPS = ['shop', 'shop-2', 'shop2'];
const PATHS = [
  PROJECT,
  ...SHOPS.map((name) => cluster(name).path),
  service('shop', 'http').path,
  realServer('shop', 'http', 'web1').path,
  'projects/default/clusters/none',
];

export function describeHistory({ create }: StoreSubject): void {
  test('the changes of a resource and of what is below it are found, and of nothing else', async (t) => {
    const store = create(t).open();
    await makeHistory(store);
    const all = store.read((reader) => reader.events({ order: 'descending', limit: 1000 }));
    const changes = all.filter(({ kind }) => kind === 'change');
    const isOf = (path: string) => (event: AuditEvent) => isWithin(event.resource, path);
    const revision = fc.nat(all.length + 2);
    fc.assert(
      fc.property(fc.constantFrom(...PATHS), revision, fc.integer({ min: 1, max: 30 }), (path, at, limit) => {
        store.read((reader) => {
          const before = changes.filter(isOf(path)).filter(({ id }) => id < at);
          assert.deepEqual(reader.changesOf({ path, before: at, limit }), before.slice(0, limit));
          const later = changes.filter(({ id }) => id > at).reverse();
          const first = new Map(
            later
              .filter(isOf(path))
              .reverse()
              .map((one) => [one.resource, one]),
          );
          const byPath = [...first.values()].sort((a, b) => (a.resource < b.resource ? -1 : 1));
          assert.deepEqual(reader.firstChangesAfter(path, at), byPath);
          assert.deepEqual(
            reader.nextChange(path, at),
            later.find(({ resource }) => resource === path),
          );
        });
      }),
      { numRuns: 300 },
    );
  });

  test('all revisions of a write lead to its first and its last change', async (t) => {
    const store = create(t).open({ clock: () => 0 });
    const put = (name: string, requestId: string) =>
      store.write({ ...context, requestId }, (tx) => {
        tx.put(cluster(`${name}1`));
        tx.record({ kind: 'drain', resource: '' });
        tx.put(cluster(`${name}2`));
        tx.record({ kind: 'drain', resource: '' });
      });
    await Promise.all([put('a', 'one'), put('b', 'two')]);
    await store.write(context, (tx) => tx.record({ kind: 'auth', resource: '' }));
    const ends = (id: number) => store.read((reader) => [reader.startOfWrite(id), reader.endOfWrite(id)]);
    assert.deepEqual([2, 3, 4].map(ends), [
      [2, 4],
      [2, 4],
      [2, 4],
    ]);
    assert.deepEqual(ends(5), [2, 5], 'what follows the last change shows what it changed');
    assert.deepEqual([6, 8].map(ends), [
      [6, 8],
      [6, 8],
    ]);
    assert.deepEqual(ends(10), [10, 10]);
    assert.deepEqual(ends(99), [99, 99]);
  });
}

/** Sixty writes, of which each puts or removes a few resources and records something that is no change. */
async function makeHistory(store: Store): Promise<void> {
  for (let n = 0; n < 60; n += 1) {
    const spec = { description: `d${n}` };
    const name = SHOPS[n % SHOPS.length] ?? '';
    await store.write({ ...context, requestId: `r${n}` }, (tx) => {
      tx.record({ kind: 'auth', resource: cluster(name).path });
      tx.put(cluster(name, spec));
      if (name !== 'shop') return;
      const below = [service('shop', 'http'), realServer('shop', 'http', 'web1')];
      if (n % 2 === 0) for (const one of below) tx.put({ ...one, spec });
      else for (const { path } of below.reverse()) tx.remove(path);
    });
  }
}
