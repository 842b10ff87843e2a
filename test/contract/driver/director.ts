/** Timeouts, synchronisation daemons, counters and connections. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe } from 'node:test';
import {
  type Connection,
  type DaemonState,
  type DirectorOperation,
  daemonKey,
  type SyncDaemon,
} from '../../../src/domain/director-operation.js';
import type { IpvsDriver, ListedConnection } from '../../../src/driver/driver.js';
import { listed } from '../../support/connections.js';
import { newDestination, newService } from '../../support/operations.js';
import type { SyncedConnection } from '../../support/sync-messages.js';
import { type DriverSubject, done, errnos, first6, ipip, onEmptyTable, web } from './subject.js';

const { EEXIST, EINVAL, ENODEV, ESRCH } = constants.errno;
const absent = { protocol: 'udp', address: '192.0.2.99', port: 53 } as const;

function setConfig(tcpSeconds: number, tcpFinSeconds: number, udpSeconds: number): DirectorOperation {
  return { command: 'SET_CONFIG', key: 'timeouts', config: { tcpSeconds, tcpFinSeconds, udpSeconds } };
}

function start(state: DaemonState, config: SyncDaemon): DirectorOperation {
  return { command: 'NEW_DAEMON', key: daemonKey(state), state, config };
}

function stop(state: DaemonState): DirectorOperation {
  return { command: 'DEL_DAEMON', key: daemonKey(state), state };
}

const zeroAll: DirectorOperation = { command: 'ZERO', key: 'counters', frontend: null };

async function outcomes(driver: IpvsDriver, ...operations: DirectorOperation[]): Promise<number[]> {
  const refusals = await driver.applyDirector(operations);
  assert.equal(refusals.length, operations.length);
  return refusals.map((error) => error?.errno ?? 0);
}

/** From as many clients to one server. */
function manyConnections(count: number): SyncedConnection[] {
  const virtual = { address: '192.0.2.77', port: 80 };
  const real = { address: '10.9.0.77', port: 8080 };
  return Array.from({ length: count }, (_, index) => {
    const client = { address: `10.9.7.${index}`, port: 40_000 + index };
    return { client, virtual, real, timeoutSeconds: 600 };
  });
}

function established({ client, virtual, real }: SyncedConnection) {
  return { protocol: 'tcp', client, virtual, real, state: 'ESTABLISHED', persistence: null };
}

function withoutTime({ expiresSeconds: _, ...connection }: Connection): Omit<Connection, 'expiresSeconds'> {
  return connection;
}

function byClient(a: Pick<Connection, 'client'>, b: Pick<Connection, 'client'>): number {
  return a.client.port - b.client.port;
}

function clients(found: readonly ListedConnection[]): number[] {
  return found.map(({ connection }) => connection.client.port);
}

