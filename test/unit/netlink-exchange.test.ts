import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, test } from 'node:test';
import type { Frontend } from '../../src/domain/keys.js';
import type { Operation } from '../../src/domain/table.js';
import type { IpvsDriver } from '../../src/driver/driver.js';
import { KernelError, KernelUnavailableError } from '../../src/driver/kernel-error.js';
import { createNetlinkDriver, probeNetlink } from '../../src/driver/netlink/client.js';
import { RECORDED_DESTINATIONS, RECORDED_SERVICES } from '../support/ipvsadm-messages.js';
import { decodeOperation } from '../support/netlink-decode.js';
import { deleteDestination, newDestination, newService } from '../support/operations.js';
import {
  ACK,
  acknowledge,
  answerWithTable,
  createScriptedKernel,
  DUMP,
  done,
  type KernelScript,
  part,
  REQUEST,
  type ReceivedRequest,
  refusal,
  type ScriptedKernel,
  wholeRefusal,
} from '../support/scripted-kernel.js';

const { EAFNOSUPPORT, EEXIST, ENOENT, ENOMEM, EPERM, ESRCH } = constants.errno;
const GET_SERVICE = 4;
const NEW_DEST = 5;
const web: Frontend = { protocol: 'tcp', address: '10.0.0.1', port: 80 };
const services = RECORDED_SERVICES.map(({ bytes }) => bytes);
const destinations = RECORDED_DESTINATIONS.map(({ bytes }) => bytes);

interface OpenDriver {
  readonly kernel: ScriptedKernel;
  readonly driver: IpvsDriver;
  /** Lets this much time pass, in milliseconds; none does by itself. */
  readonly spend: (milliseconds: number) => void;
}

function open(script: KernelScript = {}): OpenDriver {
  const kernel = createScriptedKernel(script);
  let elapsed = 0;
  const driver = createNetlinkDriver({ openTransport: kernel.open, now: () => elapsed });
  const spend = (milliseconds: number): void => {
    elapsed += milliseconds;
  };
  return { kernel, driver, spend };
}

function manyDestinations(count: number): Operation[] {
  return Array.from({ length: count }, (_, i) =>
    newDestination(web, { address: `10.1.${i >> 8}.${i & 0xff}`, port: 80 }),
  );
}

/** `script` for lists of services; each time another one, the last for ever. */
function listing(...lists: readonly (readonly string[][])[]): KernelScript & { asked: () => number } {
  let asked = 0;
  return {
    asked: () => asked,
    answer(request) {
      if (request.command !== GET_SERVICE || !(request.flags & DUMP)) {
        return answerWithTable(services, [])(request);
      }
      const parts = lists[Math.min(asked++, lists.length - 1)] ?? [];
      return [...parts.map((entries) => part(request, entries)), done(request)];
    },
  };
}

async function keysRead(driver: IpvsDriver): Promise<string[]> {
  return [...(await driver.read()).keys()];
}

function keysOf(indexes: readonly number[]): (string | undefined)[] {
  return indexes.map((index) => RECORDED_SERVICES[index]?.operation.key);
}

function shown(...indexes: readonly number[]): string[] {
  return indexes.map((index) => services[index] ?? '');
}

/** As long as `newService(web)`. */
const someRequest: ReceivedRequest = {
  family: 28,
  command: 1,
  flags: 5,
  sequence: 1,
  bytes: Buffer.alloc(104, 104),
};

