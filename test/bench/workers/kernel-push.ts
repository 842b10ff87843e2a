/** Fills the empty IPVS table of a network namespace of its own in one of several ways. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { createNetlinkDriver } from '../../../src/driver/netlink/client.js';
import { encodeOperation } from '../../../src/driver/netlink/codec.js';
import { IPVS_CMD } from '../../../src/driver/netlink/constants.js';
import { writeGenericHeader } from '../../../src/driver/netlink/generic.js';
import { NETLINK_GENERIC } from '../../../src/driver/wire/constants.js';
import { askForAck, beginRequest, endRequest } from '../../../src/driver/wire/message.js';
import { createNetlinkSocket } from '../../../src/driver/wire/socket.js';
import { HOST_IS_LITTLE_ENDIAN, viewOf, Writer } from '../../../src/driver/wire/writer.js';
import { startCommand } from '../command.js';
import { operationsOf, savedLinesOf } from '../definition.js';
import { timed } from '../sample.js';
import { serveCalls } from '../worker.js';

export interface KernelPushCalls {
  /** Without a loopback the kernel takes no address for a unicast one. */
  loopbackUp(): void;
  /** Makes the table by the netlink driver. Milliseconds of its apply. */
  fill(services: number): Promise<number>;
  /** The same, and checked, as is what follows: what a process that has just begun takes for it. */
  coldDriver(services: number): Promise<number>;
  /** The same in a process that has done it twice before: V8 compiles what is used often while it runs. */
  driver(services: number): Promise<number>;
  /** As `driver`, but milliseconds of sending messages that were encoded beforehand: what the kernel itself takes. */
  encoded(services: number): Promise<number>;
  /** Milliseconds of `ipvsadm -R`. */
  ipvsadm(services: number): Promise<number>;
  /** Throws unless the table is that definition: line for line, and what ipvsadm does not save attribute for attribute. */
  check(services: number): Promise<void>;
}

/** More gain nothing; as many as the driver sends. */
const MESSAGES_PER_DATAGRAM = 900;
const WARMING_PUSHES = 2;
const NETWORK_ENDS_MS = 2000;
/** linux/sched.h */
const CLONE_NEWNET = 0x40000000;
/** Of nlmsg_type in struct nlmsghdr. */
const TYPE_OFFSET = 4;

serveCalls<KernelPushCalls>({
  loopbackUp,
  fill,
  async coldDriver(services) {
    const milliseconds = await fill(services);
    await checkTable(services);
    return milliseconds;
  },
  driver: (services) => warm(services, fill),
  encoded: (services) => warm(services, sendEncoded),
  async ipvsadm(services) {
    loopbackUp();
    const file = join(mkdtempSync(join(tmpdir(), 'lvsd-bench-')), 'saved');
    writeFileSync(file, `${savedLinesOf(services).join('\n')}\n`);
    const command = startCommand(process.pid, 'ipvsadm -R <"$argument"');
    const milliseconds = await command.run(file);
    command.end();
    rmSync(dirname(file), { recursive: true });
    await checkTable(services);
    return milliseconds;
  },
  check: checkTable,
});

function loopbackUp(): void {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
}

async function fill(services: number): Promise<number> {
  loopbackUp();
  const operations = operationsOf(services);
  const driver = createNetlinkDriver();
  await driver.info();
  const milliseconds = await timed(async () => {
    for (const error of await driver.apply(operations)) if (error) throw error;
  });
  driver.close();
  return milliseconds;
}

async function sendEncoded(services: number): Promise<number> {
  loopbackUp();
  const datagrams = encodeAll(services, await familyNumber());
  const socket = createNetlinkSocket({ protocol: NETLINK_GENERIC, receiveTimeoutMs: 10_000 });
  const milliseconds = await timed(() => {
    for (const datagram of datagrams) {
      socket.send(datagram);
      socket.receive();
    }
  });
  socket.close();
  return milliseconds;
}

/** Pushes before the one that counts, each into a network namespace that is gone before the next: its table slows others. */
async function warm(services: number, push: (services: number) => Promise<number>): Promise<number> {
  for (let count = 0; count < WARMING_PUSHES; count += 1) {
    await push(services);
    await leaveNetwork();
  }
  const milliseconds = await push(services);
  await checkTable(services);
  return milliseconds;
}

/** Goes on in a new network namespace; the kernel takes the one that nobody is in apart in its own time. */
async function leaveNetwork(): Promise<void> {
  const unshare = koffi.load(null).func('int unshare(int)');
  if (unshare(CLONE_NEWNET) !== 0) throw new Error('there is no other network namespace to be had');
  await sleep(NETWORK_ENDS_MS);
}

/** The type of the messages that the driver sends to IPVS. */
async function familyNumber(): Promise<number> {
  let type = 0;
  const driver = createNetlinkDriver({
    openTransport() {
      const socket = createNetlinkSocket({ protocol: NETLINK_GENERIC, receiveTimeoutMs: 10_000 });
      return {
        ...socket,
        send(datagram) {
          type = viewOf(datagram).getUint16(TYPE_OFFSET, HOST_IS_LITTLE_ENDIAN);
          socket.send(datagram);
        },
      };
    },
  });
  await driver.info();
  driver.close();
  return type;
}

function encodeAll(services: number, family: number): Buffer[] {
  const operations = operationsOf(services);
  const datagrams: Buffer[] = [];
  const writer = new Writer();
  for (let from = 0; from < operations.length; from += MESSAGES_PER_DATAGRAM) {
    writer.clear();
    let last = 0;
    for (const [index, operation] of operations.slice(from, from + MESSAGES_PER_DATAGRAM).entries()) {
      last = beginRequest(writer, {
        type: family,
        sequence: from + index,
        flags: 0,
      });
      writeGenericHeader(writer, IPVS_CMD[operation.command]);
      encodeOperation(writer, operation);
      endRequest(writer, last);
    }
    askForAck(writer, last);
    datagrams.push(Buffer.from(writer.written()));
  }
  return datagrams;
}

async function checkTable(services: number): Promise<void> {
  checkLines(services);
  await checkAttributes(services);
}

/** By the independent witness. */
function checkLines(services: number): void {
  const saved = execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8', maxBuffer: 256 * 2 ** 20 });
  const lines = saved
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .sort();
  const wanted = savedLinesOf(services).sort();
  const wrong = wanted.findIndex((line, index) => line !== lines[index]);
  if (wrong !== -1 || lines.length !== wanted.length) {
    throw new Error(
      `the table has ${lines.length} lines of ${wanted.length}; "${lines[wrong]}" instead of "${wanted[wrong]}"`,
    );
  }
}

/** Thresholds are in no line of `ipvsadm -S`. */
async function checkAttributes(services: number): Promise<void> {
  const driver = createNetlinkDriver();
  const table = await driver.read();
  driver.close();
  const wanted = operationsOf(services);
  assert.equal(table.size, wanted.length);
  for (const operation of wanted) {
    if ('config' in operation) assert.deepEqual(table.get(operation.key)?.config, operation.config);
  }
}
