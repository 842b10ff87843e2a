/** Conversations with the kernel's rtnetlink, each over a socket of its own. */
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { KernelUnavailableError } from '../kernel-error.js';
import { Connection, type Request } from '../wire/connection.js';
import { NETLINK_ROUTE } from '../wire/constants.js';
import { malformed } from '../wire/malformed.js';
import type { Message, Verdict } from '../wire/message.js';
import { createPacer, type Pacer } from '../wire/pacer.js';
import { createNetlinkSocket } from '../wire/socket.js';
import type { Writer } from '../wire/writer.js';

/** Longest wait for an answer that should be there at once. */
const RECEIVE_TIMEOUT_MS = 2000;

export interface RouteSession {
  readonly connection: Connection;
  readonly pace: Pacer;
}

export async function useRouteNetlink<T>(work: (session: RouteSession) => T | Promise<T>): Promise<T> {
  const now = () => performance.now();
  const transport = createNetlinkSocket({ protocol: NETLINK_ROUTE, receiveTimeoutMs: RECEIVE_TIMEOUT_MS });
  const connection = new Connection(transport, now);
  try {
    return await work({ connection, pace: createPacer(now) });
  } finally {
    connection.close();
  }
}

/** A whole list, one `onReply` for each entry. */
export async function dump({ connection, pace }: RouteSession, request: Request): Promise<void> {
  assertPermitted(await connection.dump(request, pace), (errno) => {
    throw new KernelUnavailableError(`rtnetlink answered a question for a list with ${errno}`);
  });
}

/** Throws for no permission, and leaves other refusals to the caller. */
export function assertPermitted({ errno }: Verdict, otherwise: (errnoName: string) => void = () => {}): void {
  if (errno === constants.errno.EPERM) {
    throw new KernelUnavailableError(
      'the kernel refuses to change addresses (EPERM): run as root or with CAP_NET_ADMIN',
    );
  }
  if (errno !== 0) otherwise(getSystemErrorName(-errno));
}

/** Begins with a protocol header of so many zeros; returns where it is. */
export function claimHeader(writer: Writer, bytes: number): number {
  const start = writer.claim(bytes);
  writer.bytes.fill(0, start, start + bytes);
  return start;
}

/** Where the attributes begin behind a protocol header of so many bytes. */
export function attributesAfter({ start, end }: Message, headerBytes: number): number {
  if (start + headerBytes > end) throw malformed('a header of rtnetlink is cut off');
  return start + headerBytes;
}
