import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkImport } from '../support/import-checks.js';
import { FIXTURES, type Format, fixtures, fixtureText, readFixture } from '../support/import-fixtures.js';

for (const format of ['keepalived', 'ldirectord', 'ipvsadm'] satisfies Format[]) {
  for (const name of fixtures(format)) {
    test(`${format}/${name} gives the definition and the findings written down beside it`, () => {
      const { clusters, findings, directives } = readFixture(format, name);
      const expected = JSON.parse(readFileSync(join(FIXTURES, format, `${name}.expected.json`), 'utf8'));
      const said = findings.map(
        ({ severity, file, line, directive, detail }) =>
          `${severity} ${file}:${line} [${directive}] ${detail}`,
      );
      assert.deepEqual(JSON.parse(JSON.stringify({ clusters, findings: said, directives })), expected);
    });

    test(`${format}/${name} gives valid, minimal definitions, and every directive is taken over or named`, () => {
      checkImport(readFixture(format, name));
    });
  }
}

test('there are configurations of every format, at least twelve of keepalived', () => {
  assert.ok(fixtures('keepalived').length >= 12);
  assert.ok(fixtures('ldirectord').length >= 3);
  assert.ok(fixtures('ipvsadm').length >= 3);
});

/** Counted another way: what stands between braces and line ends, comments and quotes aside. */
function statements(text: string): number {
  return text
    .split('\n')
    .map((line) => line.replaceAll(/"[^"]*"/g, 'q').replace(/[#!].*/, ''))
    .join('\n')
    .split(/[{}\n]/)
    .filter((part) => part.trim() !== '').length;
}

for (const name of fixtures('keepalived').filter(
  (one) => !/definitions|include|malformed|hostile/.test(one),
)) {
  test(`${name}: as many directives are read as there are statements in the file`, () => {
    assert.equal(
      readFixture('keepalived', name).directives.read,
      statements(fixtureText('keepalived', name)),
    );
  });
}

for (const format of ['ldirectord', 'ipvsadm'] satisfies Format[]) {
  for (const name of fixtures(format)) {
    test(`${name}: as many directives are read as there are lines that say something`, () => {
      const lines = fixtureText(format, name)
        .split('\n')
        .filter((line) => !/^\s*(#|$)/.test(line));
      assert.equal(readFixture(format, name).directives.read, lines.length);
    });
  }
}