describe('a batch of operations', () => {
  test('travels in few datagrams, with an acknowledgement of each one’s last request only', async () => {
    const { kernel, driver } = open();
    const operations = manyDestinations(2000);
    assert.ok((await driver.apply(operations)).every((error) => error === null));
    assert.equal(kernel.datagrams.flat().length, 2000);
    assert.ok(kernel.datagrams.length <= 2000 / 256 + 2, `${kernel.datagrams.length} datagrams`);
    for (const datagram of kernel.datagrams) {
      assert.deepEqual(new Set(datagram.slice(0, -1).map(({ flags }) => flags)), new Set([REQUEST]));
      assert.equal(datagram.at(-1)?.flags, REQUEST | ACK);
    }
    const sequences = kernel.datagrams.flat().map(({ sequence }) => sequence);
    assert.equal(new Set(sequences).size, 2000);
  });

  test('says of each operation, in order, why it was refused, whichever of them are refused', async () => {
    const operations = manyDestinations(1000);
    const refused = (index: number): boolean => index % 7 === 3 || index === 999;
    let index = 0;
    const { driver } = open({
      answer: (request) => (refused(index++) ? [refusal(request, EEXIST)] : acknowledge(request)),
    });
    const refusals = await driver.apply(operations);
    for (const [at, error] of refusals.entries()) {
      assert.equal(error?.errno, refused(at) ? EEXIST : undefined);
    }
    assert.equal(refusals.length, 1000);
    const { key } = operations[3] as Operation;
    assert.deepEqual(refusals[3], new KernelError({ errno: EEXIST, command: 'NEW_DEST', key }));
  });

  for (const [how, make] of [
    ['alone', (request: ReceivedRequest) => refusal(request, ESRCH, 'no such thing')],
    ['after the whole request', (request: ReceivedRequest) => wholeRefusal(request, ESRCH, 'no such thing')],
  ] as const) {
    test(`gives the kernel's own words, ${how}`, async () => {
      const { driver } = open({ answer: (request) => [make(request)] });
      const [error] = await driver.apply([deleteDestination(web, { address: '10.1.0.1', port: 80 })]);
      assert.equal(error?.extendedAck, 'no such thing');
      assert.match(error?.message ?? '', /ESRCH \(no such thing\)/);
    });
  }

  test('takes answers that come several to a datagram, and skips those of others', async () => {
    const { driver } = open({
      answer: (request) => [
        Buffer.concat([
          refusal({ ...request, sequence: request.sequence + 9 }, ENOMEM),
          refusal(request, EEXIST),
        ]),
      ],
    });
    const [error] = await driver.apply([newService(web)]);
    assert.equal(error?.errno, EEXIST);
  });

  test('is spread over more datagrams when its requests are long', async () => {
    const { kernel, driver } = open();
    const operations = Array.from({ length: 10 }, (_, i) =>
      newService(web, { scheduler: String(i).repeat(60_000) }),
    );
    await driver.apply(operations);
    assert.deepEqual(
      kernel.datagrams.flat().map(({ bytes }) => decodeOperation(bytes)),
      operations,
    );
    assert.deepEqual(
      kernel.datagrams.map(({ length }) => length),
      [3, 3, 3, 1],
    );
  });

  test('is not sent with a name too long for the protocol', async () => {
    const { kernel, driver } = open();
    for (const length of [65_530, 65_531, 70_000]) {
      await assert.rejects(driver.apply([newService(web, { scheduler: 'x'.repeat(length) })]), RangeError);
    }
    assert.deepEqual(kernel.datagrams, []);
  });

  for (const [what, make] of [
    ['acknowledgement', (request: ReceivedRequest) => refusal(request, 0)],
    ['refusal', (request: ReceivedRequest) => refusal(request, ESRCH, 'no such thing')],
    [
      'refusal with the whole request',
      (request: ReceivedRequest) => wholeRefusal(request, ESRCH, 'no such thing'),
    ],
  ] as const) {
    test(`is not answered by a cut ${what}`, async () => {
      let whole = Number.POSITIVE_INFINITY;
      for (let length = 1; length < whole; length++) {
        const { driver } = open({
          answer(request) {
            const bytes = make(request);
            whole = bytes.length;
            return length < whole ? [bytes.subarray(0, length)] : [];
          },
        });
        await assert.rejects(driver.apply([newService(web)]), KernelUnavailableError, `${length} bytes`);
      }
      assert.ok(whole >= 36);
    });

    test(`is not taken for done by a cut ${what} under a header that does not tell`, async () => {
      const whole = make(someRequest).length;
      for (let length = 16; length < whole; length++) {
        const { driver } = open({
          answer(request) {
            const cut = Buffer.from(make(request).subarray(0, length));
            cut.writeUInt32LE(length);
            return [cut];
          },
        });
        const outcome: unknown = await driver.apply([newService(web)]).catch((error: unknown) => error);
        if (Array.isArray(outcome)) assert.equal(outcome[0]?.errno, ESRCH, `${length} bytes`);
        else assert.ok(outcome instanceof KernelUnavailableError);
      }
    });
  }

  test('takes fewer requests to a datagram when the kernel is slow, and more when it is not', async () => {
    let cost = 0.5;
    const { kernel, driver, spend } = open({
      answer(request) {
        if (request.command === NEW_DEST) spend(cost);
        return acknowledge(request);
      },
    });
    await driver.apply(manyDestinations(100));
    cost = 100;
    await driver.apply(manyDestinations(60));
    cost = 0;
    await driver.apply(manyDestinations(2500));
    const sizes = kernel.datagrams.map(({ length }) => length);
    assert.deepEqual(sizes.slice(0, 3), [64, 20, 16]);
    assert.deepEqual(sizes.slice(3, 6), [20, 1, 1]);
    assert.deepEqual(sizes.slice(-4), [1, 937, 937, 625]);
  });

  test('lets the event loop run whenever ten milliseconds have passed', async () => {
    const { driver, spend } = open({
      answer(request) {
        if (request.command === NEW_DEST) spend(0.05);
        return acknowledge(request);
      },
    });
    let turns = 0;
    let isOver = false;
    const countTurn = (): void => {
      turns++;
      if (!isOver) setImmediate(countTurn);
    };
    setImmediate(countTurn);
    await driver.apply(manyDestinations(2000));
    isOver = true;
    assert.ok(turns >= 5, `${turns} turns in 100 ms`);
  });
});

