import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import type { Store } from '../../src/store/store.js';
import { sqliteSource } from '../support/sqlite-source.js';
import { cluster } from './store/subject.js';

const CHILD = fileURLToPath(new URL('../support/store-child.js', import.meta.url));

test('what was acknowledged before kill -9 is there afterwards, and the chain is whole', async (t) => {
  const { file, open } = sqliteSource(t);
  open().close();
  for (let round = 0; round < 8; round += 1) {
    const child = spawn(process.execPath, [CHILD, file, `r${round}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const output = outputOf(child);
    await once(child.stdout, 'readable');
    await sleep(round * 13);
    child.kill('SIGKILL');
    const acknowledged = namesIn(await output);
    assert.ok(acknowledged.length > 0);

    const store = open();
    assertHas(store, acknowledged);
    assert.equal((await store.verify()).intact, true);
    store.close();
    const db = new Database(file);
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    db.close();
  }
});

test('processes that write at the same time, from the first start on, lose nothing', async (t) => {
  const { file, open } = sqliteSource(t);
  const children = ['a', 'b', 'c'].map((prefix) =>
    spawn(process.execPath, [CHILD, file, prefix, '20'], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const outputs = await Promise.all(children.map(outputOf));
  const store = open();
  const names = outputs.flatMap(namesIn);
  assert.equal(names.length, 3 * 20 * 8);
  assertHas(store, names);
  const { intact, events } = await store.verify();
  assert.deepEqual({ intact, events }, { intact: true, events: names.length + 1 });
});

test('a full disk refuses the whole group, and what was acknowledged before stays', async (t) => {
  const { file, open } = sqliteSource(t);
  open().close();
  const limited = 'ulimit -f 600; exec "$@"'; // blocks of 512 bytes, each file
  const child = spawn('/bin/sh', ['-c', limited, 'sh', process.execPath, CHILD, file, 'full'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = await outputOf(child);
  const failure = 'STORE_UNAVAILABLE\n';
  assert.ok(output.endsWith(failure), output);

  const store = open();
  const acknowledged = namesIn(output.slice(0, -failure.length));
  assert.ok(acknowledged.length > 0);
  assertHas(store, acknowledged);
  const { intact, events } = await store.verify();
  assert.deepEqual({ intact, events }, { intact: true, events: acknowledged.length + 1 });
});

async function outputOf(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout);
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return output;
}

/** Of whole lines: the last one may be cut. */
function namesIn(output: string): string[] {
  return output
    .split('\n')
    .slice(0, output.endsWith('\n') ? undefined : -1)
    .flatMap((line) => line.split(' ').filter(Boolean));
}

function assertHas(store: Store, names: readonly string[]): void {
  const missing = store.read((reader) =>
    names.filter((name) => reader.resource(cluster(name).path) === undefined),
  );
  assert.deepEqual(missing, []);
}
