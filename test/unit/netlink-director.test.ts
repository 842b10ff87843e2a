/** Timeouts, daemons and zeroing: what ipvsadm 1.31 and Linux 6.1 say to each other, recorded with strace. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { DirectorOperation, SyncDaemon } from '../../src/domain/director-operation.js';
import { KernelUnavailableError } from '../../src/driver/kernel-error.js';
import { createNetlinkDriver } from '../../src/driver/netlink/client.js';
import {
  ACK,
  acknowledge,
  createScriptedKernel,
  done,
  message,
  part,
  REQUEST,
} from '../support/scripted-kernel.js';

const GET_DAEMON = 11;
const daemon: SyncDaemon = {
  interface: 'sync0',
  syncId: 9,
  group: '239.1.2.3',
  port: 9999,
  ttl: 5,
  maxLength: 1000,
};

/** Command, version and attributes, in hexadecimal. */
const REQUESTS: readonly (readonly [string, DirectorOperation, string])[] = [
  [
    '--set 100 20 30',
    {
      command: 'SET_CONFIG',
      key: 'timeouts',
      config: { tcpSeconds: 100, tcpFinSeconds: 20, udpSeconds: 30 },
    },
    '0c01000008000400640000000800050014000000080006001e000000',
  ],
  [
    '--start-daemon backup with every option',
    { command: 'NEW_DAEMON', key: 'sync-daemons/backup', state: 'backup', config: daemon },
    '090100004000038008000100020000000a00020073796e6330000000080003000900000006000400e8030000060007000f270000050008000500000008000500ef010203',
  ],
  ['-Z', { command: 'ZERO', key: 'counters', frontend: null }, '10010000'],
];

/** ipvsadm -L --timeout and -L --daemon, a master that was started with nothing but an interface and id 7. */
const CONFIG = '0c01000008000400640000000800050014000000080006001f000000';
const MASTER =
  '090100004000030008000100010000000a00020073796e6330000000080003000700000006000400c00500000600070090220000050008000100000008000500e0000051';

/** What the driver sends for one operation, without the message's own header. */
async function sent(operation: DirectorOperation): Promise<string> {
  const kernel = createScriptedKernel();
  const driver = createNetlinkDriver({ openTransport: kernel.open });
  assert.deepEqual(await driver.applyDirector([operation]), [null]);
  driver.close();
  return kernel.datagrams[0]?.[0]?.bytes.subarray(16).toString('hex') ?? '';
}

/** The settings that the driver reads of a kernel that answers with these bytes. */
async function settings({ config = CONFIG, daemons }: { config?: string; daemons: readonly string[] }) {
  const kernel = createScriptedKernel({
    answer(request) {
      if (request.command === GET_DAEMON) return [part(request, daemons.map(whole)), done(request)];
      const { sequence } = request;
      return [
        message({ type: request.family, flags: 0, sequence }, Buffer.from(config, 'hex')),
        ...acknowledge(request),
      ];
    },
  });
  const driver = createNetlinkDriver({ openTransport: kernel.open });
  try {
    return await driver.readDirector();
  } finally {
    driver.close();
  }
}

function whole(payload: string): string {
  return message({ type: 28, flags: 2, sequence: 1 }, Buffer.from(payload, 'hex')).toString('hex');
}

describe('what the driver says of the director', () => {
  for (const [command, operation, bytes] of REQUESTS) {
    test(`is the very bytes of ipvsadm ${command}`, async () => assert.equal(await sent(operation), bytes));
  }

  test('names an IPv6 group by the attribute for it', async () => {
    const config = { ...daemon, group: 'ff05::5:5', maxLength: null };
    const bytes = await sent({ command: 'NEW_DAEMON', key: 'sync-daemons/backup', state: 'backup', config });
    assert.match(bytes, /14000600ff050000000000000000000000050005$/);
  });

  test('stops a daemon by its state alone', async () => {
    const bytes = await sent({ command: 'DEL_DAEMON', key: 'sync-daemons/master', state: 'master' });
    assert.equal(bytes, '0a0100000c0003800800010001000000');
  });

  test('is done although the kernel keeps quiet, as it does of a thread that had not run yet', async () => {
    const kernel = createScriptedKernel();
    const driver = createNetlinkDriver({ openTransport: kernel.open });
    const stop: DirectorOperation = { command: 'DEL_DAEMON', key: 'sync-daemons/master', state: 'master' };
    assert.deepEqual(await driver.applyDirector([stop]), [null]);
    const [request, last, ...others] = kernel.datagrams.flat();
    assert.deepEqual([request?.command, request?.flags], [10, REQUEST]);
    assert.deepEqual([last?.command, last?.flags, others], [12, REQUEST | ACK, []]);
    driver.close();
  });
});

describe('what the driver reads of the director', () => {
  test('is what ipvsadm prints', async () => {
    assert.deepEqual(await settings({ daemons: [MASTER] }), {
      timeouts: { tcpSeconds: 100, tcpFinSeconds: 20, udpSeconds: 31 },
      syncDaemons: {
        master: {
          interface: 'sync0',
          syncId: 7,
          group: '224.0.0.81',
          port: 8848,
          ttl: 1,
          maxLength: 1472,
        },
        backup: null,
      },
    });
  });

  test('has the fixed group and port of kernels that do not show them', async () => {
    const old = '090100001c00030008000100020000000a00020073796e6330000000080003000000';
    const { syncDaemons } = await settings({ daemons: [`${old}0000`.replace('1c00', '2000')] });
    const { group, port, ttl, maxLength } = syncDaemons.backup ?? {};
    assert.deepEqual([group, port, ttl, maxLength], ['224.0.0.81', 8848, 1, null]);
  });

  test('is never more than a refusal, whatever the bytes', async () => {
    const property = fc.asyncProperty(fc.integer({ min: 4, max: MASTER.length / 2 - 1 }), async (length) => {
      const reading = settings({ daemons: [MASTER.slice(0, 2 * length)] });
      await assert.rejects(reading, KernelUnavailableError);
    });
    await fc.assert(property, { numRuns: 70 });
  });
});
