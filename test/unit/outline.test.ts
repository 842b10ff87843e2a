/** /proc/net/ip_vs as text: whatever the pieces in which it comes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outlineName, outlineOf } from '../../src/domain/outline.js';
import { createParser, readOutline } from '../../src/driver/netlink/outline.js';

const TEXT = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
UDP  C000020A:0035 sh ops 
  -> 0A090001:0035      Masq    1      7          9         
TCP  [2001:0db8:0000:0000:0000:0000:0000:0010]:0050 wlc persistent 30000 80000000
  -> [2001:0db8:0009:0000:0000:0000:0000:0001]:0050      Tunnel  2147483647 0          0         
AH   C000020A:0000 rr 
  -> 0A090001:0000      Masq    1      0          0         
FWM  00000007 rr ops persistent 30000 FFFFFFFF
  -> 0A090002:0000      Route   0      0          0         
FWM  00000007 none 
`;

const LINES = {
  'UDP C000020A:0035': ['0A090001:0035      Masq    1', 'sh ops'],
  'TCP [2001:0db8:0000:0000:0000:0000:0000:0010]:0050': [
    '[2001:0db8:0009:0000:0000:0000:0000:0001]:0050      Tunnel  2147483647',
    'wlc persistent',
  ],
  'FWM 00000007': ['0A090002:0000      Route   0', 'none', 'rr ops persistent'],
};

test('services and destinations are outlined without counts and times, other protocols are left out', () => {
  const parser = createParser();
  parser.push(TEXT);
  const expected = Object.entries(LINES).map(([name, lines]) => [
    name,
    { text: lines.join('\n'), entries: lines.length },
  ]);
  assert.deepEqual([...parser.finish()], expected);
});

test('a text that comes byte by byte says the same', () => {
  const [whole, pieces] = [createParser(), createParser()];
  whole.push(TEXT);
  for (const character of TEXT) pieces.push(character);
  assert.deepEqual(pieces.finish(), whole.finish());
});

test('a line of another kind is no table', () => {
  const parser = createParser();
  assert.throws(() => parser.push(`${TEXT}something else\n`), /has a line "something else"/);
});

test('there is no outline where there is no file', async () => {
  assert.equal(await readOutline(() => 0, '/nonexistent/ip_vs'), null);
});

test('addresses and marks are named as the kernel prints them', () => {
  assert.equal(outlineName({ protocol: 'tcp', address: '192.0.2.10', port: 80 }), 'TCP C000020A:0050');
  assert.equal(outlineName({ fwmark: 0xabcdef01, family: 'ipv6' }), 'FWM ABCDEF01');
  const config = { scheduler: '', schedulerFlags: [], onePacket: true, persistence: null };
  const outline = outlineOf([{ key: 'udp/[::1]:65535', config }]);
  assert.deepEqual(
    [...outline],
    [['UDP [0000:0000:0000:0000:0000:0000:0000:0001]:FFFF', { text: 'none', entries: 1 }]],
  );
});
