import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Slices } from '../../src/domain/slices.js';
import type { Store, Transaction } from '../../src/store/store.js';
import { cluster, context } from '../contract/store/subject.js';
import { sqliteSource } from '../support/sqlite-source.js';

const MANY = 2000;
/** SQLite's log has them all, and is not yet long enough to be written back by a COMMIT. */
const WRITTEN_BYTES = 1_000_000;
/** More than what counts as very long. */
const TAKES_MS = 800;

async function writeMuch(store: Store): Promise<void> {
  function* change(tx: Transaction): Slices<void> {
    const end = performance.now() + TAKES_MS;
    for (let index = 0; index < MANY; index += 1) {
      tx.put(cluster(`c${index}`));
      yield;
    }
    while (performance.now() < end) yield;
  }
  await store.write(context, change);
}

function clusters(store: Store): number {
  return store.read((reader) => reader.usage('default').cluster);
}

test('what a very long write has put into the log is written back without a later write', async (t) => {
  const source = sqliteSource(t);
  const store = source.open();
  await writeMuch(store);
  const size = () => statSync(source.file).size;
  for (const end = performance.now() + 20_000; size() < WRITTEN_BYTES && performance.now() < end; ) {
    await sleep(20);
  }
  assert.ok(size() >= WRITTEN_BYTES, `${size()} bytes`);
  await store.write(context, (tx) => tx.put(cluster('after')));
  assert.equal(clusters(store), MANY + 1);
  assert.equal((await store.verify()).intact, true);
});

test('a store that is closed before everything is written back has lost nothing', async (t) => {
  const source = sqliteSource(t);
  const first = source.open();
  await writeMuch(first);
  first.close();
  const second = source.open();
  assert.equal(clusters(second), MANY);
  assert.equal((await second.verify()).intact, true);
});
