import assert from 'node:assert/strict';
import { test } from 'node:test';
import { largeNumber } from '../../src/domain/ipvsadm-views.js';

const CASES: readonly (readonly [bigint, string])[] = [
  [0n, '        0'],
  [99_999_999n, ' 99999999'],
  [100_000_000n, '  100000K'],
  [999_999_999n, '  999999K'],
  [1_000_000_000n, '    1000M'],
  [99_999_999_999n, '   99999M'],
  [100_000_000_000n, '     100G'],
  [99_999_999_999_999n, '   99999G'],
  [100_000_000_000_000n, '     100T'],
  [2n ** 64n - 1n, '18446744T'],
];

for (const [value, text] of CASES) {
  test(`${value} is shortened as ipvsadm does it`, () => assert.equal(largeNumber(value, false), text));
}

test('exact numbers have all digits and a space before them', () => {
  assert.equal(largeNumber(7n, true), '        7');
  assert.equal(largeNumber(2n ** 64n - 1n, true), ' 18446744073709551615');
});
