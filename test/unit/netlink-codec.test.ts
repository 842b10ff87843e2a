import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Frontend, familyOf, familyOfAddress } from '../../src/domain/keys.js';
import type { KernelTunnel, Operation, TableEntry } from '../../src/domain/table.js';
import { KernelUnavailableError } from '../../src/driver/kernel-error.js';
import { createNetlinkDriver } from '../../src/driver/netlink/client.js';
import { anyOperation } from '../support/arbitraries.js';
import {
  RECORDED_DESTINATIONS,
  RECORDED_REQUESTS,
  RECORDED_SERVICES,
  type RecordedEntry,
} from '../support/ipvsadm-messages.js';
import { decodeOperation } from '../support/netlink-decode.js';
import { newService } from '../support/operations.js';
import {
  answerWithTable,
  attribute,
  createScriptedKernel,
  message,
  type ReceivedRequest,
} from '../support/scripted-kernel.js';

const web: Frontend = { protocol: 'tcp', address: '10.0.0.1', port: 80 };

/** The message that the driver sends for one operation. */
async function encoded(operation: Operation): Promise<Buffer> {
  const kernel = createScriptedKernel();
  const driver = createNetlinkDriver({ openTransport: kernel.open });
  assert.deepEqual(await driver.apply([operation]), [null]);
  driver.close();
  const bytes = Buffer.from(kernel.datagrams[0]?.[0]?.bytes ?? []);
  bytes.writeUInt32LE(1, 8);
  return bytes;
}

/** The nested attribute IPVS_CMD_ATTR_DEST of a message about 10.0.0.1:80 or [2001:db8::10]:443. */
function destinationBytes(bytes: Buffer): string {
  const service = 20;
  return bytes.subarray(service + bytes.readUInt16LE(service)).toString('hex');
}

interface Shown {
  readonly services: readonly string[];
  /** Shown behind 10.0.0.1:80. */
  readonly destinations?: readonly string[];
}

/** The table that the driver reads when the kernel shows these messages, in hexadecimal. */
async function readShown({ services, destinations = [] }: Shown, stats: boolean): Promise<TableEntry[]> {
  const kernel = createScriptedKernel({ answer: answerWithTable(services, destinations) });
  const driver = createNetlinkDriver({ openTransport: kernel.open });
  try {
    return [...(await driver.read({ stats })).values()];
  } finally {
    driver.close();
  }
}

const isWeb = ({ operation }: RecordedEntry): boolean => operation.key === 'tcp/10.0.0.1:80';
const shownWeb = RECORDED_SERVICES.filter(isWeb).map(({ bytes }) => bytes);

/** What the recorded entry must be read as. */
function entryOf({ operation }: RecordedEntry, stats: boolean): unknown {
  assert.ok('config' in operation);
  const { key, frontend, config } = operation;
  if (!('backend' in operation))
    return { kind: 'service', key, frontend, config, ...(stats && { stats: zeroStats }) };
  const { backend } = operation;
  const counts = stats && { stats: zeroStats, connections: { active: 0, inactive: 0, persistent: 0 } };
  return { kind: 'destination', key, frontend, backend, config, ...counts };
}

const STATS = [
  'connections',
  'inPackets',
  'outPackets',
  'inBytes',
  'outBytes',
  'connectionRate',
  'inPacketRate',
  'outPacketRate',
  'inByteRate',
  'outByteRate',
];
const zeroStats = Object.fromEntries(STATS.map((name) => [name, 0n]));

/** ipvsadm describes the tunnel of every destination; the driver where there is one. */
function isTunnel(operation: Operation): boolean {
  return 'backend' in operation && 'config' in operation && operation.config.method === 'tun';
}

/** ipvsadm then leaves bytes of the IPv6 address behind the IPv4 one. */
function hasMixedFamilies(operation: Operation): boolean {
  return (
    'backend' in operation && familyOfAddress(operation.backend.address) !== familyOf(operation.frontend)
  );
}

