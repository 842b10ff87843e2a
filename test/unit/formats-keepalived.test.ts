import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expandRange } from '../../src/formats/address-range.js';
import { createTextFiles, findFiles } from '../../src/formats/config-files.js';
import { writeIpvsadmSave } from '../../src/formats/ipvsadm/write.js';
import { type KeepalivedImportOptions, readKeepalived } from '../../src/formats/keepalived/read.js';
import { parseRepetition } from '../../src/formats/keepalived/sequences.js';
import { splitWords, withoutComment } from '../../src/formats/keepalived/words.js';
import { normaliseDocument } from '../../src/formats/normalise.js';

/** The saved lines and the findings of a configuration of several files, the first of which is read. */
function read(files: Record<string, string>, options?: KeepalivedImportOptions) {
  const [path = ''] = Object.keys(files);
  const { clusters, findings } = readKeepalived(path, createTextFiles(files), options);
  const saved = Object.values(clusters).map((document) => writeIpvsadmSave(normaliseDocument(document)).text);
  return {
    saved: saved.join('').split('\n').slice(0, -1),
    findings: findings.map(({ severity, file, line, detail }) => `${severity} ${file}:${line} ${detail}`),
  };
}

const SERVER = 'virtual_server 192.0.2.1 80 { lb_algo rr\n lb_kind DR\n protocol TCP\n';
const SAVED = ['-A -t 192.0.2.1:80 -s rr', '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 1'];

test('comments begin with # and ! outside quotes, unless escaped', () => {
  assert.equal(withoutComment('  a b # c'), 'a b');
  assert.equal(withoutComment('a!b'), 'a');
  assert.equal(withoutComment('a "b # ! c" d ! e "f'), 'a "b # ! c" d');
  assert.equal(withoutComment('a \\# b \\! c # d'), 'a # b ! c');
  assert.equal(withoutComment('a # b \\'), 'a\\');
  assert.equal(withoutComment('a\r'), 'a');
});

test('words are split at blanks and double quotes', () => {
  assert.deepEqual(splitWords('a "b c" d"e f"g'), ['a', 'b c', 'd', 'e f', 'g']);
  assert.deepEqual(splitWords('a ""'), ['a', '']);
  assert.equal(splitWords('a "b'), undefined);
});

test('ranges of addresses end at the last octet or group, at an address, or with a prefix', () => {
  assert.deepEqual(expandRange('192.0.2.254-192.0.3.1'), [
    '192.0.2.254',
    '192.0.2.255',
    '192.0.3.0',
    '192.0.3.1',
  ]);
  assert.deepEqual(expandRange('2001:db8::fffe-ffff'), ['2001:db8::fffe', '2001:db8::ffff']);
  assert.deepEqual(expandRange('2001:db8::/127'), ['2001:db8::', '2001:db8::1']);
  assert.equal((expandRange('10.0.0.0/16') as string[]).length, 65_536);
  for (const wrong of [
    '10.0.0.0/15',
    '10.0.0.1/24',
    '10.0.0.9-3',
    '10.0.0.1-256',
    '10.0.0.1-',
    'x-1',
    '2001:db8::1-10.0.0.1',
  ]) {
    assert.equal(typeof expandRange(wrong), 'string', wrong);
  }
});

test('repetitions count up, down, in steps and in hexadecimal', () => {
  const values = (text: string) => {
    const parsed = parseRepetition(text, (inside) => inside);
    assert.ok(typeof parsed !== 'string', String(parsed));
    return parsed.rounds.map((round) => round.map(([, value]) => value).join(' '));
  };
  assert.deepEqual(values('~SEQ(N, 1, 3) x'), ['1', '2', '3']);
  assert.deepEqual(values('~SEQ(N, 3, 1) x'), ['3', '2', '1']);
  assert.deepEqual(values('~SEQ(N, 3) x'), ['1', '2', '3']);
  assert.deepEqual(values('~SEQ(N, -2) x'), ['-1', '-2']);
  assert.deepEqual(values('~SEQ(N, 168, 2, 172) x'), ['168', '170', '172']);
  assert.deepEqual(values('~SEQx(N, 0x90, 0x10, 0xb0) x'), ['90', 'a0', 'b0']);
  assert.deepEqual(values('~LST({A, B}, {1, 2}, {3}) x'), ['1 2', '3 ']);
  for (const wrong of [
    '~SEQ(N) x',
    '~SEQ(1, 2) x',
    '~SEQ(N, 1, 0, 2) x',
    '~SEQ(N, 1, -1, 2) x',
    '~SEQ(N, 1',
    '~LST(A) x',
    '~LST(A, {1,2}) x',
    '~SEQ(N, 1, 99999999) x',
  ]) {
    assert.equal(typeof parseRepetition(wrong, (inside) => inside), 'string', wrong);
  }
});

test('definitions are replaced when they are used, not when they are made', () => {
  const text = `$BASE=10.0.\${SUB}\n$SUB=0\n${SERVER} real_server \${BASE}.1 80 { }\n}`;
  assert.deepEqual(read({ 'k.conf': text }), { saved: SAVED, findings: [] });
});

