import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCurrent } from '../../src/api-rest/preconditions.js';

const cases: readonly [ifNoneMatch: string | undefined, expected: boolean][] = [
  [undefined, false],
  ['*', true],
  ['"12"', true],
  ['W/"12"', true],
  ['"11", "12"', true],
  ['"11","13"', false],
  ['"1"', false],
  ['12', false],
  ['', false],
];

for (const [ifNoneMatch, expected] of cases) {
  test(`If-None-Match ${ifNoneMatch} ${expected ? 'names' : 'does not name'} the state "12"`, () => {
    assert.equal(hasCurrent(ifNoneMatch, '"12"'), expected);
  });
}
