import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addressKey,
  addressOfKey,
  destinationKey,
  endpoint,
  entryKindOf,
  familyOf,
  frontendKey,
  frontendKeyOf,
  frontendOfSnatKey,
  isKey,
  parseDestination,
  parseFrontend,
  readFrontendKey,
  snatKey,
} from '../../src/domain/keys.js';
import { isWithin, nameOf, namesOf, parentPath, pathOf } from '../../src/domain/names.js';
import { anyBackend, anyFrontend } from '../support/arbitraries.js';

test('the kinds of keys are told apart, and lead back to what they are of', () => {
  const kinds = {
    'tcp/192.0.2.10:80': 'service',
    'fwmark/ipv4/7': 'service',
    'tcp/192.0.2.10:80->10.0.0.1:80': 'destination',
    'address/2001:db8::1': 'address',
    'snat/fwmark/ipv4/7': 'snat',
  } as const;
  for (const [key, kind] of Object.entries(kinds)) assert.equal(entryKindOf(key), kind, key);
  assert.equal(addressOfKey(addressKey('2001:db8::1')), '2001:db8::1');
  assert.equal(frontendOfSnatKey(snatKey('tcp/192.0.2.10:80')), 'tcp/192.0.2.10:80');
  for (const key of ['address/192.0.2.10', 'snat/tcp/192.0.2.10:80']) {
    assert.equal(frontendKeyOf(key), key);
    assert.throws(() => parseFrontend(key), TypeError);
  }
});

test('keys are spelled as the documentation shows them', () => {
  const web = { protocol: 'tcp', address: '192.0.2.10', port: 80 } as const;
  const dns = { protocol: 'udp', address: '2001:db8::10', port: 53 } as const;
  const mark = { fwmark: 7, family: 'ipv4' } as const;
  assert.equal(frontendKey(web), 'tcp/192.0.2.10:80');
  assert.equal(frontendKey(dns), 'udp/[2001:db8::10]:53');
  assert.equal(frontendKey(mark), 'fwmark/ipv4/7');
  assert.equal(
    destinationKey(frontendKey(web), { address: '10.0.0.1', port: 8080 }),
    'tcp/192.0.2.10:80->10.0.0.1:8080',
  );
  assert.equal(endpoint('2001:db8::1', 0), '[2001:db8::1]:0');
  assert.equal(familyOf(dns), 'ipv6');
});

test('a frontend can be read from its key', () => {
  fc.assert(
    fc.property(anyFrontend, (frontend) => {
      const key = frontendKey(frontend);
      assert.deepEqual(parseFrontend(key), frontend);
      assert.equal(frontendKeyOf(key), key);
    }),
  );
});

test('frontend and backend can be read from the key of a destination', () => {
  fc.assert(
    fc.property(anyFrontend, anyBackend, (frontend, backend) => {
      const key = destinationKey(frontendKey(frontend), backend);
      assert.deepEqual(parseDestination(key), { frontend, backend });
      assert.equal(frontendKeyOf(key), frontendKey(frontend));
    }),
  );
});

test('a text that is no key is a defect and named', () => {
  for (const text of ['', 'tcp', 'icmp/10.0.0.1:80', 'tcp/10.0.0.1', 'fwmark/ipv5/1', 'tcp/name:80']) {
    assert.throws(() => parseFrontend(text), TypeError, text);
  }
  assert.throws(() => parseDestination('tcp/192.0.2.10:80'), TypeError);
});

test('text from outside is a key only in the one spelling that a key has', () => {
  const keys = ['tcp/192.0.2.1:80', 'udp/[2001:db8::1]:53', 'fwmark/ipv6/4294967295', 'sctp/192.0.2.1:65535'];
  for (const key of keys) {
    assert.equal(frontendKey(readFrontendKey(key) ?? { fwmark: 0, family: 'ipv4' }), key);
    assert.ok(isKey(key), key);
    assert.ok(isKey(`${key}->10.0.0.1:8080`), key);
    assert.ok(!isKey(`${key}->`), key);
  }
  for (const text of [
    '',
    '192.0.2.1:80',
    'tcp/192.0.2.1:080',
    'tcp/192.0.2.1:65536',
    'tcp/999.0.2.1:80',
    'tcp/[2001:DB8::1]:80',
    'tcp/192.0.2.1:80/x',
    'fwmark/ipv4/x',
    'fwmark/ipv4/4294967296',
    'fwmark/ipv4/07',
  ]) {
    assert.equal(readFrontendKey(text), undefined, text);
    assert.ok(!isKey(text), text);
  }
  for (const server of ['10.0.0.300:1', '10.0.0.1', '10.0.0.1:70000', '[::FF]:1', '10.0.0.1:1->10.0.0.2:2']) {
    assert.ok(!isKey(`tcp/192.0.2.1:80->${server}`), server);
  }
});

test('a path gives its names, its name and its parent', () => {
  const names = { project: 'default', cluster: 'shop', virtualService: 'http', realServer: 'web1' };
  const path = 'projects/default/clusters/shop/virtual-services/http/real-servers/web1';
  assert.equal(pathOf(names), path);
  assert.deepEqual(namesOf(path), names);
  assert.equal(nameOf(path), 'web1');
  assert.equal(parentPath(path), pathOf({ project: 'default', cluster: 'shop', virtualService: 'http' }));
  assert.equal(parentPath('projects/default'), '');
  assert.deepEqual(namesOf('projects/default'), { project: 'default' });
});

test('a resource is within itself and those above it, and not within one whose name begins alike', () => {
  assert.ok(isWithin('projects/a', 'projects/a'));
  assert.ok(isWithin('projects/a/clusters/b', 'projects/a'));
  assert.ok(!isWithin('projects/ab', 'projects/a'));
  assert.ok(!isWithin('projects/a', 'projects/a/clusters/b'));
});
