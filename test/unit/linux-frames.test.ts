import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { announcementFrames } from '../../src/driver/linux/frames.js';

function hex(frames: readonly Uint8Array[]): string[] {
  return frames.map((frame) => Buffer.from(frame).toString('hex'));
}

describe('an IPv4 address is announced', () => {
  const mac = '02:00:5e:10:00:01';

  test('by a request and a reply of ARP, both to everybody, both about itself', () => {
    const ethernet = 'ffffffffffff' + '02005e100001' + '0806';
    const kinds = '0001' + '0800' + '06' + '04';
    const sender = '02005e100001' + 'c000020a';
    assert.deepEqual(hex(announcementFrames({ address: '192.0.2.10', mac, isRouter: false })), [
      `${ethernet}${kinds}0001${sender}000000000000c000020a`,
      `${ethernet}${kinds}0002${sender}ffffffffffffc000020a`,
    ]);
  });

  test('in the same way by a router', () => {
    const about = { address: '192.0.2.10', mac };
    assert.deepEqual(
      announcementFrames({ ...about, isRouter: true }),
      announcementFrames({ ...about, isRouter: false }),
    );
  });
});

describe('an IPv6 address is announced', () => {
  const about = { address: '2001:db8::10', mac: '02:00:5e:10:00:01' };

  /** Of one and more words: with the checksum in place it is all ones. */
  function sum(bytes: Uint8Array): number {
    let total = 0;
    for (let at = 0; at < bytes.length; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
    return total;
  }

  test('by an advertisement to all nodes that overrides', () => {
    const [frame, ...others] = announcementFrames({ ...about, isRouter: false });
    assert.ok(frame);
    assert.deepEqual(others, []);
    const text = Buffer.from(frame).toString('hex');
    const address = '20010db8000000000000000000000010';
    assert.equal(text.slice(0, 28), '333300000001' + '02005e100001' + '86dd');
    assert.equal(text.slice(28, 44), '6000000000203aff', 'IPv6, 32 bytes of ICMPv6, hop limit 255');
    assert.equal(text.slice(44, 108), `${address}ff020000000000000000000000000001`);
    assert.equal(text.slice(108, 112), '8800');
    assert.equal(text.slice(116), `20000000${address}020102005e100001`);
  });

  for (const isRouter of [false, true]) {
    test(`with the right checksum, ${isRouter ? 'by a router' : 'by a host'}`, () => {
      const [frame = new Uint8Array()] = announcementFrames({ ...about, isRouter });
      const icmp = frame.subarray(54);
      const pseudoHeader = Uint8Array.from([...frame.subarray(22, 54), 0, 0, 0, icmp.length, 0, 0, 0, 58]);
      assert.equal(sum(Uint8Array.from([...pseudoHeader, ...icmp])), 0xffff);
      assert.equal(icmp[4], isRouter ? 0xa0 : 0x20);
    });
  }
});
