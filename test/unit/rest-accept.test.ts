import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preferredType } from '../../src/api-rest/accept.js';

const offered = ['application/json', 'text/plain', 'text/x-ipvsadm-save'] as const;
const cases: readonly [accept: string | undefined, expected: string | undefined][] = [
  [undefined, 'application/json'],
  ['', 'application/json'],
  ['*/*', 'application/json'],
  ['text/plain', 'text/plain'],
  ['TEXT/Plain; charset=utf-8', 'text/plain'],
  ['text/*', 'text/plain'],
  ['text/*, text/plain;q=0', 'text/x-ipvsadm-save'],
  ['text/plain;q=0.5, application/json;q=0.4', 'text/plain'],
  ['text/html, application/xhtml+xml, */*;q=0.8', 'application/json'],
  ['*/*;q=0.1, text/x-ipvsadm-save', 'text/x-ipvsadm-save'],
  ['image/png', undefined],
  ['application/json;q=0', undefined],
  ['application/json;q=nonsense', undefined],
];

for (const [accept, expected] of cases) {
  test(`Accept "${accept}" prefers ${expected ?? 'none of the offered types'}`, () => {
    assert.equal(preferredType(accept, offered), expected);
  });
}
