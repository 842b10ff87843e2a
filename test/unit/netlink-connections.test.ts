/** Connections as the kernel prints them (ip_vs_conn_seq_show), in files instead of /proc/net/ip_vs_conn. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { KernelUnavailableError } from '../../src/driver/kernel-error.js';
import { createConnectionReader, parseConnection } from '../../src/driver/netlink/connections.js';
import { listed } from '../support/connections.js';

const directory = mkdtempSync(join(tmpdir(), 'lvsd-connections-'));
after(() => rmSync(directory, { recursive: true }));

const HEADER = 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n';
const TCP = 'TCP 0A000001 C350 C0A80A58 0050 0A000102 1F90 ESTABLISHED     899';

async function connectionsIn(text: string): Promise<unknown[]> {
  const file = join(directory, 'ip_vs_conn');
  writeFileSync(file, text, 'latin1');
  return collect(file);
}

async function collect(file: string): Promise<unknown[]> {
  return (await listed(createConnectionReader(file)())).map(({ connection }) => connection);
}

describe("a line of the kernel's connections", () => {
  test('is read with its addresses, ports, state and remaining time', () => {
    assert.deepEqual(parseConnection(TCP), {
      protocol: 'tcp',
      client: { address: '10.0.0.1', port: 50000 },
      virtual: { address: '192.168.10.88', port: 80 },
      real: { address: '10.0.1.2', port: 8080 },
      state: 'ESTABLISHED',
      expiresSeconds: 899,
      persistence: null,
    });
  });

  test('may be of IPv6, tunnelled to IPv4', () => {
    const client = '2001:0db8:0000:0000:0000:0000:0000:0001';
    const read = parseConnection(`UDP ${client} C350 ${client} 0035 0A000102 0035 UDP             300`);
    assert.deepEqual(read.virtual, { address: '2001:db8::1', port: 53 });
    assert.deepEqual(read.real, { address: '10.0.1.2', port: 53 });
  });

  test('may have a persistence engine with data of any kind', () => {
    const line = 'UDP 0A000001 0000 C0A80A58 13C4 0A000102 13C4 NONE             59 sip call 7@[2001:db8::1]';
    assert.deepEqual(parseConnection(line).persistence, { engine: 'sip', data: 'call 7@[2001:db8::1]' });
    assert.deepEqual(parseConnection(line.replace(/ call.*/, ' ')).persistence, { engine: 'sip', data: '' });
  });

  test('may be cut at any byte by the read that brings it', async () => {
    const padding = fc.integer({ min: 0, max: 1 << 16 });
    const property = fc.asyncProperty(padding, async (length) => {
      const count = 1100;
      const text = `${' '.repeat(length)}${HEADER}${`${TCP}\n`.repeat(count)}`;
      const read = await connectionsIn(text);
      assert.deepEqual(read, new Array(count).fill(parseConnection(TCP)));
    });
    await fc.assert(property, { numRuns: 10 });
  });

  test('that cannot be understood is said to be so', async () => {
    await assert.rejects(connectionsIn(`${HEADER}TCP nonsense\n`), KernelUnavailableError);
    await assert.rejects(
      connectionsIn(`${HEADER}${TCP.replace('0A000001', '::::')}\n`),
      KernelUnavailableError,
    );
    assert.deepEqual(await connectionsIn(HEADER), []);
  });

  test('is where a later reading goes on, whatever the lengths of the lines', async () => {
    const lines = Array.from({ length: 300 }, (_, index) => `${TCP}${index % 3 ? ` sip call-${index}` : ''}`);
    const file = join(directory, 'ip_vs_conn');
    writeFileSync(file, `${HEADER}${lines.map((line) => `${line}\n`).join('')}`);
    const read = createConnectionReader(file);
    const all = await listed(read());
    assert.deepEqual(
      all.map(({ connection }) => connection),
      lines.map(parseConnection),
    );
    for (const [index, { next }] of all.entries()) {
      if (index % 7 === 0) assert.deepEqual(await listed(read(next)), all.slice(index + 1));
    }
  });

  test('that is not whole any more where a reading goes on is passed over', async () => {
    const file = join(directory, 'ip_vs_conn');
    writeFileSync(file, `${HEADER}${TCP}\n${TCP}\n`);
    const read = createConnectionReader(file);
    const [first, second] = await listed(read());
    assert.ok(first && second);
    for (const from of [0, 1, HEADER.length]) {
      assert.deepEqual(await listed(read(from)), [first, second]);
    }
    for (const from of [HEADER.length + 1, first.next - 1, first.next]) {
      assert.deepEqual(await listed(read(from)), [second]);
    }
    for (const from of [first.next + 1, second.next, second.next + 9, 2 ** 40]) {
      assert.deepEqual(await listed(read(from)), []);
    }
  });

  test('comes in its turn when several are read at once', async () => {
    const file = join(directory, 'ip_vs_conn');
    writeFileSync(file, `${HEADER}${`${TCP}\n`.repeat(3000)}`);
    const read = createConnectionReader(file);
    const all = await Promise.all([
      listed(read()),
      listed(read()),
      collect(join(directory, 'none')).catch(() => []),
    ]);
    assert.deepEqual(
      all.map(({ length }) => length),
      [3000, 3000, 0],
    );
  });

  test('is not to be had where there is no such file', async () => {
    const reading = collect(join(directory, 'nothing'));
    await assert.rejects(reading, /nothing cannot be read/);
  });
});
