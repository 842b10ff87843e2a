import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { OWN_SETTINGS } from '../../src/cli/lvsadm/options.js';
import { OPERATIONS } from '../../src/control/operations.js';
import { COMMANDS, OPTIONS } from '../../src/formats/ipvsadm/options.js';

const text = readFileSync(new URL('../../../docs/ipvsadm.md', import.meta.url), 'utf8');
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test('every command and option of ipvsadm has one row, with something in every cell', () => {
  for (const { long, short } of [...Object.values(COMMANDS), ...OPTIONS]) {
    const words = [...short.map((letter) => `\`-${letter}\``), `\`--${long}\``].join(', ');
    const found = rows.filter(([first]) => first === words);
    assert.equal(found.length, 1, words);
    assert.equal(found[0]?.length, 4, words);
    assert.ok(
      found[0]?.every((cell) => cell !== ''),
      words,
    );
  }
});

test('the methods that the rows name are those of the API', () => {
  const methods = new Set(
    Object.keys(OPERATIONS).map((name) => name.charAt(0).toUpperCase() + name.slice(1)),
  );
  const named = rows.flatMap(
    ([, , , grpc = '']) => grpc.match(/\b(Create|Update|Delete|Replace|Get|List|Stream)[A-Z]\w+/g) ?? [],
  );
  assert.ok(named.length > 20);
  for (const name of named) assert.ok(methods.has(name), name);
});

test('the options of lvsadm itself are written down with their variables and defaults', () => {
  for (const { flag, variable, fallback } of OWN_SETTINGS) {
    const row = rows.find(([first]) => first === `\`${flag}\``);
    assert.deepEqual(row?.slice(1, 3), [`\`${variable}\``, fallback === '' ? '' : `\`${fallback}\``], flag);
  }
});