describe('a kernel that cannot be reached', () => {
  const noAnswer: KernelScript = { answer: () => [] };
  const forbidden: KernelScript = { answer: (request) => [refusal(request, EPERM)] };
  const noFamily: KernelScript = { families: [undefined] };
  const calls: Record<string, (driver: IpvsDriver) => Promise<unknown>> = {
    info: (driver) => driver.info(),
    read: (driver) => driver.read(),
    readServices: (driver) => driver.readServices(['tcp/10.0.0.1:80']),
    apply: (driver) => driver.apply([newService(web)]),
  };
  for (const [name, call] of Object.entries(calls)) {
    for (const [how, script, words] of [
      ['does not answer', noAnswer, /did not answer in time/],
      ['permits nothing', forbidden, /CAP_NET_ADMIN/],
      ['has no IPVS', noFamily, /modprobe ip_vs/],
    ] as const) {
      test(`fails ${name} when it ${how}, and no socket stays behind`, async () => {
        const { kernel, driver } = open(script);
        await assert.rejects(call(driver), (error) => {
          assert.ok(error instanceof KernelUnavailableError);
          assert.match(error.message, words);
          return true;
        });
        assert.equal(kernel.openSockets, 0);
      });
    }
  }

  test('is reached again by the next call, over a new socket', async () => {
    let silent = true;
    const { kernel, driver } = open({ answer: (request) => (silent ? [] : acknowledge(request)) });
    await assert.rejects(driver.apply([newService(web)]), KernelUnavailableError);
    silent = false;
    assert.equal((await driver.apply([newService(web)]))[0], null);
    assert.equal(kernel.openedSockets, 2);
  });

  test('is what a probe finds, with the reason', async () => {
    const probe = (script: KernelScript) =>
      probeNetlink({ openTransport: createScriptedKernel(script).open });
    assert.match(JSON.stringify(await probe(forbidden)), /"available":false.*CAP_NET_ADMIN/);
    assert.match(JSON.stringify(await probe(noFamily)), /"available":false.*modprobe ip_vs/);
  });

  test('is what a dump refused for any reason means', async () => {
    const { driver } = open({ answer: (request) => [done(request, ENOMEM)] });
    await assert.rejects(driver.read(), /GET_SERVICE was answered ENOMEM/);
  });
});

