import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { lockDataDirectory } from '../../src/store/sqlite/lock.js';
import { temporaryDirectory } from '../support/sqlite-source.js';

const LOCK = new URL('../../src/store/sqlite/lock.js', import.meta.url).href;

test('a data directory is locked by one at a time', (t) => {
  const directory = temporaryDirectory(t);
  const lock = lockDataDirectory(directory);
  assert.throws(() => lockDataDirectory(directory), {
    reason: 'STORE_UNAVAILABLE',
    message: `Another lvsd serves from the data directory ${directory}; stop it, or give this one another directory.`,
  });
  lock.release();
  lockDataDirectory(directory).release();
});

test('the lock of a process that was killed is free at once', async (t) => {
  const directory = temporaryDirectory(t);
  const script = `
    import { lockDataDirectory } from '${LOCK}';
    lockDataDirectory(process.argv[1]);
    console.log('locked');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => holder.kill('SIGKILL'));
  const ended = once(holder, 'exit');
  await once(holder.stdout, 'data');
  assert.throws(() => lockDataDirectory(directory), { reason: 'STORE_UNAVAILABLE' });
  holder.kill('SIGKILL');
  await ended;
  lockDataDirectory(directory).release();
});
