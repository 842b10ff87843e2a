// time limit: 300 s
// The netlink driver against a real kernel, with ipvsadm as the witness of what the kernel has.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants, release } from 'node:os';
import { after, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Backend, destinationKey, type Frontend, frontendKey } from '../../src/domain/keys.js';
import type { Operation } from '../../src/domain/table.js';
import { createNetlinkDriver, probeNetlink } from '../../src/driver/netlink/client.js';
import { counters, ipvsadm, savedLines, thresholds } from '../support/ipvsadm.js';
import { RECORDED_REQUESTS } from '../support/ipvsadm-messages.js';
import { newDestination, newService, setDestination, setService } from '../support/operations.js';
import { clearTable } from '../support/tables.js';

const { EEXIST, ENOENT, ESRCH } = constants.errno;
const modulesDirectory = '/run/guest/lib/modules';

const driver = createNetlinkDriver({ modulesDirectory });
after(() => driver.close());
beforeEach(() => clearTable(driver));

async function applyAll(operations: readonly Operation[]): Promise<void> {
  const refused = (await driver.apply(operations)).filter((error) => error !== null);
  assert.deepEqual(refused, []);
}

function frontendAt(index: number): Frontend {
  return {
    protocol: 'tcp',
    address: `10.${index >> 14}.${(index >> 7) & 127}.${(index & 127) + 1}`,
    port: 80,
  };
}

function backendAt(index: number): Backend {
  return { address: `172.16.0.${index + 1}`, port: 80 };
}

/** Services with ten destinations each. */
function manyEntries(count: number): Operation[] {
  return Array.from({ length: count }, (_, index) => {
    const frontend = frontendAt(index);
    const destinations = Array.from({ length: 10 }, (_, at) => newDestination(frontend, backendAt(at)));
    return [newService(frontend, { scheduler: 'rr' }), ...destinations];
  }).flat();
}

test('what ipvsadm asks for is read as it was asked for, and has the same effect when the driver asks for it', async () => {
  const linesByIpvsadm: string[][] = [];
  for (const { command, operation } of RECORDED_REQUESTS) {
    await ipvsadm(...command.split(' '));
    linesByIpvsadm.push(await savedLines());
    const entry = (await driver.readServices([frontendKey(operation.frontend)])).get(operation.key);
    assert.deepEqual(entry?.config, 'config' in operation ? operation.config : undefined, command);
  }
  const thresholdsByIpvsadm = await thresholds();
  await clearTable(driver);
  for (const [index, { command, operation }] of RECORDED_REQUESTS.entries()) {
    await applyAll([operation]);
    assert.deepEqual(await savedLines(), linesByIpvsadm[index], command);
  }
  assert.deepEqual(await thresholds(), thresholdsByIpvsadm);
  assert.deepEqual(thresholdsByIpvsadm, ['10.1.0.2:80 2000 0']);
});

describe('a large batch', () => {
  test('of 22,000 entries with refusals in between does the rest and answers each', async () => {
    const operations = manyEntries(2000);
    const missing: Frontend = { protocol: 'tcp', address: '192.0.2.1', port: 80 };
    const refusals: readonly [number, Operation][] = [
      [EEXIST, newService(frontendAt(0))],
      [EEXIST, newDestination(frontendAt(0), backendAt(0))],
      [ESRCH, newDestination(missing, backendAt(0))],
      [ESRCH, setService(missing)],
      [ENOENT, setDestination(frontendAt(0), backendAt(99))],
    ];
    const expected: number[] = [];
    const mixed = operations.flatMap((operation, index) => {
      expected.push(0);
      const refusal = index > 20 && index % 5 === 0 ? refusals[(index / 5) % refusals.length] : undefined;
      if (refusal === undefined) return [operation];
      expected.push(refusal[0]);
      return [operation, refusal[1]];
    });
    const answers = await driver.apply(mixed);
    assert.deepEqual(
      answers.map((error) => error?.errno ?? 0),
      expected,
    );
    const lines = await savedLines();
    assert.equal(lines.length, 22_000);
    assert.equal(new Set(lines).size, 22_000);
    await assertTableIs(operations);
  });

  test('edits all entries in place', async () => {
    const operations = manyEntries(500);
    await applyAll(operations);
    const edits = operations.map((operation) =>
      'backend' in operation
        ? setDestination(operation.frontend, operation.backend, {
            method: 'nat',
            weight: 7,
            upperThreshold: 9,
          })
        : setService(operation.frontend, { scheduler: 'wrr' }),
    );
    await applyAll(edits);
    const lines = await savedLines();
    assert.equal(lines.filter((line) => line.endsWith('-m -w 7')).length, 5000);
    assert.equal(lines.filter((line) => line.endsWith('-s wrr')).length, 500);
    await assertTableIs(edits);
  });

  async function assertTableIs(operations: readonly Operation[]): Promise<void> {
    const configs = new Map(
      operations.map((operation) => [operation.key, 'config' in operation ? operation.config : undefined]),
    );
    const read = [...(await driver.read())].map(([key, { config }]) => [key, config] as const);
    assert.equal(read.length, operations.length);
    assert.deepEqual(
      read,
      read.map(([key]) => [key, configs.get(key)]),
    );
  }
});

