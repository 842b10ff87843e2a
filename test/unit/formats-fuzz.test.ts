import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc, { type Arbitrary } from 'fast-check';
import { createTextFiles } from '../../src/formats/config-files.js';
import { readIpvsadmSave } from '../../src/formats/ipvsadm/save.js';
import { readKeepalived } from '../../src/formats/keepalived/read.js';
import { readLdirectord } from '../../src/formats/ldirectord/read.js';
import type { ImportResult } from '../../src/formats/result.js';
import { checkImport } from '../support/import-checks.js';
import { type Format, fixtures, fixtureText } from '../support/import-fixtures.js';

/** Far more than any text needs: a reader that takes this long hangs. */
const LIMIT_MS = 60_000;
const MAX_LINES = 50_000;

const READERS: Readonly<Record<Format, (text: string) => ImportResult>> = {
  keepalived: (text) =>
    readKeepalived('k.conf', createTextFiles({ 'k.conf': text, 'other.conf': text }), {
      maxLines: MAX_LINES,
    }),
  ldirectord: (text) => readLdirectord(text),
  ipvsadm: (text) => readIpvsadmSave(text),
};

const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array).toString('utf8'));
const PIECES = [
  ...[
    '{',
    '}',
    '"',
    '\\',
    '\n',
    ' ',
    '\t',
    '#',
    '!',
    '$A',
    `$${'{A}'}`,
    '$A=',
    '$A= \\\n',
    '@x ',
    '@^x ',
    '=',
    '->',
    ':',
  ],
  ...['~SEQ(A, 1, 3) ', '~LST({A,B},{1,2},{3,4}) ', '~SEQ(A,1,0,9)', 'include other.conf', 'include k*.conf'],
  ...['virtual_server 10.0.0.1 80 {\n', 'virtual_server fwmark 1 {\n', 'virtual_server group G {\n'],
  ...[
    'virtual_server_group G {\n',
    '10.0.0.1-9 80\n',
    'real_server 10.0.0.2 80 {\n',
    'protocol TCP\n',
    'lb_algo sh\n',
  ],
  ...[
    'lb_kind TUN type gue port 1\n',
    'weight 3\n',
    'sh-port\n',
    'ops\n',
    'persistence_granularity 8\n',
    'toString\n',
  ],
  ...[
    'virtual=10.0.0.1:80\n',
    '\treal=10.0.0.2:80 gate 1\n',
    '\tchecktype=off\n',
    'virtual6=[2001:db8::1]:80\n',
  ],
  ...[
    '-A -t 10.0.0.1:80 ',
    '-a -t 10.0.0.1:80 -r 10.0.0.2 ',
    '-s sh ',
    '-m ',
    '-w ',
    '5 ',
    '-p ',
    '-M ',
    '--pe sip ',
  ],
  ...['constructor', '__proto__', '0', '65536', '99999999999', '2001:db8::1', '\0', '\r\n', 'é'],
];
const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((parts) => parts.join(''));

/** A real configuration with lines lost, repeated, cut and moved. */
function damaged(format: Format): Arbitrary<string> {
  const damage = fc.array(fc.tuple(fc.nat(1000), fc.nat(4), fc.nat(40)), { minLength: 1, maxLength: 12 });
  return fc.tuple(fc.constantFrom(...fixtures(format)), damage).map(([name, wounds]) => {
    const lines = fixtureText(format, name).split('\n');
    for (const [where, how, cut] of wounds) {
      const index = where % lines.length;
      const line = lines[index] ?? '';
      if (how === 0) lines.splice(index, 1);
      else if (how === 1) lines.splice(index, 0, line);
      else if (how === 2) lines[index] = line.slice(0, cut);
      else if (how === 3) lines[index] = line.slice(cut);
      else lines.push(...lines.splice(index, 1));
    }
    return lines.join('\n');
  });
}

for (const format of ['keepalived', 'ldirectord', 'ipvsadm'] satisfies Format[]) {
  test(`${format}: any text is read without a crash, in time, with every directive accounted for`, () => {
    const texts = fc.oneof(bytes, pieces, damaged(format));
    const property = fc.property(texts, (text) => {
      const start = performance.now();
      checkImport(READERS[format](text));
      const took = performance.now() - start;
      assert.ok(took < LIMIT_MS, `${took} ms`);
    });
    fc.assert(property, { numRuns: 1500 });
  });
}

test('keepalived: configurations made to have no end are given up with a finding', () => {
  const doubling = Array.from({ length: 40 }, (_, i) => `$A${i + 1}=\${A${i}}\${A${i}}`);
  const endless: Record<string, string> = {
    'a definition that is itself': '$A=$A\n$A',
    'a definition of several lines that is itself': '$A= \\\n x \\\n $A\n$A',
    'two definitions in turn': '$A=$B\n$B=$A\n$A',
    'definitions that double': `$A0=xx\n${doubling.join('\n')}\n$A40`,
    'repetitions of repetitions':
      '~SEQ(A,1,99999) ~SEQ(B,1,99999) ~SEQ(C,1,99999) virtual_server 10.0.0.1 80 {',
    'a file that includes itself': 'include k.conf\ninclude other.conf',
  };
  for (const [what, text] of Object.entries(endless)) {
    const start = performance.now();
    const result = READERS.keepalived(text);
    checkImport(result);
    assert.ok(performance.now() - start < LIMIT_MS, what);
    assert.ok(
      result.findings.some(({ severity }) => severity === 'error'),
      what,
    );
  }
});

test('ranges that multiply are given up with a finding', () => {
  const reals = Array.from({ length: 20 }, (_, i) => `\treal=10.${i}.0.0->10.${i}.255.255:80 masq\n`).join(
    '',
  );
  const ranges = READERS.ldirectord(`virtual=10.99.0.1:80\n${reals}`);
  assert.ok(ranges.findings.some(({ detail }) => /more than 500000 real servers/.test(detail)));
  const servers = `~SEQ(A, 1, 100) real_server 10.9.9.\${A} 80 { }\n`;
  const group = `virtual_server_group G { 10.0.0.0/16 80\n}\nvirtual_server group G { protocol TCP\n${servers}}`;
  const groups = READERS.keepalived(group);
  checkImport(groups);
  assert.ok(groups.findings.some(({ detail }) => /more than 500000 real servers/.test(detail)));
});

test('long lines and deep blocks cost no more than their length', () => {
  const start = performance.now();
  for (const text of [
    '{'.repeat(16_000),
    'a {\n'.repeat(50_000),
    '"'.repeat(16_001),
    ' '.repeat(1e6),
    '$'.repeat(16_000),
  ]) {
    checkImport(READERS.keepalived(text));
    checkImport(READERS.ldirectord(text));
    checkImport(READERS.ipvsadm(text));
  }
  assert.ok(performance.now() - start < LIMIT_MS);
});
