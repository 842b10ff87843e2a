import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerCertificate } from 'node:tls';
import { createCertificateHolders } from '../../src/access/client-certificates.js';
import { clientCertificate } from '../../src/client-certificate.js';

const peer = (fields: object) =>
  clientCertificate({
    raw: Buffer.from('x'),
    fingerprint256: 'AA:BB',
    valid_to: 'Jan  1 00:00:00 2027 GMT',
    subject: { CN: 'ci' },
    ...fields,
  } as unknown as PeerCertificate);

test('the names are the common name and the alternative names, each with its kind', () => {
  const subjectaltname = 'DNS:a.example, URI:spiffe://b/c, email:x@d.example, IP Address:192.0.2.1';
  assert.deepEqual(peer({ subjectaltname })?.names, [
    'CN=ci',
    'DNS:a.example',
    'URI:spiffe://b/c',
    'email:x@d.example',
    'IP Address:192.0.2.1',
  ]);
  assert.equal(peer({})?.expireTime, '2027-01-01T00:00:00.000Z');
});

test('a name that contains another does not pass for it', () => {
  const subjectaltname = 'URI:"http://a/, DNS:admin.example", DNS:b.example';
  assert.deepEqual(peer({ subjectaltname })?.names, [
    'CN=ci',
    'URI:http://a/, DNS:admin.example',
    'DNS:b.example',
  ]);
});

test('of several common names none is the name', () => {
  assert.deepEqual(peer({ subject: { CN: ['ci', 'admin'] } })?.names, []);
});

test('no certificate is none', () => {
  assert.equal(clientCertificate({} as PeerCertificate), undefined);
  assert.equal(clientCertificate(undefined), undefined);
});

test('a certificate that has expired on an open connection, or names nobody, is refused', () => {
  const clock = { now: Date.parse('2026-12-31T00:00:00Z') };
  const rules = [{ identity: 'CN=ci', role: 'viewer' as const }];
  const { principalOf } = createCertificateHolders({ rules, now: () => new Date(clock.now) });
  const certificate = peer({});
  assert.ok(certificate);
  assert.deepEqual(principalOf(certificate), {
    name: 'certificate:ci',
    credentialId: 'certificate AA:BB',
    grants: [{ role: 'viewer', project: null }],
  });
  clock.now = Date.parse('2027-01-01T00:00:00Z');
  assert.throws(() => principalOf(certificate), /it has expired/);
  assert.throws(() => principalOf({ ...certificate, names: [] }), /names nobody/);
});
