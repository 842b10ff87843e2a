import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { restoreLines } from '../../src/cli/lvsadm/restore.js';
import { readCommandLine } from '../../src/formats/ipvsadm/command-line.js';
import { Fault } from '../../src/formats/ipvsadm/fault.js';
import type { CommandLine } from '../../src/formats/ipvsadm/line.js';
import { ipv4, type Lookup, readPlace } from '../../src/formats/ipvsadm/lookup.js';
import { COMMANDS, OPTIONS } from '../../src/formats/ipvsadm/options.js';

const PORTS = new Map([
  ['http/tcp', 80],
  ['domain/udp', 53],
]);

const LOOKUP: Lookup = {
  host: (name) => (name === 'localhost' ? '127.0.0.1' : undefined),
  port: (name, protocol) => PORTS.get(`${name}/${protocol}`),
  isLenient: false,
};

function read(line: string): CommandLine {
  return readCommandLine(line.split(' '), LOOKUP);
}

test('what a line leaves out has the defaults of ipvsadm', () => {
  const { given, ...line } = read('-a -t 10.0.0.1:80 -r 10.1.0.1');
  assert.deepEqual([...given], ['service-address', 'real-server']);
  assert.deepEqual([line.method, line.weight, line.backend], ['dr', 1, { address: '10.1.0.1', port: 80 }]);
  assert.equal(read('-A -t 10.0.0.1:80').scheduler, 'wlc');
  assert.equal(read('-A -t 10.0.0.1:80 -p').persistentSeconds, 360);
  assert.equal(read('--start-daemon master').daemon.interface, 'eth0');
});

test('options mean what they mean where they stand', () => {
  assert.equal(read('-a -r 10.1.0.1 -t 10.0.0.1:80 -m').backend?.port, 0);
  assert.equal(read('-a -t 10.0.0.1:80 -r 10.1.0.1 -m').backend?.port, 80);
  assert.equal(read('-A -p -M 64 -t [::1]:80').netmask, '128');
  assert.equal(read('-A -t [::1]:80 -p -M 64').netmask, '64');
});

test('places are read as ipvsadm reads them', () => {
  const places: readonly (readonly [string, string | undefined, (number | undefined)?])[] = [
    ['10.0.0.1', '10.0.0.1'],
    ['10.0.0.1:80', '10.0.0.1', 80],
    ['10.1:http', '10.0.0.1', 80],
    ['0x0a000001:080', '10.0.0.1', 80],
    ['localhost:http', '127.0.0.1', 80],
    ['[::1]:80', '::1', 80],
    ['::1', '::1'],
    ['[10.0.0.1]:80', '10.0.0.1'],
    ['[::1]', undefined],
    ['80', undefined],
    ['', undefined],
    ['10.0.0.1:domain', undefined],
    ['10.0.0.1:65536', undefined],
    ['nohost', undefined],
    ['1.2.3.4.5', undefined],
  ];
  for (const [text, address, port] of places) {
    assert.deepEqual(readPlace(text, 'tcp', LOOKUP), address && { address, port }, text);
  }
  assert.deepEqual(['1', '256', '1.2.3', '1.2.65536', '010.1', '09.1', '1.2.3.256', ''].map(ipv4), [
    '0.0.0.1', '0.0.1.0', '1.2.0.3', undefined, '8.0.0.1', undefined, undefined, undefined,
  ]); // biome-ignore format: pairs to read
});

test('whatever the words are, they are a command line or are refused in a sentence', () => {
  const flags = [...Object.values(COMMANDS), ...OPTIONS].flatMap(({ long, short }) => [
    `--${long}`,
    ...short.map((letter) => `-${letter}`),
  ]);
  const values = [
    '10.0.0.1:80',
    '[::1]:80',
    '5',
    '-1',
    'rr',
    'sh-port',
    '255.255.0.0',
    'gue',
    'master',
    '--',
    '',
  ];
  const word = fc.oneof(fc.constantFrom(...flags), fc.constantFrom(...values), fc.string({ unit: 'binary' }));
  const words = fc.tuple(fc.constantFrom(...flags), fc.array(word, { maxLength: 8 }));
  fc.assert(
    fc.property(words, ([first, others]) => {
      try {
        assert.ok(Object.hasOwn(COMMANDS, readCommandLine([first, ...others], LOOKUP).command));
      } catch (error) {
        assert.ok(error instanceof Fault, String(error));
        assert.notEqual(error.message, '');
      }
    }),
    { numRuns: 3000 },
  );
});

test('standard input of -R is split at blanks, and the name of the program may stand in front', () => {
  assert.deepEqual(restoreLines(' -A  -t\t1.1.1.1:80 \r\n\n/sbin/ipvsadm -C\nlvsadm -Z\nipvsadm\n-S'), [
    ['-A', '-t', '1.1.1.1:80'],
    ['-C'],
    ['-Z'],
    ['-S'],
  ]);
});