describe('a family with another number than before', () => {
  /** Only requests under 29 reach IPVS. */
  const reloaded: KernelScript = {
    families: [28, 29],
    answer: (request) =>
      request.family === 29 ? answerWithTable(services, [])(request) : [refusal(request, ENOENT)],
  };

  test('is looked up again, and the operations are carried out under it', async () => {
    const { kernel, driver } = open({
      ...reloaded,
      answer: (request) => (request.family === 29 ? acknowledge(request) : [refusal(request, ENOENT)]),
    });
    const refusals = await driver.apply(manyDestinations(300));
    assert.ok(refusals.every((error) => error === null));
    assert.equal(kernel.familyQuestions, 2);
  });

  test('is looked up again for a list and for single services', async () => {
    const list = open(reloaded);
    assert.equal((await list.driver.read()).size, services.length);
    const single = open(reloaded);
    assert.equal((await single.driver.readServices(['tcp/10.0.0.1:80'])).size, 1);
  });

  test('is asked for once when an operation names what is not there', async () => {
    const { kernel, driver } = open({ answer: (request) => [refusal(request, ENOENT)] });
    const [error] = await driver.apply([deleteDestination(web, { address: '10.1.0.1', port: 80 })]);
    assert.equal(error?.errno, ENOENT);
    assert.equal(kernel.familyQuestions, 2);
    assert.equal(kernel.datagrams.length, 1);
  });

  test('is gone for good when the lookup says so', async () => {
    const { driver } = open({ families: [28, undefined], answer: (request) => [refusal(request, ENOENT)] });
    await assert.rejects(driver.apply([newService(web)]), /modprobe ip_vs/);
  });
});

describe('reading', () => {
  test('asks again for a list that the kernel calls interrupted', async () => {
    let lists = 0;
    const { driver } = open({
      answer(request) {
        if (request.command !== GET_SERVICE || !(request.flags & DUMP)) {
          return answerWithTable(services, [])(request);
        }
        const isFirst = lists++ === 0;
        return [part(request, isFirst ? shown(0) : shown(0, 1), isFirst), done(request)];
      },
    });
    assert.deepEqual(await keysRead(driver), keysOf([0, 1]));
    assert.equal(lists, 2);
  });

  test('takes a list of one datagram at once', async () => {
    const script = listing([shown(0, 1, 2)]);
    assert.deepEqual(await keysRead(open(script).driver), keysOf([0, 1, 2]));
    assert.equal(script.asked(), 1);
  });

  test('takes a longer list when two in a row agree', async () => {
    const script = listing([shown(0), shown(2)], [shown(0), shown(1, 2)], [shown(0), shown(1, 2)]);
    assert.deepEqual(await keysRead(open(script).driver), keysOf([0, 1, 2]));
    assert.equal(script.asked(), 3);
  });

  test('does not take a list that shows an entry twice, however often it comes', async () => {
    const script = listing([shown(0, 1), shown(1, 2)]);
    assert.deepEqual(await keysRead(open(script).driver), keysOf([0, 1, 2]));
    assert.ok(script.asked() > 2);
  });

  test('takes the union of the last two lists when they never agree', async () => {
    const lists = Array.from({ length: 20 }, (_, i) => [shown(0), shown(1 + (i % 2))]);
    const script = listing(...lists);
    assert.deepEqual((await keysRead(open(script).driver)).sort(), keysOf([0, 1, 2]).sort());
    assert.ok(script.asked() <= 10);
  });

  test('asks again for a list whose only datagram may have been too small for the rest', async () => {
    const nearlyFull = Array.from({ length: 9 }, () => destinations[0] ?? '');
    let lists = 0;
    const { driver } = open({
      answer(request) {
        if (request.command === GET_SERVICE) return answerWithTable(shown(1), [])(request);
        lists++;
        return [part(request, lists === 1 ? nearlyFull : destinations), done(request)];
      },
    });
    const table = await driver.read();
    assert.equal(lists, 2);
    assert.deepEqual(
      [...table.keys()].slice(1),
      RECORDED_DESTINATIONS.map(({ operation }) => operation.key),
    );
  });

  test('leaves out a service that vanished before its destinations were read', async () => {
    const { driver } = open({
      answer: (request) =>
        answerWithTable(request.flags & DUMP ? services : shown(0, 1), destinations)(request),
    });
    const keys = (await keysRead(driver)).filter((key) => !key.includes('->'));
    assert.deepEqual(keys, keysOf([0, 1]));
  });

  test('leaves out services of a family that the kernel does not have', async () => {
    const { driver } = open({
      answer: (request) =>
        request.bytes[28] === 10 ? [refusal(request, EAFNOSUPPORT)] : answerWithTable(services, [])(request),
    });
    const table = await driver.readServices(['tcp/[2001:db8::10]:443', 'tcp/10.0.0.1:80']);
    assert.deepEqual([...table.keys()], ['tcp/10.0.0.1:80']);
  });

  test('gives the named services that are there, without a list of all', async () => {
    const { kernel, driver } = open({ answer: answerWithTable(services, destinations) });
    const table = await driver.readServices([
      'tcp/10.0.0.1:80',
      'fwmark/ipv6/7',
      'udp/192.0.2.1:9',
      'fwmark/ipv6/7',
    ]);
    const expected = ['tcp/10.0.0.1:80', ...RECORDED_DESTINATIONS.map(({ operation }) => operation.key)];
    assert.deepEqual([...table.keys()], [...expected, 'fwmark/ipv6/7']);
    const lists = kernel.datagrams
      .flat()
      .filter(({ command, flags }) => command === GET_SERVICE && flags & DUMP);
    assert.equal(lists.length, 0);
  });
});