test('an unknown definition stays as it is, and one that nobody uses is named', () => {
  const { saved, findings } = read({
    'k.conf': `$UNUSED=1\n${SERVER} real_server $WHERE 80 { }\n real_server 10.0.0.1 80 { }\n}`,
  });
  assert.deepEqual(saved, SAVED);
  assert.deepEqual(findings, [
    'info k.conf:1 This definition is not used.',
    'error k.conf:5 "$WHERE" is not an address.',
  ]);
});

test('a value of several lines can only end a line', () => {
  const pool = '$POOL= \\\n real_server 10.0.0.1 80 { \\\n }\n';
  assert.deepEqual(read({ 'k.conf': `${pool}${SERVER} $POOL\n}` }).saved, SAVED);
  assert.match(
    read({ 'k.conf': `${pool}${SERVER} $POOL x\n}` }).findings.join('\n'),
    /does not know "\$POOL"/,
  );
});

test('lines for another configuration id are left out and named', () => {
  const text = `${SERVER} @a real_server 10.0.0.1 80 { }\n @^a real_server 10.0.0.2 80 { }\n}`;
  assert.deepEqual(read({ 'k.conf': text }, { configId: 'a' }), {
    saved: SAVED,
    findings: ['info k.conf:5 Only for configuration ids other than "a": left out.'],
  });
});

test('the directory of the file is known, a random number is not', () => {
  const text = `${SERVER} include \${_PWD}/pool\n}\n`;
  assert.deepEqual(read({ '/d/k.conf': text, '/d/pool': 'real_server 10.0.0.1 80 { }' }).saved, SAVED);
  const { findings } = read({ 'k.conf': `${SERVER} real_server 10.0.0.\${_RANDOM} 80 { }\n}` });
  assert.match(findings.join('\n'), /unsupported k\.conf:4 A random number is not taken over/);
});

test('includes are relative to the file that has them; a missing file and a circle are named where they stand', () => {
  const files = {
    'etc/k.conf': 'include conf.d/*.conf\ninclude missing.conf\nincludea none-*.conf\ninclude none-*.conf\n',
    'etc/conf.d/web.conf': `${SERVER} include pool\n}`,
    'etc/conf.d/pool': 'real_server 10.0.0.1 80 { }\ninclude ../k.conf\ninclude pool',
    'etc/conf.d/.hidden.conf': 'nonsense',
  };
  const { saved, findings } = read(files);
  assert.deepEqual(saved, SAVED);
  assert.deepEqual(findings, [
    'error etc/k.conf:2 No file that can be read matches.',
    'error etc/k.conf:3 No file that can be read matches.',
    'info etc/k.conf:4 No file that can be read matches.',
    'error etc/conf.d/pool:2 etc/k.conf is being read already: an include must not lead back.',
    'error etc/conf.d/pool:3 etc/conf.d/pool is being read already: an include must not lead back.',
  ]);
});

test('file patterns match as glob(3) does', () => {
  const files = createTextFiles({
    'a/x1.c': '',
    'a/x2.c': '',
    'a/.x3.c': '',
    'b/x1.c': '',
    'b/[x].c': '',
    '/abs/y.c': '',
  });
  const paths = (pattern: string, directory = '.') => findFiles(pattern, directory, files).paths;
  assert.deepEqual(paths('a/*.c'), ['a/x1.c', 'a/x2.c']);
  assert.deepEqual(paths('a/.*'), ['a/.x3.c']);
  assert.deepEqual(paths('*/x[!2-9].c'), ['a/x1.c', 'b/x1.c']);
  assert.deepEqual(paths('{b,a}/x{2,1}.c'), ['b/x1.c', 'a/x2.c', 'a/x1.c']);
  assert.deepEqual(paths('?/[[]x].c'), ['b/[x].c']);
  assert.deepEqual(paths('../b/x1.c', 'a'), ['b/x1.c']);
  assert.deepEqual(paths('/abs/*', 'a'), ['/abs/y.c']);
  assert.deepEqual(paths('a/[z-a]*'), []);
});

test('a file that cannot be read is an error, and there is no cluster', () => {
  assert.deepEqual(readKeepalived('k.conf', createTextFiles({})), {
    clusters: {},
    findings: [
      { severity: 'error', file: 'k.conf', line: 1, directive: 'k.conf', detail: 'The file cannot be read.' },
    ],
    directives: { read: 0, takenOver: 0, named: 0 },
  });
});

test('two frontends whose addresses make one name get two, in the order of the file', () => {
  const one = (vip: string) =>
    `virtual_server ${vip} 80 { lb_kind DR\n protocol TCP\n real_server 2001:db8::1 80 { }\n}\n`;
  const text = one('::ffff:10.0.0.1') + one('::ffff:10:0:0:1');
  const { clusters } = readKeepalived('k.conf', createTextFiles({ 'k.conf': text }), { cluster: 'shop' });
  assert.deepEqual(Object.keys(clusters.shop?.virtualServices ?? {}), [
    'tcp---ffff-10-0-0-1-80',
    'tcp---ffff-10-0-0-1-80-2',
  ]);
});