export function describeDirector(subject: DriverSubject): void {
  const daemon: SyncDaemon = {
    interface: subject.networkInterface,
    syncId: 7,
    group: '224.0.0.81',
    port: 8848,
    ttl: 1,
    maxLength: null,
  };

  describe('the director', () => {
    onEmptyTable(subject, 'timeouts are kept as they were set, and 0 leaves one as it is', async (driver) => {
      assert.deepEqual(await outcomes(driver, setConfig(100, 20, 30), setConfig(0, 0, 31)), [0, 0]);
      const { timeouts } = await driver.readDirector();
      assert.deepEqual(timeouts, { tcpSeconds: 100, tcpFinSeconds: 20, udpSeconds: 31 });
    });

    onEmptyTable(subject, 'timeouts that the kernel cannot hold are refused together', async (driver) => {
      await outcomes(driver, setConfig(900, 120, 300));
      assert.deepEqual(await outcomes(driver, setConfig(50, 0x7fffffff, 50)), [EINVAL]);
      const { timeouts } = await driver.readDirector();
      assert.deepEqual(timeouts, { tcpSeconds: 900, tcpFinSeconds: 120, udpSeconds: 300 });
    });

    onEmptyTable(subject, 'both daemons run with the attributes they were given', async (driver) => {
      const backup = { ...daemon, syncId: 0, group: '239.1.2.3', port: 9999, ttl: 5, maxLength: 2000 };
      assert.deepEqual(await outcomes(driver, start('master', daemon), start('backup', backup)), [0, 0]);
      const { syncDaemons } = await driver.readDirector();
      assert.deepEqual(syncDaemons, { master: { ...daemon, maxLength: 1472 }, backup });
      assert.deepEqual(await outcomes(driver, stop('master'), stop('backup')), [0, 0]);
      assert.deepEqual((await driver.readDirector()).syncDaemons, { master: null, backup: null });
    });

    onEmptyTable(
      subject,
      'a daemon may use an IPv6 group, and a backup takes long messages',
      async (driver) => {
        const wide = { ...daemon, group: 'ff05::5:5', maxLength: 1000 };
        assert.deepEqual(await outcomes(driver, start('backup', wide)), [0]);
        assert.deepEqual((await driver.readDirector()).syncDaemons.backup, { ...wide, maxLength: 1024 });
        assert.deepEqual(await outcomes(driver, stop('backup')), [0]);
      },
    );

    onEmptyTable(subject, 'a daemon runs once, on an interface that is there', async (driver) => {
      const nowhere = { ...daemon, interface: 'nowhere0' };
      assert.deepEqual(
        await outcomes(
          driver,
          start('master', nowhere),
          start('master', daemon),
          start('master', daemon),
          start('master', nowhere),
          stop('backup'),
          stop('master'),
          stop('master'),
        ),
        [ENODEV, 0, EEXIST, ENODEV, ESRCH, 0, ESRCH],
      );
    });

    onEmptyTable(subject, 'daemons and tunnels to the other family exclude each other', async (driver) => {
      const tunnel = newDestination(web, first6, { method: 'tun', tunnel: ipip });
      await done(driver, newService(web), tunnel);
      assert.deepEqual(await outcomes(driver, start('backup', daemon)), [EINVAL]);
      await done(driver, { command: 'DEL_SERVICE', key: 'tcp/192.0.2.10:80', frontend: web });
      assert.deepEqual(await outcomes(driver, start('backup', daemon)), [0]);
      await done(driver, newService(web));
      assert.deepEqual(await errnos(driver, [tunnel]), [EINVAL]);
      assert.deepEqual(await outcomes(driver, stop('backup')), [0]);
    });

    onEmptyTable(
      subject,
      'counters are zeroed of one service, of all, and of none that is absent',
      async (driver) => {
        await done(driver, newService(web));
        const one: DirectorOperation = { command: 'ZERO', key: 'tcp/192.0.2.10:80', frontend: web };
        const none: DirectorOperation = { command: 'ZERO', key: 'udp/192.0.2.99:53', frontend: absent };
        const refusals = await driver.applyDirector([one, none, zeroAll]);
        assert.deepEqual(
          refusals.map((error) => error?.message ?? null),
          [null, 'ZERO udp/192.0.2.99:53: ESRCH', null],
        );
      },
    );

    onEmptyTable(subject, 'no connections are no error', async (driver) => {
      assert.deepEqual(await listed(driver.connections(0)), []);
    });

    onEmptyTable(
      subject,
      'connections are listed once each, in pieces that go on anywhere',
      async (driver) => {
        const wanted = manyConnections(250);
        await subject.connect(wanted);
        const all = await listed(driver.connections(0));
        assert.deepEqual(
          all.map(({ connection }) => withoutTime(connection)).sort(byClient),
          wanted.map(established).sort(byClient),
        );
        assert.equal(new Set(all.map(({ next }) => next)).size, all.length);
        for (const size of [1, 97, 249, 250]) {
          const last = all[size - 1];
          assert.deepEqual(
            clients(await listed(driver.connections(last?.next ?? 0))),
            clients(all.slice(size)),
          );
        }
        assert.deepEqual(clients(await listed(driver.connections(0))), clients(all));
        const beyond = (all.at(-1)?.next ?? 0) + 1000;
        assert.deepEqual(await listed(driver.connections(beyond)), []);
      },
    );

    onEmptyTable(subject, 'a reading of connections ends where its reader stops', async (driver) => {
      const pieces = driver.connections(0)[Symbol.asyncIterator]();
      assert.equal((await pieces.next()).done, false);
      await pieces.return?.();
      assert.equal((await pieces.next()).done, true);
    });
  });
}
