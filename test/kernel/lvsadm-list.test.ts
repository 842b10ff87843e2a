/** lvsadm prints what ipvsadm prints, sets what it sets on the director, and restores as it restores. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKernelServer, NO_INTERVAL } from '../support/kernel-server.js';
import { compare, createLvsadm, createReference, ipvsadm } from '../support/lvsadm.js';
import { LIST_CASES } from '../support/lvsadm-cases.js';

createReference();
const server = await createKernelServer({ intervalSeconds: NO_INTERVAL });
await server.start();
const lvsadm = await createLvsadm(server);

for (const one of LIST_CASES) {
  test(one.shows, () => compare(one, lvsadm));
}

test('unsorted, the list has the order of the kernel, foreign entries included', async () => {
  for (const port of [80, 443, 8080]) {
    await lvsadm(['-A', '-t', `10.0.0.1:${port}`]);
    for (const host of [3, 1, 2]) await lvsadm(['-a', '-t', `10.0.0.1:${port}`, '-r', `10.1.0.${host}`]);
  }
  const words = ['-Ln', '--nosort'];
  const [, listed] = ipvsadm([{ words: ['-A', '-u', '10.0.0.2:53'] }, { words }], 'here');
  assert.deepEqual(await lvsadm(words), listed);
  await lvsadm(['-C']);
  ipvsadm([{ words: ['-C'] }], 'here');
});

test('what others made is told apart: shown, never changed, and the way out is named', async () => {
  const foreign = ['-t', '10.0.0.9:80'];
  const server = [...foreign, '-r', '10.1.0.1'];
  ipvsadm([{ words: ['-A', ...foreign, '-s', 'rr'] }, { words: ['-a', ...server] }], 'here');
  const hint = /lvsadm: lvsd did not make tcp\/10\.0\.0\.9:80\S* and does not change it: adopt it first\.\n$/;
  for (const [words, first] of [
    [['-A', ...foreign], /^Service already exists\n/],
    [['-E', ...foreign], /^lvsadm: /],
    [['-D', ...foreign], /^lvsadm: /],
    [['-a', ...foreign, '-r', '10.1.0.2'], /^lvsadm: /],
    [['-e', ...server], /^lvsadm: /],
    [['-d', ...server], /^lvsadm: /],
  ] as const) {
    const { status, stderr } = await lvsadm(words);
    assert.equal(status, 255, words.join(' '));
    assert.match(stderr, first);
    assert.match(stderr, hint);
  }
  assert.equal((await lvsadm(['-C'])).status, 0);
  const saved = '-A -t 10.0.0.9:80 -s rr\n-a -t 10.0.0.9:80 -r 10.1.0.1:80 -g -w 1\n';
  assert.equal(ipvsadm([{ words: ['-Sn'] }, { words: ['-C'] }], 'here')[0]?.stdout, saved);
});
