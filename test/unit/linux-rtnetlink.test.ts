/** What goes to rtnetlink and comes from it, byte by byte; all of it little-endian, as on the machines that we run on. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  decodeAddress,
  encodeDeletedAddress,
  encodeNewAddress,
} from '../../src/driver/linux/address-messages.js';
import { decodeLink } from '../../src/driver/linux/links.js';
import { Source } from '../../src/driver/wire/attributes.js';
import type { Message } from '../../src/driver/wire/message.js';
import { Writer } from '../../src/driver/wire/writer.js';

function written(encode: (writer: Writer) => void): string {
  const writer = new Writer();
  encode(writer);
  return writer.written().toString('hex');
}

/** A message whose payload is this. */
function message(...parts: readonly string[]): Message {
  const source = new Source(Buffer.from(parts.join(''), 'hex'));
  return { type: 0, flags: 0, sequence: 0, source, start: 0, end: source.bytes.length };
}

const V6 = '20010db8000000000000000000000010';

describe('an address to add', () => {
  test('of IPv4 names itself twice, and lvsd', () => {
    const target = { index: 3, address: '192.0.2.10', prefixLength: 32 };
    assert.equal(
      written((writer) => encodeNewAddress(writer, target)),
      [
        '0220000003000000', // AF_INET, /32, no flags, global, interface 3
        '08000100c000020a', // IFA_ADDRESS
        '08000200c000020a', // IFA_LOCAL
        '05000b004c000000', // IFA_PROTO 76
      ].join(''),
    );
    assert.equal(
      written((writer) => encodeDeletedAddress(writer, target)),
      ['0220000003000000', '08000100c000020a', '08000200c000020a'].join(''),
    );
  });

  test('of IPv6 is there for ever, never preferred, and not probed for', () => {
    const target = { index: 258, address: '2001:db8::10', prefixLength: 128 };
    assert.equal(
      written((writer) => encodeNewAddress(writer, target)),
      [
        '0a80000002010000',
        `14000100${V6}`,
        `14000200${V6}`,
        '14000600' + '00000000' + 'ffffffff' + '00000000' + '00000000', // IFA_CACHEINFO
        '0800080002000000', // IFA_FLAGS: IFA_F_NODAD
        '05000b004c000000',
      ].join(''),
    );
  });
});

describe('an address that is there', () => {
  test('is ours, the kernel’s or of no known origin', () => {
    const own = ['0220000003000000', '08000100c000020a', '08000200c000020a'];
    const here = { index: 3, address: '192.0.2.10', prefixLength: 32 };
    assert.deepEqual(decodeAddress(message(...own, '05000b004c000000')), { ...here, protocol: 76 });
    assert.deepEqual(decodeAddress(message(...own, '05000b0001000000')), { ...here, protocol: 1 });
    assert.deepEqual(decodeAddress(message(...own)), { ...here, protocol: undefined });
  });

  test('of a point-to-point link is our end', () => {
    const found = decodeAddress(message('0220000003000000', '08000100c0000202', '08000200c0000201'));
    assert.equal(found?.address, '192.0.2.1');
  });

  test('of IPv6 has no other end', () => {
    const found = decodeAddress(message('0a40800003000000', `14000100${V6}`, '0800080080000000'));
    assert.deepEqual(found, { index: 3, address: '2001:db8::10', prefixLength: 64, protocol: undefined });
  });

  test('of another family is left out', () => {
    assert.equal(decodeAddress(message('1120000003000000', '08000100c000020a')), null);
  });

  test('in a message that is cut off is no address', () => {
    assert.throws(() => decodeAddress(message('02200000')), /cut off/);
    assert.throws(() => decodeAddress(message('0220000003000000', '0800')), /cut off/);
  });
});

describe('an interface', () => {
  const name = '090003006574683000000000'; // IFLA_IFNAME eth0
  const mtu = '08000400dc050000';
  const mac = '0a00010002005e1000010000';

  test('of Ethernet has neighbours, unless it says that it has none', () => {
    const up = decodeLink(message('00000100' + '02000000' + '43100100' + '00000000', name, mtu, mac));
    const facts = { name: 'eth0', index: 2, mtu: 1500, kind: null, mac: '02:00:5e:10:00:01' };
    assert.deepEqual(up, { ...facts, up: true, hasNeighbours: true });
    const noArp = decodeLink(message('00000100' + '02000000' + '80000000' + '00000000', name, mtu, mac));
    assert.deepEqual(noArp, { ...facts, up: false, hasNeighbours: false });
  });

  test('of a tunnel has a kind, and its link-layer address is none', () => {
    const info = '10001280' + '0900010069706970' + '00000000';
    const here = '08000100c0000202'; // an IPv4 address
    const header = '00000003' + '05000000' + 'd1000000' + '00000000';
    const tunnel = decodeLink(message(header, here, name, mtu, info));
    assert.deepEqual([tunnel.kind, tunnel.mac, tunnel.hasNeighbours], ['ipip', null, false]);
  });
});
