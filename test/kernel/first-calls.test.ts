// The README's first calls, word for word, on a real kernel and a server that was told nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { besideServer, pasteFirstCalls, readFirstCalls, withoutPadding } from '../support/first-calls.js';
import { ipvsadm, savedLines } from '../support/ipvsadm.js';

test('the first calls of the README do what it says, in the kernel', () =>
  besideServer({ http: '127.0.0.1:8080', variables: {} }, async (folder) => {
    const calls = readFirstCalls();
    await pasteFirstCalls(folder, calls);
    assert.deepEqual(await savedLines(), [
      '-A -t 192.168.10.88:80 -s wrr',
      '-a -t 192.168.10.88:80 -r 192.168.20.11:8080 -m -w 3',
      '-a -t 192.168.10.88:80 -r 192.168.20.12:8080 -m -w 1',
      '-A -u 192.168.10.88:53 -s rr',
      '-a -u 192.168.10.88:53 -r 192.168.20.21:53 -m -w 1',
    ]);
    assert.equal(withoutPadding(await ipvsadm('-Ln')), calls.table, 'ipvsadm prints what the README shows');
  }));
