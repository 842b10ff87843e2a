/** Timeouts, daemons, counters and connections of the netlink driver, with ipvsadm as witness. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { DirectorOperation, SyncDaemon } from '../../src/domain/director-operation.js';
import { CONNECTION_VIEWS, connectionLine, connectionTitles } from '../../src/domain/ipvsadm-connections.js';
import { ipvsadmDaemons, ipvsadmTimeouts } from '../../src/domain/ipvsadm-settings.js';
import { createNetlinkDriver } from '../../src/driver/netlink/client.js';
import { listed } from '../support/connections.js';
import { CALL, sendTo } from '../support/datagrams.js';
import { counters, ipvsadm } from '../support/ipvsadm.js';

const INTERFACE = 'sync0';
const ADDRESS = '10.88.0.1';
for (const command of [
  ['link', 'add', INTERFACE, 'type', 'dummy'],
  ['address', 'add', `${ADDRESS}/24`, 'dev', INTERFACE],
  ['link', 'set', INTERFACE, 'up'],
]) {
  execFileSync('ip', command);
}

const driver = createNetlinkDriver();
after(() => driver.close());

const daemon: SyncDaemon = {
  interface: INTERFACE,
  syncId: 9,
  group: '239.1.2.3',
  port: 9999,
  ttl: 5,
  maxLength: 2000,
};

async function done(operation: DirectorOperation): Promise<void> {
  assert.deepEqual(await driver.applyDirector([operation]), [null]);
}

/** Packets to the address carry the mark from now on. */
async function mark(address: string, fwmark: number): Promise<void> {
  const rule = ['-t', 'mangle', '-A', 'OUTPUT', '-d', address, '-j', 'MARK', '--set-mark', String(fwmark)];
  execFileSync('iptables-legacy', rule);
}

/** Two readings differ when a second passes between them: tries again until none does. */
async function quietly<T>(compare: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await compare();
    } catch (error) {
      if (tries === 20) throw error;
    }
  }
}

test('ipvsadm reads the timeouts that the driver set, and the driver those of ipvsadm', async () => {
  const config = { tcpSeconds: 1000, tcpFinSeconds: 60, udpSeconds: 90 };
  await done({ command: 'SET_CONFIG', key: 'timeouts', config });
  assert.equal(await ipvsadm('-L', '--timeout'), 'Timeout (tcp tcpfin udp): 1000 60 90\n');
  await ipvsadm('--set', '800', '0', '70');
  const { timeouts } = await driver.readDirector();
  assert.deepEqual(timeouts, { tcpSeconds: 800, tcpFinSeconds: 60, udpSeconds: 70 });
  assert.equal(ipvsadmTimeouts(timeouts), await ipvsadm('-L', '--timeout'));
});

test('ipvsadm reads the daemons that the driver started, and the driver those of ipvsadm', async () => {
  await done({ command: 'NEW_DAEMON', key: 'sync-daemons/backup', state: 'backup', config: daemon });
  const line = 'backup sync daemon (mcast=sync0, syncid=9, maxlen=2000, group=239.1.2.3, port=9999, ttl=5)\n';
  assert.equal(await ipvsadm('-L', '--daemon'), line);
  await ipvsadm('--start-daemon', 'master', '--mcast-interface', INTERFACE, '--mcast-group', 'ff05::7');
  const { syncDaemons } = await driver.readDirector();
  assert.equal(ipvsadmDaemons(syncDaemons), await ipvsadm('-L', '--daemon'));
  const { master, backup } = syncDaemons;
  assert.deepEqual(backup, daemon);
  assert.deepEqual(master, {
    interface: INTERFACE,
    syncId: 0,
    group: 'ff05::7',
    port: 8848,
    ttl: 1,
    maxLength: 1452,
  });
  await done({ command: 'DEL_DAEMON', key: 'sync-daemons/backup', state: 'backup' });
  await done({ command: 'DEL_DAEMON', key: 'sync-daemons/master', state: 'master' });
  assert.equal(await ipvsadm('-L', '--daemon'), '');
  assert.equal(ipvsadmDaemons((await driver.readDirector()).syncDaemons), '');
});

test('zeroing one service leaves the counters of the others, and zeroing all none', async () => {
  const names = ['UDP 127.0.0.1:53', 'UDP 127.0.0.1:54'] as const;
  for (const port of [53, 54]) {
    await ipvsadm('-A', '-u', `127.0.0.1:${port}`, '-s', 'rr');
    await ipvsadm('-a', '-u', `127.0.0.1:${port}`, '-r', '127.0.0.1:5300', '-m');
    for (const text of ['a', 'b', 'c']) await sendTo('127.0.0.1', port, text);
  }
  // The kernel sums its counters up every two seconds.
  await wait(2500);
  const connections = async () => {
    const totals = await counters();
    return names.map((name) => totals.get(name)?.[0]);
  };
  assert.deepEqual(await connections(), [3, 3]);
  const frontend = { protocol: 'udp', address: '127.0.0.1', port: 53 } as const;
  await done({ command: 'ZERO', key: 'udp/127.0.0.1:53', frontend });
  assert.deepEqual(await connections(), [0, 3]);
  await done({ command: 'ZERO', key: 'counters', frontend: null });
  assert.deepEqual(await connections(), [0, 0]);
  await ipvsadm('-C');
});

test('connections are those that ipvsadm lists, whatever their family, state and engine', async () => {
  await ipvsadm('-A', '-u', '[::1]:53', '-s', 'rr', '-p', '60');
  await ipvsadm('-a', '-u', '[::1]:53', '-r', '[::1]:5300', '-m');
  await ipvsadm('-A', '-u', '127.0.0.1:5060', '-s', 'rr', '-p', '60', '--pe', 'sip');
  await ipvsadm('-a', '-u', '127.0.0.1:5060', '-r', '127.0.0.1:5300', '-m');
  await ipvsadm('-A', '-f', '7', '-s', 'rr', '-p', '6000');
  await ipvsadm('-a', '-f', '7', '-r', '127.0.0.1:0', '-m');
  await mark('127.0.0.9', 7);
  await sendTo('::1', 53, 'x');
  await sendTo('127.0.0.1', 5060, CALL);
  await sendTo('127.0.0.9', 98, 'x');
  const found = await quietly(async () => {
    const connections = (await listed(driver.connections(0))).map(({ connection }) => connection);
    for (const view of CONNECTION_VIEWS) {
      const option = view === 'list' ? [] : [`--${view}`];
      const text = connections.map((connection) => connectionLine(connection, view)).join('');
      assert.equal(connectionTitles(view) + text, await ipvsadm('-Lnc', ...option));
    }
    return connections;
  });
  assert.ok(found.length >= 6, JSON.stringify(found));
  assert.ok(found.some(({ protocol, virtual }) => protocol === 'ip' && virtual.address === '0.0.0.7'));
  const template = found.find(({ persistence }) => persistence?.engine === 'sip');
  assert.equal(template?.persistence?.data, 'call-7@example');
  assert.deepEqual(template?.virtual, { address: '127.0.0.1', port: 5060 });
  assert.ok(found.some(({ protocol, virtual }) => protocol === 'udp' && virtual.address === '::1'));
  await ipvsadm('-C');
});
