import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPreconditions, etagOf } from '../../src/control/preconditions.js';

const passes = (current: string | undefined, wanted: Parameters<typeof checkPreconditions>[2]) => {
  try {
    checkPreconditions('projects/default', current, wanted);
    return true;
  } catch (error) {
    assert.equal((error as { reason?: string }).reason, 'ETAG_MISMATCH');
    return false;
  }
};

test('a write without preconditions goes on', () => {
  assert.equal(passes(etagOf(5), {}), true);
  assert.equal(passes(undefined, {}), true);
});

test('If-Match needs the tag of what is there, or a star and anything there', () => {
  assert.equal(passes('"5"', { ifMatch: '"5"' }), true);
  assert.equal(passes('"5"', { ifMatch: ' "4" , "5" ' }), true);
  assert.equal(passes('"5"', { ifMatch: '*' }), true);
  assert.equal(passes('"5"', { ifMatch: '"4"' }), false);
  assert.equal(passes('"5"', { ifMatch: '5' }), false);
  assert.equal(passes('"5"', { ifMatch: '' }), false);
  assert.equal(passes(undefined, { ifMatch: '*' }), false);
  assert.equal(passes(undefined, { ifMatch: '"5"' }), false);
});

test('a weak tag never matches', () => {
  assert.equal(passes('"5"', { ifMatch: 'W/"5"' }), false);
});

test('If-None-Match: * needs that nothing is there', () => {
  assert.equal(passes(undefined, { onlyCreate: true }), true);
  assert.equal(passes('"5"', { onlyCreate: true }), false);
});

test('the field etag counts as If-Match does, and both must hold', () => {
  assert.equal(passes('"5"', { bodyEtag: '"5"' }), true);
  assert.equal(passes('"5"', { bodyEtag: '"4"' }), false);
  assert.equal(passes('"5"', { bodyEtag: '"5"', ifMatch: '"4"' }), false);
});