describe('counters', () => {
  test('are those that ipvsadm shows', async () => {
    const frontend: Frontend = { protocol: 'udp', address: '10.88.0.1', port: 53 };
    const backend: Backend = { address: '10.88.0.2', port: 53 };
    execFileSync('ip', ['link', 'add', 'counted0', 'type', 'dummy']);
    execFileSync('ip', ['address', 'add', '10.88.0.3/24', 'dev', 'counted0']);
    execFileSync('ip', ['link', 'set', 'counted0', 'up']);
    await applyAll([newService(frontend, { scheduler: 'rr' }), newDestination(frontend, backend)]);
    const socket = createSocket('udp4');
    for (let sent = 0; sent < 5; sent++) {
      await new Promise<void>((resolve, reject) => {
        socket.send('question', 53, '10.88.0.1', (error) => (error ? reject(error) : resolve()));
      });
    }
    socket.close();

    const key = destinationKey(frontendKey(frontend), backend);
    const deadline = Date.now() + 20_000;
    let table = await driver.read({ stats: true });
    while (table.get(key)?.stats?.inPackets !== 5n && Date.now() < deadline) {
      await delay(250);
      table = await driver.read({ stats: true });
    }
    const shown = await counters();
    for (const [entry, name] of [
      [table.get(frontendKey(frontend)), 'UDP 10.88.0.1:53'],
      [table.get(key), 'UDP 10.88.0.1:53 -> 10.88.0.2:53'],
    ] as const) {
      const { connections, inPackets, outPackets, inBytes, outBytes } = entry?.stats ?? {};
      const totals = [connections, inPackets, outPackets, inBytes, outBytes].map(Number);
      assert.deepEqual(totals, shown.get(name), name);
      assert.deepEqual([connections, inPackets, inBytes], [1n, 5n, 5n * 36n]);
    }
    const destination = table.get(key);
    assert.ok(destination?.kind === 'destination');
    assert.deepEqual(destination.connections, { active: 0, inactive: 1, persistent: 0 });
  });
});

describe('reading while another process writes', () => {
  test('shows every entry that stays, once, and never one that was not there', async () => {
    const lasting = manyEntries(400);
    await applyAll(lasting);
    const passing = Array.from({ length: 150 }, (_, index) => `-t 10.200.0.${index + 1}:80`);
    const round = [
      ...passing.map((service) => `-A ${service} -s rr`),
      ...passing.map((service) => `-D ${service}`),
    ];
    const writer = spawn('ipvsadm', ['-R'], { stdio: ['pipe', 'ignore', 'inherit'] });
    const isWriting = (): boolean => writer.exitCode === null && writer.signalCode === null;
    const ended = once(writer, 'exit');
    writer.stdin.on('error', () => {});
    writer.stdin.end(`${Array.from({ length: 8 }, () => round.join('\n')).join('\n')}\n`);

    const known = new Set(lasting.map(({ key }) => key));
    let reads = 0;
    let withPassing = 0;
    while (isWriting()) {
      const table = await driver.read();
      const others = [...table.keys()].filter((key) => !known.has(key));
      assert.equal(table.size - others.length, lasting.length);
      assert.ok(others.every((key) => /^tcp\/10\.200\.0\.\d+:80$/.test(key)));
      reads++;
      if (others.length > 0) withPassing++;
      await delay(1);
    }
    assert.deepEqual(await ended, [0, null]);
    assert.ok(reads >= 3 && withPassing >= 1, `${reads} reads, ${withPassing} with entries that pass`);
  });
});

describe('the kernel as a whole', () => {
  test('says its version, table size and what it has', async () => {
    const info = await driver.info();
    const [, version, size] =
      /version ([\d.]+) \(size=(\d+)\)/.exec(readFileSync('/proc/net/ip_vs', 'utf8')) ?? [];
    assert.equal(info.driver, 'netlink');
    assert.equal(info.kernelRelease, release());
    assert.equal(info.ipvsVersion, version);
    assert.equal(info.connectionTableSize, Number(size));
    assert.deepEqual(info.capabilities, {
      ipv6: true,
      sctp: true,
      schedulers: ['dh', 'fo', 'lblc', 'lblcr', 'lc', 'mh', 'nq', 'ovf', 'rr', 'sed', 'sh', 'wlc', 'wrr'],
      persistenceEngines: ['sip'],
      tunnelTypes: ['ipip', 'gue', 'gre'],
    });
  });

  test('does not claim to know the schedulers where the modules cannot be seen', async () => {
    const blind = createNetlinkDriver({ modulesDirectory: '/nonexistent' });
    const { capabilities } = await blind.info();
    blind.close();
    assert.equal(capabilities.schedulers, null);
    assert.equal(capabilities.persistenceEngines, null);
  });

  test('is available to a process with CAP_NET_ADMIN', async () => {
    assert.deepEqual(await probeNetlink(), { available: true });
  });

  test('is not available to a process without, and the reason says what is missing', async () => {
    const client = new URL('../../src/driver/netlink/client.js', import.meta.url).href;
    const script = `import { probeNetlink } from '${client}'; console.log(JSON.stringify(await probeNetlink()));`;
    const node = [process.execPath, '--input-type=module', '--eval', script];
    const { stdout } = await promisify(execFile)('setpriv', ['--bounding-set=-net_admin', ...node]);
    const probe = JSON.parse(stdout) as { available: boolean; reason: string };
    assert.equal(probe.available, false);
    assert.match(probe.reason, /EPERM.*CAP_NET_ADMIN/);
  });

  test('is found again after IPVS was unloaded', async () => {
    await applyAll([newService(frontendAt(0), { scheduler: 'rr' })]);
    const loaded = readFileSync('/proc/modules', 'utf8').match(/^ip_vs_\w+/gm) ?? [];
    await clearTable(driver);
    execFileSync('rmmod', [...loaded, 'ip_vs']);
    assert.deepEqual([...(await driver.read())], []);
    execFileSync('rmmod', ['ip_vs']);
    await applyAll([newService(frontendAt(0), { scheduler: 'rr' })]);
    assert.deepEqual(await savedLines(), ['-A -t 10.0.0.1:80 -s rr']);
  });
});
