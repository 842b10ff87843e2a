import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { claimAt, grantsOf } from '../../src/access/claims.js';
import { readAccessPolicy } from '../../src/access/policy.js';
import { temporaryDirectory } from '../support/sqlite-source.js';

const grants = [{ claim: 'groups', value: 'net', role: 'editor' }];
const sso = { name: 'sso', issuer: 'https://sso.example.net', audience: 'lvsd', grants };

test('an access file says what is wrong with it', (t) => {
  const file = join(temporaryDirectory(t), 'access.json');
  const read = (content: unknown) => {
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return readAccessPolicy(file);
  };
  assert.deepEqual(read({ issuers: [sso] }).issuers, [sso]);
  assert.deepEqual(read({}), { issuers: [], clientCertificates: [] });
  assert.throws(
    () => read({ clientCertificates: [{ identity: 'ci', role: 'viewer' }] }),
    /\/clientCertificates\/0\/identity: /,
  );
  assert.deepEqual(readAccessPolicy(null).issuers, []);
  assert.throws(() => read('{'), /access\.json cannot be used: .*JSON/);
  assert.throws(() => read({ issuer: [] }), /\/issuer: /);
  assert.throws(() => read({ issuers: [{ ...sso, grants: [] }] }), /\/issuers\/0\/grants: /);
  assert.throws(
    () => read({ issuers: [{ ...sso, grants: [{ ...grants[0], role: 'root' }] }] }),
    /\/issuers\/0\/grants\/0\/role: /,
  );
  assert.throws(
    () => read({ issuers: [{ ...sso, issuer: 'http://sso.example.net' }] }),
    /must be an https URL/,
  );
  assert.throws(() => read({ issuers: [sso, { ...sso, name: 'other' }] }), /"https:.*" is there twice/);
});

test('the examples of the documentation are access files', (t) => {
  const page = readFileSync(new URL('../../../docs/access.md', import.meta.url), 'utf8');
  const [sso = '', certificates = ''] = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map(
    ([, text = '']) => text,
  );
  const file = join(temporaryDirectory(t), 'access.json');
  writeFileSync(file, sso);
  assert.equal(readAccessPolicy(file).issuers[0]?.name, 'sso');
  writeFileSync(file, certificates);
  assert.equal(readAccessPolicy(file).clientCertificates.length, 2);
});

test('a claim is found by its whole name first, then by the way to it, and never in a prototype', () => {
  const claims = { 'https://x/roles': ['a'], realm_access: { roles: ['b'] }, 'a.b': 1, a: { b: 2 } };
  assert.deepEqual(claimAt(claims, 'https://x/roles'), ['a']);
  assert.deepEqual(claimAt(claims, 'realm_access.roles'), ['b']);
  assert.equal(claimAt(claims, 'a.b'), 1);
  assert.equal(claimAt(claims, 'constructor.name'), undefined);
  assert.equal(claimAt(claims, 'realm_access.roles.x'), undefined);
});

test('every rule that holds gives its grant', () => {
  const rules = [
    { claim: 'groups', value: 'net', role: 'viewer' as const },
    { claim: 'groups', value: 'shop', role: 'editor' as const, project: 'shop' },
    { claim: 'level', value: 'boss', role: 'admin' as const },
  ];
  assert.deepEqual(grantsOf({ groups: ['net', 'shop'], level: 'boss!' }, rules), [
    { role: 'viewer', project: null },
    { role: 'editor', project: 'shop' },
  ]);
  assert.deepEqual(grantsOf({ groups: 'net' }, rules), [{ role: 'viewer', project: null }]);
});
