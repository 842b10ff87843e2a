import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cluster, context, PROJECT, realServer, type StoreSubject, service } from './subject.js';

export function describeUsage({ create }: StoreSubject): void {
  test('a project knows how many resources it has, whatever is changed, undone or removed', async (t) => {
    const source = create(t);
    const store = source.open();
    const usage = (project = 'default') => store.read((reader) => reader.usage(project));
    assert.deepEqual(usage(), { cluster: 0, virtualService: 0, realServer: 0 });
    await store.write(context, (tx) => {
      tx.put({ kind: 'project', path: 'projects/blog', labels: {}, spec: {} });
      tx.put({ ...cluster('shop'), path: 'projects/blog/clusters/shop' });
      tx.put(cluster('shop'));
      tx.put(service('shop', 'http'));
      for (const name of ['a', 'b', 'c']) tx.put(realServer('shop', 'http', name));
      assert.deepEqual(tx.usage('default'), { cluster: 1, virtualService: 1, realServer: 3 });
    });
    await store.write(context, (tx) => {
      tx.put({ ...cluster('shop'), labels: { team: 'web' } });
      tx.remove(realServer('shop', 'http', 'a').path);
    });
    await assert.rejects(
      store.write(context, (tx) => {
        tx.put(cluster('undone'));
        throw new Error('no');
      }),
    );
    await store.write(context, (tx) => tx.put(cluster('previewed')), { dryRun: true });
    assert.deepEqual(usage(), { cluster: 1, virtualService: 1, realServer: 2 });
    assert.deepEqual(usage('blog'), { cluster: 1, virtualService: 0, realServer: 0 });
    assert.deepEqual(usage('blo'), { cluster: 0, virtualService: 0, realServer: 0 });
    await store.write(context, (tx) => {
      tx.remove('projects/blog/clusters/shop');
      tx.remove('projects/blog');
    });
    assert.deepEqual(usage('blog'), { cluster: 0, virtualService: 0, realServer: 0 });
    store.close();
    assert.deepEqual(
      source.open().read((reader) => reader.usage('default')),
      { cluster: 1, virtualService: 1, realServer: 2 },
    );
  });

  test('a write knows what was before it, what it has changed, and is checked at its end', async (t) => {
    const store = create(t).open();
    await store.write(context, (tx) => tx.put(cluster('shop')));
    const seen: string[] = [];
    await store.write(context, (tx) => {
      tx.atEnd('one', () => seen.push(...tx.changes().map(({ path }) => path)));
      tx.atEnd('one', () => seen.push('never'));
      tx.put({ ...cluster('shop'), labels: { a: 'b' } });
      tx.put({ ...cluster('shop'), labels: { a: 'c' } });
      tx.put(cluster('new'));
      assert.deepEqual(tx.before(cluster('shop').path)?.labels, {});
      assert.equal(tx.before(cluster('new').path), undefined);
      assert.equal(tx.before(PROJECT)?.kind, 'project');
      assert.deepEqual(seen, []);
    });
    assert.deepEqual(seen, [cluster('shop').path, cluster('new').path]);
    const refused = store.write(context, (tx) => {
      tx.atEnd('one', () => {
        throw new Error('too much');
      });
      tx.remove(cluster('new').path);
    });
    await assert.rejects(refused, /too much/);
    assert.ok(store.read((reader) => reader.resource(cluster('new').path)));
  });
}
