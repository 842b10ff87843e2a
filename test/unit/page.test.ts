import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodePageToken, encodePageToken, pageOf, pageSizeOf } from '../../src/control/page.js';
import { DomainError } from '../../src/domain/errors.js';

test('a page size is 50 unless it says otherwise, and never more than 1000', () => {
  assert.deepEqual([undefined, 0, 1, 1000, 1001, 1e9].map(pageSizeOf), [50, 50, 1, 1000, 1000, 1000]);
  for (const wrong of [-1, 1.5, Number.NaN]) {
    assert.throws(
      () => pageSizeOf(wrong),
      (error: DomainError) => error.violations[0]?.pointer === '/pageSize',
    );
  }
});

test('a token leads back to its position, for its own query only', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (query, position) => {
      const token = encodePageToken(query, position);
      assert.equal(decodePageToken(query, token), position);
      assert.throws(() => decodePageToken([query, 'other'], token), DomainError);
    }),
  );
});

test('a token that nobody gave out is refused, and none is the first page', () => {
  for (const token of [
    'x',
    '!!!',
    Buffer.from('{}').toString('base64url'),
    Buffer.from('[1]').toString('base64url'),
  ]) {
    assert.throws(
      () => decodePageToken('q', token),
      (error: DomainError) => error.reason === 'PAGE_TOKEN_INVALID',
    );
  }
  assert.equal(decodePageToken('q', undefined), undefined);
  assert.equal(decodePageToken('q', ''), undefined);
});

test('pages put together are the whole list', () => {
  fc.assert(
    fc.property(fc.nat(30), fc.integer({ min: 1, max: 7 }), (length, size) => {
      const all = Array.from({ length }, (_, n) => String(n).padStart(2, '0'));
      const seen: string[] = [];
      let token = '';
      do {
        const after = decodePageToken('q', token) ?? '';
        const found = all.filter((one) => one > after).slice(0, size + 1);
        const shape = { size, query: 'q', position: (one: string) => one, present: (one: string) => one };
        const page = pageOf(found, shape);
        assert.ok(page.items.length <= size);
        seen.push(...page.items);
        token = page.nextPageToken;
      } while (token !== '');
      assert.deepEqual(seen, all);
    }),
  );
});