describe('what the driver sends', () => {
  for (const { command, operation, bytes } of RECORDED_REQUESTS) {
    test(`reads ipvsadm ${command}`, () => {
      assert.deepEqual(decodeOperation(Buffer.from(bytes, 'hex')), operation);
    });

    test(`asks for the same as ipvsadm ${command}`, async () => {
      assert.deepEqual(decodeOperation(await encoded(operation)), operation);
    });
  }

  for (const { command, operation, bytes } of RECORDED_REQUESTS) {
    if (operation.command === 'NEW_SERVICE' || operation.command === 'SET_SERVICE') {
      test(`sends the very bytes of ipvsadm ${command}`, async () => {
        assert.equal((await encoded(operation)).toString('hex'), bytes);
      });
    }
    if (isTunnel(operation) && !hasMixedFamilies(operation)) {
      test(`describes the real server in the very bytes of ipvsadm ${command}`, async () => {
        const attributes = destinationBytes(await encoded(operation));
        assert.equal(attributes, destinationBytes(Buffer.from(bytes, 'hex')));
      });
    }
  }

  test('says all of any operation', async () => {
    const property = fc.asyncProperty(anyOperation, async (operation) => {
      fc.pre(
        !('config' in operation && 'scheduler' in operation.config && operation.config.scheduler === 'none'),
      );
      assert.deepEqual(decodeOperation(await encoded(operation)), operation);
    });
    await fc.assert(property, { numRuns: 500 });
  });

  test('asks for no scheduler by the name that the kernel shows then', async () => {
    const operation = newService(web, { scheduler: '' });
    assert.match((await encoded(operation)).toString('latin1'), /none\0/);
    assert.deepEqual(decodeOperation(await encoded(operation)), operation);
  });
});

describe('what the driver reads', () => {
  for (const stats of [false, true]) {
    for (const recorded of RECORDED_SERVICES.filter((one) => !isWeb(one))) {
      test(`is the kernel's ${recorded.line}${stats ? ' with counters' : ''}`, async () => {
        assert.deepEqual(await readShown({ services: [recorded.bytes] }, stats), [entryOf(recorded, stats)]);
      });
    }

    for (const recorded of RECORDED_DESTINATIONS) {
      test(`is the kernel's ${recorded.line}${stats ? ' with counters' : ''}`, async () => {
        const [, entry] = await readShown({ services: shownWeb, destinations: [recorded.bytes] }, stats);
        assert.deepEqual(entry, entryOf(recorded, stats));
      });
    }
  }

  test('is in the order of the kernel, each service followed by its destinations', async () => {
    const shown = {
      services: RECORDED_SERVICES.map(({ bytes }) => bytes),
      destinations: RECORDED_DESTINATIONS.map(({ bytes }) => bytes),
    };
    const expected = RECORDED_SERVICES.flatMap((one) =>
      isWeb(one) ? [one, ...RECORDED_DESTINATIONS] : [one],
    );
    assert.deepEqual(
      (await readShown(shown, false)).map(({ key }) => key),
      expected.map(({ operation }) => operation.key),
    );
  });

  test('are the wide counters where the kernel has them, to the last bit', async () => {
    const narrow = narrowStats(STATS.map((_, index) => index + 1));
    const wide = wideStats(STATS.map((_, index) => 2n ** 64n - 1n - BigInt(index)));
    const [entry] = await readShown({ services: [fwmarkService(narrow, wide)] }, true);
    const expected = STATS.map((name, index) => [name, 2n ** 64n - 1n - BigInt(index)]);
    assert.deepEqual(entry?.stats, Object.fromEntries(expected));
  });

  test('are the narrow counters where the kernel has no others', async () => {
    const narrow = narrowStats(STATS.map((_, index) => 0xffffffff - index));
    const [entry] = await readShown({ services: [fwmarkService(narrow)] }, true);
    assert.deepEqual(
      entry?.stats,
      Object.fromEntries(STATS.map((name, i) => [name, BigInt(0xffffffff - i)])),
    );
  });

  test('skips attributes that it does not know', async () => {
    const unknown = [attribute(60, Buffer.from('odd')), attribute(0x8000 | 61, Buffer.alloc(5, 0xff))];
    const [entry] = await readShown({ services: [fwmarkService(...unknown)] }, false);
    assert.equal(entry?.key, 'fwmark/ipv4/9');
  });

  test('gives a destination that names no family its service’s', async () => {
    const attributes = [
      attribute(1, Buffer.concat([Buffer.from([10, 1, 0, 1]), Buffer.alloc(12)])),
      attribute(2, Buffer.from([0, 80])),
      ...[3, 4, 5, 6].map((type) => attribute(type, u32(2))),
    ];
    const destination = entryMessage(5, attribute(2, Buffer.concat(attributes)));
    const [, entry] = await readShown({ services: shownWeb, destinations: [destination] }, false);
    const config = { method: 'tun', weight: 2, upperThreshold: 2, lowerThreshold: 2 };
    assert.equal(entry?.key, 'tcp/10.0.0.1:80->10.1.0.1:80');
    assert.deepEqual(entry?.config, { ...config, tunnel: { type: 'ipip', port: 0, checksum: 'none' } });
  });

  test('reads tunnel numbers that lvsd never sends as the kernel acts on them', async () => {
    const [recorded = ''] = RECORDED_DESTINATIONS.filter(({ line }) => line.includes('gue')).map(
      (one) => one.bytes,
    );
    const strange = recorded.replace('05000d0001', '05000d0007').replace('06000f000100', '06000f000700');
    assert.notEqual(strange, recorded);
    const [, entry] = await readShown({ services: shownWeb, destinations: [strange] }, false);
    assert.deepEqual(tunnelOf(entry), { type: 'ipip', port: 6080, checksum: 'remcsum' });
    const others = strange.replace('06000f000700', '06000f000400');
    const [, other] = await readShown({ services: shownWeb, destinations: [others] }, false);
    assert.equal(tunnelOf(other)?.checksum, 'none');
  });

  test('leaves out a service of a protocol that IPVS does not forward', async () => {
    const [first = ''] = RECORDED_SERVICES.map(({ bytes }) => bytes);
    const strange = first.replace('0600020006000000', '0600020032000000');
    assert.notEqual(strange, first);
    const kernel = createScriptedKernel({ answer: answerWithTable([strange, ...shownWeb], []) });
    const driver = createNetlinkDriver({ openTransport: kernel.open });
    assert.deepEqual([...(await driver.read()).keys()], ['tcp/10.0.0.1:80']);
    const isAboutIt = ({ bytes }: ReceivedRequest): boolean => bytes.includes(Buffer.from([10, 0, 0, 2]));
    assert.deepEqual(kernel.datagrams.flat().filter(isAboutIt), []);
  });
});