describe('answers under the sequence number of another request', () => {
  const stray = (request: ReceivedRequest): ReceivedRequest => ({
    ...request,
    sequence: request.sequence - 1,
  });

  test('are no part of a list', async () => {
    const { driver } = open({
      answer: (request) => [
        part(stray(request), services),
        done(stray(request)),
        ...answerWithTable(shown(0), [])(request),
      ],
    });
    assert.deepEqual(await keysRead(driver), keysOf([0]));
  });

  test('are not about single services either', async () => {
    const { driver } = open({
      answer: (request) => [part(stray(request), shown(0)), ...answerWithTable(shown(1), [])(request)],
    });
    assert.deepEqual([...(await driver.readServices(['tcp/10.0.0.1:80'])).keys()], keysOf([1]));
  });
});

describe('sockets', () => {
  test('are one for each of the calls that overlap, and are used again', async () => {
    const { kernel, driver } = open({ answer: answerWithTable(services, destinations) });
    const calls = Array.from({ length: 3 }, () => driver.read());
    const tables = await Promise.all(calls);
    assert.equal(kernel.openedSockets, 3);
    assert.ok(tables.every((table) => table.size === services.length + destinations.length));
    await driver.read();
    assert.equal(kernel.openedSockets, 3);
    driver.close();
    assert.equal(kernel.openSockets, 0);
  });

  test('stay open for a few calls to come, however many there were', async () => {
    const { kernel, driver } = open({ answer: answerWithTable(services, destinations) });
    await Promise.all(Array.from({ length: 30 }, () => driver.read()));
    assert.equal(kernel.openedSockets, 30);
    assert.equal(kernel.openSockets, 4);
  });

  test('are closed after a call that outlives the driver, and no more are opened', async () => {
    const { kernel, driver } = open({ answer: answerWithTable(services, destinations) });
    const call = driver.read();
    driver.close();
    assert.equal((await call).size, services.length + destinations.length);
    assert.equal(kernel.openSockets, 0);
    await assert.rejects(driver.read(), /the driver is closed/);
  });
});
