import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressBytes, addressFromBytes, canonicalAddress, isUnicast } from '../../src/domain/address.js';

const byte = fc.nat(255);
const bytesOf = (length: number) => fc.array(byte, { minLength: length, maxLength: length });

/** Full of zero groups, so that their longest run is found or missed. */
const sparseIpv6 = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.constant([0, 0]) }, { weight: 1, arbitrary: bytesOf(2) }), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => groups.flat());

test('an IPv6 address is spelled as inet_ntop spells it', () => {
  const spellings = [
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:0db8:0000:0001:0000:0000:0000:0001', '2001:db8:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['fe80:0::1', 'fe80::1'],
    ['::ffff:c000:0201', '::ffff:192.0.2.1'],
    ['::192.0.2.1', '::192.0.2.1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ];
  for (const [given = '', wanted] of spellings) assert.equal(canonicalAddress(given), wanted);
});

test('what is no address has no canonical spelling', () => {
  const texts = [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.256',
    '0x1.2.3.4',
    ' 1.2.3.4',
    '1.2.3.4/32',
    ':',
    ':::',
  ];
  for (const text of [...texts, '2001:db8', 'fe80::1%eth0', '[::1]', '1::2::3', 'localhost']) {
    assert.equal(canonicalAddress(text), undefined, text);
  }
});

test('bytes become text and the same bytes again', () => {
  fc.assert(
    fc.property(bytesOf(4), (bytes) =>
      assert.deepEqual(addressBytes(addressFromBytes(bytes, 'ipv4')), bytes),
    ),
  );
  fc.assert(
    fc.property(fc.oneof(bytesOf(16), sparseIpv6), (bytes) =>
      assert.deepEqual(addressBytes(addressFromBytes(bytes, 'ipv6')), bytes),
    ),
    { numRuns: 1000 },
  );
});

test('the text of bytes is canonical already, and canonical spelling is kept', () => {
  fc.assert(
    fc.property(sparseIpv6, (bytes) => {
      const text = addressFromBytes(bytes, 'ipv6');
      assert.equal(canonicalAddress(text), text);
    }),
  );
});

test('every spelling of an address leads to the same canonical one', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const canonical = canonicalAddress(text);
      assert.ok(canonical !== undefined);
      assert.equal(canonicalAddress(text.toUpperCase()), canonical);
      assert.equal(addressFromBytes(addressBytes(canonical), 'ipv6'), canonical);
    }),
  );
});

test('one host has a unicast address, and groups, nobody and everybody have not', () => {
  const hosts = [
    '1.0.0.0',
    '10.0.0.1',
    '127.0.0.1',
    '223.255.255.255',
    '240.0.0.1',
    '::1',
    '2001:db8::1',
    'fe80::1',
  ];
  for (const address of hosts) assert.equal(isUnicast(address), true, address);
  for (const address of [
    '0.0.0.0',
    '0.1.2.3',
    '224.0.0.1',
    '239.255.255.255',
    '255.255.255.255',
    '::',
    'ff02::1',
  ]) {
    assert.equal(isUnicast(address), false, address);
  }
});