describe('what cannot be read', () => {
  const recorded = [...RECORDED_SERVICES, ...RECORDED_DESTINATIONS];

  for (const { line, bytes, operation } of recorded) {
    const shown = (cut: Buffer): Shown =>
      'backend' in operation
        ? { services: shownWeb, destinations: [cut.toString('hex')] }
        : { services: [cut.toString('hex')] };
    const whole = Buffer.from(bytes, 'hex');

    test(`is a cut ${line}`, async () => {
      for (let length = 1; length < whole.length; length++) {
        await assert.rejects(readShown(shown(whole.subarray(0, length)), true), KernelUnavailableError);
      }
    });

    test(`is a cut ${line} under a header that does not tell`, async () => {
      for (let length = 16; length < whole.length; length++) {
        const cut = Buffer.from(whole.subarray(0, length));
        cut.writeUInt32LE(length);
        await assert.rejects(readShown(shown(cut), true), KernelUnavailableError, `${length} bytes`);
      }
    });

    test(`is never worse than an error: ${line} with any bytes changed`, async () => {
      const changes = fc.array(fc.tuple(fc.integer({ min: 16, max: whole.length - 1 }), fc.nat(255)), {
        minLength: 1,
        maxLength: 8,
      });
      const property = fc.asyncProperty(changes, fc.boolean(), async (bytesAt, stats) => {
        const changed = Buffer.from(whole);
        for (const [at, value] of bytesAt) changed[at] = value;
        const outcome = await readShown(shown(changed), stats).catch((error: unknown) => error);
        assert.ok(Array.isArray(outcome) || outcome instanceof KernelUnavailableError, String(outcome));
      });
      await fc.assert(property, { numRuns: 100 });
    });
  }
});

function tunnelOf(entry: TableEntry | undefined): KernelTunnel | null {
  assert.ok(entry?.kind === 'destination');
  return entry.config.tunnel;
}

/** A service of mark 9 with these attributes besides its own. */
function fwmarkService(...attributes: readonly Buffer[]): string {
  const own = [
    attribute(1, Buffer.from([2, 0])),
    attribute(5, u32(9)),
    attribute(6, Buffer.from('rr\0')),
    attribute(7, Buffer.concat([u32(2), u32(0xffffffff)])),
    attribute(8, u32(0)),
    attribute(9, u32(0xffffffff)),
  ];
  return entryMessage(1, attribute(1, Buffer.concat([...own, ...attributes])));
}

function entryMessage(command: number, attributes: Buffer): string {
  const header = Buffer.from([command, 1, 0, 0]);
  return message({ type: 28, flags: 2, sequence: 1 }, header, attributes).toString('hex');
}

/** IPVS_SVC_ATTR_STATS: the byte counts are 64 bits wide even here. */
function narrowStats(values: readonly number[]): Buffer {
  const isWide = (index: number): boolean => index === 3 || index === 4;
  const attributes = values.map((value, index) =>
    attribute(index + 1, isWide(index) ? u64(BigInt(value)) : u32(value)),
  );
  return attribute(10, Buffer.concat(attributes));
}

/** IPVS_SVC_ATTR_STATS64. */
function wideStats(values: readonly bigint[]): Buffer {
  return attribute(12, Buffer.concat(values.map((value, index) => attribute(index + 1, u64(value)))));
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
