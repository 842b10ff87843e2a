/** The netlink driver: `IpvsDriver` on the kernel of the network namespace that this process is in. */

import { constants, release } from 'node:os';
import type { IpvsCapabilities } from '../../domain/capabilities.js';
import type { DirectorOperation } from '../../domain/director-operation.js';
import { parseFrontend } from '../../domain/keys.js';
import type { Clock } from '../../domain/stretch.js';
import type { Operation } from '../../domain/table.js';
import type { IpvsDriver, Refusals } from '../driver.js';
import { KernelError } from '../kernel-error.js';
import { NETLINK_GENERIC } from '../wire/constants.js';
import { malformed } from '../wire/malformed.js';
import { createNetlinkSocket, type Transport } from '../wire/socket.js';
import type { Writer } from '../wire/writer.js';
import { readCapabilities } from './capabilities.js';
import { encodeOperation } from './codec.js';
import { createConnectionReader } from './connections.js';
import { IPVS_CMD } from './constants.js';
import { encodeDirectorOperation, NO_OPERATION, readDirectorSettings } from './director.js';
import { attributesStart, generic, writeGenericHeader } from './generic.js';
import { readOutline } from './outline.js';
import {
  assertAnswered,
  assertPermitted,
  createSessionPool,
  type Session,
  type SessionPool,
} from './session.js';
import { TableReader } from './table-reader.js';
import { INFO } from './tables.js';

export interface NetlinkDriverOptions {
  /** How long to wait for an answer that should be there at once; the process stands still that long. Default 2000. */
  readonly receiveTimeoutMs?: number;
  /** Where the kernel's module trees are. Default /lib/modules. */
  readonly modulesDirectory?: string;
  /** Opens the way to the kernel. Default: a generic netlink socket. */
  readonly openTransport?: () => Transport;
  /** Tells when a pause is due in long work. Default `performance.now`. */
  readonly now?: Clock;
}

export type NetlinkProbe =
  | { readonly available: true }
  | { readonly available: false; readonly reason: string };

export function createNetlinkDriver(options: NetlinkDriverOptions = {}): IpvsDriver {
  const files = { release: release(), modulesDirectory: options.modulesDirectory ?? '/lib/modules' };
  const pool = createPool(options);
  let capabilities: IpvsCapabilities | undefined;

  return {
    info: () =>
      pool.use(async (session) => {
        const { version, connectionTableSize } = readInfo(session);
        capabilities ??= await readCapabilities(session, files);
        return {
          driver: 'netlink',
          kernelRelease: files.release,
          ipvsVersion: versionText(version),
          connectionTableSize,
          capabilities,
        };
      }),
    read: ({ stats = false } = {}) => pool.use((session) => new TableReader(session, stats).all()),
    outline: () => readOutline(options.now ?? performance.now.bind(performance)),
    readServices: (frontendKeys, { stats = false } = {}) =>
      pool.use((session) => {
        const frontends = [...new Set(frontendKeys)].map(parseFrontend);
        return new TableReader(session, stats).some(frontends);
      }),
    apply: (operations) =>
      pool.use((session) => applyOperations(session, { operations, encode: encodeOperation })),
    readDirector: () => pool.use(readDirectorSettings),
    applyDirector: (operations) =>
      pool.use(async (session) => {
        const answered = [...operations, NO_OPERATION];
        const refusals = await applyOperations(session, {
          operations: answered,
          encode: encodeDirectorOperation,
        });
        return refusals.slice(0, operations.length);
      }),
    connections: createConnectionReader(),
    close: () => pool.close(),
  };
}

/** Whether there is an IPVS that this process may steer. */
export async function probeNetlink(options: NetlinkDriverOptions = {}): Promise<NetlinkProbe> {
  const pool = createPool(options);
  try {
    await pool.use(async (session) => readInfo(session));
    return { available: true };
  } catch (error) {
    return { available: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    pool.close();
  }
}

function createPool(options: NetlinkDriverOptions): SessionPool {
  const { receiveTimeoutMs = 2000, now = () => performance.now() } = options;
  const openTransport =
    options.openTransport ?? (() => createNetlinkSocket({ protocol: NETLINK_GENERIC, receiveTimeoutMs }));
  return createSessionPool({ openTransport, now });
}

interface Batch<O> {
  readonly operations: readonly O[];
  encode(writer: Writer, operation: O): void;
}

/** ENOENT has two meanings: what an operation names is missing, or the family is gone and nothing was done. */
async function applyOperations<O extends Operation | DirectorOperation>(
  session: Session,
  { operations, encode }: Batch<O>,
): Promise<Refusals> {
  const refusals = await requestOperations(session, { operations, encode });
  if (!refusals.some(isNotFound) || !session.hasFamilyMoved()) return refusals;
  const unheard = operations.filter((_, index) => isNotFound(refusals[index]));
  const second = (await requestOperations(session, { operations: unheard, encode })).values();
  return refusals.map((refusal) => (isNotFound(refusal) ? (second.next().value ?? null) : refusal));
}

function isNotFound(error: KernelError | null | undefined): boolean {
  return error?.errno === constants.errno.ENOENT;
}

async function requestOperations<O extends Operation | DirectorOperation>(
  session: Session,
  { operations, encode }: Batch<O>,
): Promise<Refusals> {
  const verdicts = await session.connection.requestAll({
    type: session.family(),
    items: operations,
    encode(writer, operation) {
      writeGenericHeader(writer, IPVS_CMD[operation.command]);
      encode(writer, operation);
    },
    pace: session.pace,
  });
  return operations.map(({ command, key }, index) => {
    const verdict = verdicts[index];
    if (verdict === undefined || verdict.errno === 0) return null;
    assertPermitted(verdict);
    return new KernelError({ ...verdict, command, key });
  });
}

function readInfo({ connection, family }: Session): { version: number; connectionTableSize: number } {
  let version: number | undefined;
  let connectionTableSize: number | undefined;
  const verdict = connection.request(
    generic({
      family: family(),
      command: IPVS_CMD.GET_INFO,
      onReply(message) {
        ({ version, connectionTableSize } = INFO.decode(
          message.source,
          attributesStart(message),
          message.end,
        ));
      },
    }),
  );
  assertAnswered(verdict, 'GET_INFO');
  if (version === undefined || connectionTableSize === undefined)
    throw malformed('GET_INFO lacks an attribute');
  return { version, connectionTableSize };
}

/** NVERSION of linux/ip_vs.h. */
function versionText(version: number): string {
  return `${(version >> 16) & 0xff}.${(version >> 8) & 0xff}.${version & 0xff}`;
}
