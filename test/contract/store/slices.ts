import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DomainError } from '../../../src/domain/errors.js';
import type { Slices } from '../../../src/domain/slices.js';
import type { Store, Transaction } from '../../../src/store/store.js';
import { cluster, context, type StoreSubject } from './subject.js';

/** A write that puts a cluster, waits until it is let go on, and puts another. */
function longWrite(store: Store, { fails = false, dryRun = false } = {}) {
  let isHeld = true;
  let begun = (): void => undefined;
  const started = new Promise<void>((resolve) => {
    begun = resolve;
  });
  function* change(tx: Transaction): Slices<string> {
    tx.put(cluster('first'));
    begun();
    while (isHeld) yield;
    tx.put(cluster('second'));
    if (fails) throw new DomainError('ETAG_MISMATCH', 'not at that revision');
    return 'done';
  }
  const written = store.write(context, change, { dryRun });
  written.catch(() => undefined);
  return {
    written,
    started,
    goOn() {
      isHeld = false;
    },
  };
}

function names(store: Store): string[] {
  const query = { kind: 'cluster', parent: 'projects/default', limit: 100 } as const;
  return store.read((reader) => reader.resources(query).map(({ path }) => path.split('/').at(-1) ?? ''));
}

export function describeSlices({ create }: StoreSubject): void {
  test('while a long write is under way, reads see what was before it', async (t) => {
    const store = create(t).open();
    const heard: number[] = [];
    store.onCommit((revision) => heard.push(revision));
    const { written, started, goOn } = longWrite(store);
    await started;
    assert.deepEqual(names(store), []);
    assert.equal(
      store.read((reader) => reader.revision()),
      1,
    );
    assert.equal((await store.verify()).lastId, 1);
    assert.deepEqual(heard, []);
    goOn();
    const { value, revision, changes } = await written;
    assert.deepEqual([value, revision, changes.length], ['done', 3, 2]);
    assert.deepEqual(names(store), ['first', 'second']);
    assert.deepEqual(heard, [3]);
    assert.equal((await store.verify()).intact, true);
  });

  test('later writes wait for a long one, in their order, and see what it wrote', async (t) => {
    const store = create(t).open();
    const { written, started, goOn } = longWrite(store);
    await started;
    const order: string[] = [];
    const later = ['third', 'fourth'].map(async (name) => {
      const { value } = await store.write(context, (tx) => {
        tx.put(cluster(name));
        return tx.resources({ kind: 'cluster', parent: 'projects/default', limit: 100 }).length;
      });
      order.push(name);
      return value;
    });
    const dry = store.write(context, (tx) => tx.remove(cluster('second').path), { dryRun: true });
    await new Promise(setImmediate);
    assert.deepEqual([names(store), order], [[], []]);
    goOn();
    await written;
    assert.deepEqual(await Promise.all(later), [3, 4]);
    assert.equal((await dry).changes.length, 1);
    assert.deepEqual(order, ['third', 'fourth']);
    assert.deepEqual(names(store), ['first', 'fourth', 'second', 'third']);
  });

  test('what a long write throws undoes all of its slices, and those that came with it stay', async (t) => {
    const store = create(t).open();
    const { written, started, goOn } = longWrite(store, { fails: true });
    const neighbour = store.write(context, (tx) => tx.put(cluster('neighbour')).revision);
    await started;
    goOn();
    await assert.rejects(written, { reason: 'ETAG_MISMATCH' });
    assert.equal((await neighbour).value, 2);
    assert.deepEqual(names(store), ['neighbour']);
    assert.equal((await store.verify()).intact, true);
  });

  test('a long dry run leaves nothing', async (t) => {
    const store = create(t).open();
    const { written, started, goOn } = longWrite(store, { dryRun: true });
    await started;
    assert.deepEqual(names(store), []);
    goOn();
    assert.equal((await written).changes.length, 2);
    assert.deepEqual(names(store), []);
  });

  test('closing undoes a long write, and what it does not come to the end of behind it', async (t) => {
    const source = create(t);
    const store = source.open();
    const { written, started } = longWrite(store);
    await started;
    const behind = store.write(context, (tx) => tx.put(cluster('behind')).revision);
    const long = longWrite(store);
    store.close();
    await assert.rejects(written, { reason: 'SHUTTING_DOWN' });
    await assert.rejects(long.written, { reason: 'SHUTTING_DOWN' });
    await assert.rejects(behind, { reason: 'SHUTTING_DOWN' });
    assert.throws(() => names(store), { reason: 'SHUTTING_DOWN' });
    assert.deepEqual(names(source.open()), []);
  });

  test('closing commits short writes that wait behind a long one', async (t) => {
    const source = create(t);
    const store = source.open();
    const { written, started } = longWrite(store);
    await started;
    const behind = store.write(context, (tx) => tx.put(cluster('behind')).revision);
    store.close();
    await assert.rejects(written, { reason: 'SHUTTING_DOWN' });
    assert.equal((await behind).value, 2);
    assert.deepEqual(names(source.open()), ['behind']);
  });
}
