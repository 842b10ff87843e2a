import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyPatch, type Operation } from 'rfc6902';
import { definitionDiffText, definitionPatch } from '../../src/domain/definition-diff.js';
import { fieldChanges } from '../../src/domain/field-changes.js';
import { anyDefinition } from '../support/definition-arbitrary.js';

test('the patch makes the one definition out of the other', () => {
  const maybe = fc.option(anyDefinition, { nil: null });
  fc.assert(
    fc.property(maybe, maybe, (before, after) => {
      const document = { root: structuredClone(before) };
      const patch = definitionPatch(before, after).map((one) => ({ ...one, path: `/root${one.path}` }));
      assert.deepEqual(
        applyPatch(document, patch as Operation[]).filter((fault) => fault !== null),
        [],
      );
      assert.deepEqual(document.root, after);
      assert.equal(definitionDiffText(before, after) === 'No difference.\n', patch.length === 0);
    }),
  );
});

test('the text has a block for each resource that differs, with its fields as they were and are', () => {
  const spec = { protocol: 'tcp', address: '192.0.2.10', port: 80, scheduler: 'wlc' };
  const service = { labels: { team: 'web' }, spec, realServers: {} };
  const cluster = { labels: {}, spec: { description: '', forwarding: { method: 'dr' } } };
  const before = { ...cluster, virtualServices: { http: service, old: service } };
  const changed = {
    labels: {},
    spec: { ...spec, scheduler: 'rr', persistence: null },
    realServers: { web1: { labels: {}, spec: { address: '10.0.0.1' } } },
  };
  const after = { ...cluster, virtualServices: { http: changed } };
  assert.equal(
    definitionDiffText(before as never, after as never),
    `~ virtual-services/http
    labels.team: "web" -> (none)
    spec.persistence: null
    spec.scheduler: "wlc" -> "rr"
+ virtual-services/http/real-servers/web1
    spec.address: "10.0.0.1"
- virtual-services/old
`,
  );
});

test('lists change as a whole, objects member by member, and nothing is not null', () => {
  const before = { a: [1, 2], b: { c: 1, d: null }, e: 1 };
  const after = { a: [1], b: { c: 1 }, e: 1, f: null };
  assert.deepEqual(fieldChanges(before, after), [
    { field: 'a', before: [1, 2], after: [1] },
    { field: 'b.d', before: null, after: undefined },
    { field: 'f', before: undefined, after: null },
  ]);
});
