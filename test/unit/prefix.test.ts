import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInPrefix, parsePrefix } from '../../src/domain/prefix.js';

function isIn(address: string, text: string): boolean {
  const prefix = parsePrefix(text);
  assert.ok(prefix, text);
  return isInPrefix(address, prefix);
}

test('a prefix holds the addresses that begin with it, of its own family only', () => {
  for (const [address, prefix, expected] of [
    ['192.0.2.255', '192.0.2.0/24', true],
    ['192.0.3.0', '192.0.2.0/24', false],
    ['10.32.0.1', '10.32.0.0/11', true],
    ['10.63.255.255', '10.32.0.0/11', true],
    ['10.64.0.0', '10.32.0.0/11', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.2', '192.0.2.1/32', false],
    ['203.0.113.9', '0.0.0.0/0', true],
    ['2001:db8::1', '0.0.0.0/0', false],
    ['2001:db8:ffff::1', '2001:DB8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['2001:db8:0:7::1', '2001:db8:0:6::/63', true],
    ['192.0.2.1', '::/0', false],
  ] as const) {
    assert.equal(isIn(address, prefix), expected, `${address} in ${prefix}`);
  }
});

test('what is no prefix is told: lengths out of range, bits beyond the length, other text', () => {
  for (const text of [
    '192.0.2.1/24',
    '192.0.2.0/33',
    '192.0.2.0/',
    '192.0.2.0/-1',
    '192.0.2.0/24/8',
    '192.0.2/24',
    '11.0.0.0/7',
    '2001:db8::1/64',
    '2001:db8::/129',
    'fe80::%eth0/64',
    '',
    '/24',
    'web',
  ]) {
    assert.equal(parsePrefix(text), undefined, text);
  }
});
