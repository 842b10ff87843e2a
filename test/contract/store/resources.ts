import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nameOf } from '../../../src/domain/names.js';
import type { Labels } from '../../../src/domain/schema/common.js';
import { cluster, context, PROJECT, realServer, type StoreSubject, service } from './subject.js';

const START = Date.UTC(2026, 0, 1);

export function describeResources({ create }: StoreSubject): void {
  test('a new store holds the project default, and an event that says so', async (t) => {
    const store = create(t).open();
    const project = store.read((reader) => reader.resource(PROJECT));
    assert.equal(project?.kind, 'project');
    assert.equal(project?.revision, 1);
    const events = store.read((reader) => reader.events({ order: 'ascending', limit: 10 }));
    assert.deepEqual(
      events.map(({ id, resource, actor, transport }) => [id, resource, actor.principal, transport]),
      [[1, PROJECT, 'system', 'system']],
    );
  });

  test('real servers are found by their address, below a path, in the order of their paths', async (t) => {
    const store = create(t).open();
    const server = (shop: string, name: string, address: string) => ({
      ...realServer(shop, 'http', name),
      spec: { address },
    });
    await store.write(context, (tx) => {
      for (const name of ['shop', 'shop-2']) {
        tx.put(cluster(name));
        tx.put({ ...service(name, 'http'), spec: { address: '10.0.0.1' } });
        tx.put(server(name, 'web-2', '10.0.0.1'));
        tx.put(server(name, 'web-1', '10.0.0.1'));
        tx.put(server(name, 'web-3', '10.0.0.11'));
      }
    });
    const names = (path: string, address: string) =>
      store.read((reader) => reader.realServersAt(path, address).map((one) => one.path.slice(path.length)));
    assert.deepEqual(names(cluster('shop').path, '10.0.0.1'), [
      '/virtual-services/http/real-servers/web-1',
      '/virtual-services/http/real-servers/web-2',
    ]);
    assert.equal(names(PROJECT, '10.0.0.1').length, 4);
    assert.deepEqual(names('projects/other', '10.0.0.1'), []);
    assert.deepEqual(names(PROJECT, '10.0.0.9'), []);
  });

  test('the first virtual service at an address is found that passes a test, in all projects', async (t) => {
    const store = create(t).open();
    const at = (shop: string, name: string, address: string) => ({
      ...service(shop, name),
      spec: { address },
    });
    await store.write(context, (tx) => {
      for (const name of ['shop-2', 'shop']) {
        tx.put(cluster(name));
        tx.put(at(name, 'http', '192.0.2.1'));
        tx.put(at(name, 'https', '192.0.2.1'));
        tx.put(at(name, 'mail', '192.0.2.11'));
        tx.put({ ...realServer(name, 'http', 'web-1'), spec: { address: '192.0.2.9' } });
      }
    });
    const found = (address: string, test: (path: string) => boolean) =>
      store.read((reader) => {
        // another statement may run while one is being read from
        const passes = (one: { path: string }) => reader.resource(one.path) !== undefined && test(one.path);
        return reader.virtualServiceAt(address, passes)?.path;
      });
    assert.equal(
      found('192.0.2.1', () => true),
      service('shop-2', 'http').path,
    );
    assert.equal(
      found('192.0.2.1', (path) => path.includes('/shop/')),
      service('shop', 'http').path,
    );
    assert.equal(
      found('192.0.2.1', () => false),
      undefined,
    );
    assert.equal(
      found('192.0.2.9', () => true),
      undefined,
    );
  });

  test('a subtree is the resource and everything below it, in pages without a hole or what is beside it', async (t) => {
    const store = create(t).open();
    await store.write(context, (tx) => {
      for (const name of ['shop-2', 'shop', 'shop0']) {
        tx.put(cluster(name));
        tx.put(service(name, 'http'));
        for (const server of ['web-1', 'web-2', 'web-3']) tx.put(realServer(name, 'http', server));
      }
    });
    for (const { path } of [cluster('shop'), service('shop', 'http'), realServer('shop', 'http', 'web-1')]) {
      for (const limit of [1, 2, 3, 100]) {
        const found: string[] = [];
        for (let after = ''; ; after = found.at(-1) ?? '') {
          const page = store.read((reader) => reader.subtree({ path, after, limit }));
          assert.ok(page.length <= limit);
          found.push(...page.map((one) => one.path));
          if (page.length === 0) break;
        }
        const below = store.read((reader) => reader.descendants(path).map((one) => one.path));
        assert.deepEqual(found, [path, ...below]);
      }
    }
    assert.deepEqual(
      store.read((reader) => reader.subtree({ path: cluster('none').path, after: '', limit: 9 })),
      [],
    );
  });

  test('a store that is opened again is as it was left', async (t) => {
    const source = create(t);
    const first = source.open();
    await first.write(context, (tx) => tx.put(cluster('shop')));
    const before = first.read((reader) => [reader.revision(), reader.descendants(PROJECT)]);
    first.close();
    const again = source.open();
    assert.deepEqual(
      again.read((reader) => [reader.revision(), reader.descendants(PROJECT)]),
      before,
    );
  });

  test('putting a resource gives it the revision of its event, and keeps the time of its creation', async (t) => {
    let now = START;
    const store = create(t).open({ clock: () => now });
    const created = await store.write(context, (tx) => tx.put(cluster('shop')));
    now += 60_000;
    const replaced = await store.write(context, (tx) =>
      tx.put({ ...cluster('shop'), labels: { team: 'web' } }),
    );

    assert.equal(created.value.createTime, '2026-01-01T00:00:00.000Z');
    assert.deepEqual(replaced.value, {
      ...created.value,
      labels: { team: 'web' },
      revision: created.value.revision + 1,
      updateTime: '2026-01-01T00:01:00.000Z',
    });
    assert.equal(replaced.revision, replaced.value.revision);
    const event = store.read((reader) => reader.event(replaced.revision));
    assert.equal(event?.kind, 'change');
    assert.equal(event?.resource, created.value.path);
    assert.equal(event?.time, replaced.value.updateTime);
    assert.deepEqual(event?.before, { labels: {}, spec: { description: '' } });
    assert.deepEqual(event?.after, { labels: { team: 'web' }, spec: { description: '' } });
  });

  test('putting what is there already writes nothing, whatever the order of its members', async (t) => {
    const store = create(t).open();
    const first = await store.write(context, (tx) => tx.put(cluster('shop', { a: 1, b: { c: 2, d: 3 } })));
    const second = await store.write(context, (tx) => tx.put(cluster('shop', { b: { d: 3, c: 2 }, a: 1 })));
    assert.deepEqual(second, { ...first, changes: [] });
  });

  test('a removed resource is gone, and its event holds what it was', async (t) => {
    const store = create(t).open();
    const { value: shop } = await store.write(context, (tx) => tx.put(cluster('shop')));
    const removed = await store.write(context, (tx) => tx.remove(shop.path));
    assert.deepEqual(removed.changes, [{ path: shop.path, before: shop, after: null }]);
    store.read((reader) => {
      assert.equal(reader.resource(shop.path), undefined);
      const event = reader.event(removed.revision);
      assert.deepEqual(event?.before, { labels: {}, spec: { description: '' } });
      assert.equal(event?.after, null);
    });
  });

  test('a resource that is not there cannot be removed', async (t) => {
    const store = create(t).open();
    await assert.rejects(
      store.write(context, (tx) => tx.remove(cluster('shop').path)),
      TypeError,
    );
    assert.equal(
      store.read((reader) => reader.revision()),
      1,
    );
  });

  test('no resource can be without its parent', async (t) => {
    const store = create(t).open();
    await assert.rejects(store.write(context, (tx) => tx.put(service('shop', 'http'))));
    await store.write(context, (tx) => tx.put(cluster('shop')));
    await store.write(context, (tx) => tx.put(service('shop', 'http')));
    await assert.rejects(store.write(context, (tx) => tx.remove(cluster('shop').path)));
    assert.notEqual(
      store.read((reader) => reader.resource(cluster('shop').path)),
      undefined,
    );
  });

  test('children of one kind are listed by name, in pages, and the filter does not shorten a page', async (t) => {
    const store = create(t).open();
    const names = Array.from({ length: 30 }, (_, n) => `c${String(n).padStart(2, '0')}`);
    await store.write(context, (tx) => {
      for (const name of names.toReversed()) tx.put(cluster(name));
      tx.put(service('c01', 'not-a-cluster'));
    });
    const list = (after: string, limit: number) =>
      store.read((reader) =>
        reader
          .resources({
            kind: 'cluster',
            parent: PROJECT,
            after,
            limit,
            where: ({ path }) => Number(path.slice(-2)) % 3 === 0,
          })
          .map(({ path }) => nameOf(path)),
      );
    assert.deepEqual(list('', 4), ['c00', 'c03', 'c06', 'c09']);
    assert.deepEqual(list('c09', 4), ['c12', 'c15', 'c18', 'c21']);
    assert.deepEqual(list('c21', 4), ['c24', 'c27']);
    assert.deepEqual(list('', 0), []);
    const roots = store.read((reader) => reader.resources({ kind: 'project', parent: '', limit: 9 }));
    assert.deepEqual(
      roots.map(({ path }) => path),
      [PROJECT],
    );
  });

  test('descendants are those below the path, not siblings whose names begin alike', async (t) => {
    const store = create(t).open();
    const inside = [service('shop', 'http'), realServer('shop', 'http', 'web-1'), service('shop', 'http-2')];
    await store.write(context, (tx) => {
      for (const name of ['shop', 'shop-2', 'shop2', 'shops', 'sho']) tx.put(cluster(name));
      for (const resource of inside) tx.put(resource);
      tx.put(service('shop-2', 'http'));
    });
    assert.deepEqual(
      store.read((reader) => reader.descendants(cluster('shop').path)).map(({ path }) => path),
      inside.map(({ path }) => path).sort(),
    );
  });

  test('text that is no Unicode is refused, wherever it hides, and nothing is stored', async (t) => {
    const store = create(t).open();
    for (const half of ['\ud800', 'x\udfffy', '\udc00\ud800']) {
      for (const spec of [half, { a: [{ b: half }] }, { [half]: 1 }]) {
        const write = store.write(context, (tx) => tx.put(cluster('shop', { spec })));
        await assert.rejects(write, { reason: 'FIELD_INVALID' });
      }
    }
    assert.equal(
      store.read((reader) => reader.revision()),
      1,
    );
    await store.write(context, (tx) => tx.put(cluster('shop', { spec: '\ud83d\ude80' })));
  });

  test('labels and spec come back as they were put', async (t) => {
    const source = create(t);
    const store = source.open();
    const other = source.open();
    const text = fc.string({ unit: 'grapheme' });
    const labels: fc.Arbitrary<Labels> = fc.dictionary(text, text, { noNullPrototype: true });
    const spec = fc.dictionary(text, fc.jsonValue({ stringUnit: 'grapheme' }), { noNullPrototype: true });
    let n = 0;
    await fc.assert(
      fc.asyncProperty(labels, spec, async (someLabels, someSpec) => {
        n += 1;
        const resource = { ...cluster(`c${n}`, asJson(someSpec)), labels: someLabels };
        const { value } = await store.write(context, (tx) => tx.put(resource));
        assert.deepEqual(
          other.read((reader) => reader.resource(resource.path)),
          value,
        );
        assert.deepEqual(value.spec, resource.spec);
        assert.deepEqual(value.labels, resource.labels);
        const event = other.read((reader) => reader.event(value.revision));
        assert.deepEqual(event?.after, { labels: resource.labels, spec: resource.spec });
      }),
      { numRuns: 200 },
    );
    assert.equal((await other.verify()).intact, true);
  });
}

/** JSON has no -0. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
