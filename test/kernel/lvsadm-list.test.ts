/** lvsadm prints what ipvsadm prints, sets what it sets on the director, and restores as it restores. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restoreLines } from '../../src/cli/lvsadm/restore.js';
import { COMMANDS, OPTIONS } from '../../src/formats/ipvsadm/options.js';
import { readWords } from '../../src/formats/ipvsadm/popt.js';
import { CALL, sendTo } from '../support/datagrams.js';
import { createKernelServer, NO_INTERVAL } from '../support/kernel-server.js';
import { compare, createLvsadm, createReference, ipvsadm, wordsOf } from '../support/lvsadm.js';
import { type LvsadmCase, TABLE_CASES } from '../support/lvsadm-cases.js';
import { LIST_CASES } from '../support/lvsadm-list-cases.js';

createReference();
const server = await createKernelServer({ intervalSeconds: NO_INTERVAL });
await server.start();
const lvsadm = await createLvsadm(server);

for (const one of LIST_CASES) {
  test(one.shows, () => compare(one, lvsadm));
}

test('the cases have every command and option that ipvsadm --help names', async () => {
  const [help, version] = ipvsadm([{ words: ['--help'] }, { words: ['-v'] }]);
  const named = [...(help?.stdout ?? '').matchAll(/^ {2}(--[a-z0-9-]+)(?:[ |]+(-\w)(?:\|(-\w))?)?/gm)];
  assert.ok(named.length > 50, help?.stdout);
  const used = new Set([...TABLE_CASES, ...LIST_CASES].flatMap(({ lines }) => lines.flatMap(usedBy)));
  for (const [, long = '', ...short] of named) {
    const known = [...Object.values(COMMANDS), ...OPTIONS].find((one) => `--${one.long}` === long);
    assert.ok(known, `the parser does not know ${long}`);
    for (const letter of short) if (letter) assert.ok(known.short.includes(letter.slice(1)), letter);
    if (long !== '--help') assert.ok(used.has(known.long), `no case has ${long}`);
  }
  assert.deepEqual([help?.status, version?.status], [0, 0]);
  for (const words of [['-h'], ['--help'], ['-v']]) assert.equal((await lvsadm(words)).status, 0);
});

function usedBy(line: LvsadmCase['lines'][number]): string[] {
  const all = typeof line === 'string' ? [wordsOf(line)] : [['-R'], ...restoreLines(line.restore)];
  return all.flatMap((words) =>
    readWords(words).occurrences.map(
      ({ command, option }) => option?.long ?? COMMANDS[command ?? 'list'].long,
    ),
  );
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
  const hint =
    /lvsadm: lvsd did not make tcp\/10\.0\.0\.9:80\S* and does not change it: adopt it first, with POST \/v1\/\S+\.\n$/;
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

test('connections and persistence templates are listed, with numbers and with names', async () => {
  const dns = ['-u', '127.0.0.1:53'];
  await lvsadm(['-A', ...dns, '-s', 'rr', '-p', '3600']);
  await lvsadm(['-a', ...dns, '-r', '127.0.0.1:5300', '-m']);
  await lvsadm(['-A', '-u', '127.0.0.1:5060', '-s', 'rr', '-p', '3600', '--pe', 'sip']);
  await lvsadm(['-a', '-u', '127.0.0.1:5060', '-r', '127.0.0.1:5300', '-m']);
  await sendTo('127.0.0.1', 53, 'x');
  await sendTo('127.0.0.1', 5060, CALL);
  for (const line of ['-Lnc', '-Lc', '-L -c --persistent-conn -n', '-lc --persistent-conn']) {
    const words = wordsOf(line);
    const [theirs] = ipvsadm([{ words }], 'here');
    const ours = await lvsadm(words);
    assert.deepEqual([ours.status, timeless(ours.stdout)], [0, timeless(theirs?.stdout ?? '')], line);
    assert.ok(ours.stdout.split('\n').length >= 6, ours.stdout);
  }
  await lvsadm(['-C']);
});

function timeless(text: string): string {
  return text.replaceAll(/ \d\d:\d\d /g, ' MM:SS ');
}
