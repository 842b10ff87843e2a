/** Timeouts, synchronisation daemons and the zeroing of counters. */
import { addressBytes, addressFromBytes } from '../../domain/address.js';
import {
  type DaemonState,
  type DirectorOperation,
  type DirectorSettings,
  type SyncDaemon,
  TIMEOUTS_KEY,
  type Timeouts,
} from '../../domain/director-operation.js';
import { familyOfAddress } from '../../domain/keys.js';
import { malformed } from '../wire/malformed.js';
import type { Message } from '../wire/message.js';
import type { Writer } from '../wire/writer.js';
import { encodeFrontend, required } from './codec.js';
import { IPVS_CMD, SYNC_STATES } from './constants.js';
import { attributesStart, generic } from './generic.js';
import { assertAnswered, type Session } from './session.js';
import { DIRECTOR, type DirectorValues } from './tables.js';

/**
 * Changes nothing and is always answered, so it stands at the end of every batch: a daemon that is stopped before its
 * thread has run is stopped, but the kernel does not answer (kthread_stop gives EINTR, and netlink_rcv_skb keeps quiet).
 */
export const NO_OPERATION: DirectorOperation = {
  command: 'SET_CONFIG',
  key: TIMEOUTS_KEY,
  config: { tcpSeconds: 0, tcpFinSeconds: 0, udpSeconds: 0 },
};

type DaemonValues = NonNullable<DirectorValues['daemon']>;

export function encodeDirectorOperation(writer: Writer, operation: DirectorOperation): void {
  switch (operation.command) {
    case 'SET_CONFIG':
      DIRECTOR.encode(writer, operation.config);
      return;
    case 'NEW_DAEMON':
      DIRECTOR.encode(writer, { daemon: daemonValues(operation.state, operation.config) });
      return;
    case 'DEL_DAEMON':
      DIRECTOR.encode(writer, { daemon: { state: SYNC_STATES[operation.state] } });
      return;
    case 'ZERO':
      if (operation.frontend) encodeFrontend(writer, operation.frontend);
      return;
  }
}

export async function readDirectorSettings(session: Session): Promise<DirectorSettings> {
  return { timeouts: readTimeouts(session), syncDaemons: await readDaemons(session) };
}

function daemonValues(state: DaemonState, daemon: SyncDaemon): DaemonValues {
  const isIpv4 = familyOfAddress(daemon.group) === 'ipv4';
  return {
    state: SYNC_STATES[state],
    interface: daemon.interface,
    syncId: daemon.syncId,
    maxLength: daemon.maxLength ?? undefined,
    port: daemon.port,
    ttl: daemon.ttl,
    group: isIpv4 ? addressBytes(daemon.group) : undefined,
    group6: isIpv4 ? undefined : addressBytes(daemon.group),
  };
}

function readTimeouts({ connection, family }: Session): Timeouts {
  let values: DirectorValues | undefined;
  const verdict = connection.request(
    generic({
      family: family(),
      command: IPVS_CMD.GET_CONFIG,
      onReply(message) {
        values = decode(message);
      },
    }),
  );
  assertAnswered(verdict, 'GET_CONFIG');
  // A kernel without TCP or UDP in IPVS leaves out what it does not have.
  return {
    tcpSeconds: values?.tcpSeconds ?? 0,
    tcpFinSeconds: values?.tcpFinSeconds ?? 0,
    udpSeconds: values?.udpSeconds ?? 0,
  };
}

async function readDaemons({ connection, family, pace }: Session) {
  const found: { master: SyncDaemon | null; backup: SyncDaemon | null } = { master: null, backup: null };
  const outcome = await connection.dump(
    generic({
      family: family(),
      command: IPVS_CMD.GET_DAEMON,
      onReply(message) {
        const { daemon } = decode(message);
        if (daemon === undefined) throw malformed('an answer to GET_DAEMON has no daemon');
        found[stateOf(daemon)] = daemonOf(daemon);
      },
    }),
    pace,
  );
  assertAnswered(outcome, 'GET_DAEMON');
  return found;
}

function decode(message: Message): DirectorValues {
  return DIRECTOR.decode(message.source, attributesStart(message), message.end);
}

function stateOf({ state }: DaemonValues): DaemonState {
  if (state === SYNC_STATES.master) return 'master';
  if (state === SYNC_STATES.backup) return 'backup';
  throw malformed(`a daemon has state ${state}`);
}

/** Before Linux 4.3 group, port and lifetime were fixed, and are not shown. */
function daemonOf(values: DaemonValues): SyncDaemon {
  const { group, group6, port = DEFAULTS.port, ttl = DEFAULTS.ttl, maxLength = null } = values;
  return {
    interface: required(values.interface, 'MCAST_IFN'),
    syncId: required(values.syncId, 'SYNC_ID'),
    group: group6
      ? addressFromBytes(group6, 'ipv6')
      : group
        ? addressFromBytes(group, 'ipv4')
        : DEFAULTS.group,
    port,
    ttl,
    maxLength,
  };
}

/** net/netfilter/ipvs/ip_vs_sync.c: IP_VS_SYNC_GROUP, IP_VS_SYNC_PORT */
const DEFAULTS = { group: '224.0.0.81', port: 8848, ttl: 1 } as const;
