import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cluster, context, type StoreSubject } from './subject.js';

const HOUR = 3_600_000;
const at = (milliseconds: number) => new Date(milliseconds).toISOString();
const answer = (key: string, text = '{}') => ({
  principal: 'ci',
  key,
  fingerprint: 'print',
  needs: '[]',
  answer: text,
});

export function describeAnswers({ create }: StoreSubject): void {
  test('an answer is kept with its write, over a restart, and undone with it', async (t) => {
    const source = create(t);
    const store = source.open();
    const kept = (key: string, principal = 'ci') =>
      store.read((reader) => reader.answer({ principal, key }, at(0)));
    await store.write(context, (tx) => {
      tx.put(cluster('shop'));
      tx.putAnswer(answer('one', '{"a":1}'));
      assert.deepEqual(tx.answer({ principal: 'ci', key: 'one' }, at(0)), answer('one', '{"a":1}'));
    });
    await assert.rejects(
      store.write(context, (tx) => {
        tx.putAnswer(answer('undone'));
        throw new Error('no');
      }),
    );
    await store.write(context, (tx) => tx.putAnswer(answer('previewed')), { dryRun: true });
    assert.deepEqual(kept('one'), answer('one', '{"a":1}'));
    for (const key of ['undone', 'previewed', 'ONE']) assert.equal(kept(key), undefined);
    assert.equal(kept('one', 'other'), undefined);

    await store.write(context, (tx) => tx.putAnswer(answer('one', '{"a":2}')));
    store.close();
    const again = source.open();
    const found = again.read((reader) => reader.answer({ principal: 'ci', key: 'one' }, at(0)));
    assert.equal(found?.answer, '{"a":2}');
    await again.write(context, (tx) => tx.removeAnswer({ principal: 'ci', key: 'one' }));
    assert.equal(
      again.read((reader) => reader.answer({ principal: 'ci', key: 'one' }, at(0))),
      undefined,
    );
  });

  test('an answer ends, and those that have ended go a few at a time, the oldest first', async (t) => {
    let now = 0;
    const store = create(t).open({ clock: () => now });
    for (const key of ['a', 'b', 'c']) {
      now += HOUR;
      await store.write(context, (tx) => tx.putAnswer(answer(key)));
    }
    const left = (since: number) =>
      ['a', 'b', 'c'].filter((key) =>
        store.read((reader) => reader.answer({ principal: 'ci', key }, at(since))),
      );
    assert.deepEqual(left(0), ['a', 'b', 'c']);
    assert.deepEqual(left(2 * HOUR), ['b', 'c']);
    await store.write(context, (tx) => tx.pruneAnswers(at(3 * HOUR), 1));
    assert.deepEqual(left(0), ['b', 'c']);
    await store.write(context, (tx) => tx.pruneAnswers(at(3 * HOUR), 9));
    assert.deepEqual(left(0), ['c']);
  });
}
