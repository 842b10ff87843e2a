/** Conversations over netlink with parts of the kernel other than IPVS, each over a socket of its own. */
import { getSystemErrorName } from 'node:util';
import { KernelUnavailableError } from '../kernel-error.js';
import { Connection, type Request } from '../wire/connection.js';
import { malformed } from '../wire/malformed.js';
import type { Message } from '../wire/message.js';
import { createPacer, type Pacer } from '../wire/pacer.js';
import { createNetlinkSocket } from '../wire/socket.js';
import type { Writer } from '../wire/writer.js';

/** Longest wait for an answer that should be there at once. */
const RECEIVE_TIMEOUT_MS = 2000;

export interface Session {
  /** Who in the kernel is spoken to, for people. */
  readonly partner: string;
  readonly connection: Connection;
  readonly pace: Pacer;
}

export interface Partner {
  readonly name: string;
  /** NETLINK_* of linux/netlink.h. */
  readonly protocol: number;
}

export async function useNetlink<T>(
  { name, protocol }: Partner,
  work: (session: Session) => T | Promise<T>,
): Promise<T> {
  const now = () => performance.now();
  const transport = createNetlinkSocket({ protocol, receiveTimeoutMs: RECEIVE_TIMEOUT_MS });
  const connection = new Connection(transport, now);
  try {
    return await work({ partner: name, connection, pace: createPacer(now) });
  } finally {
    connection.close();
  }
}

export interface ListRequest<T> extends Pick<Request, 'type' | 'encode'> {
  /** Null: nothing that the list is about. */
  decode(message: Message): T | null;
}

/** A list that changed while the kernel gave it out is asked for again, so often at most. */
const LISTS_MAX = 5;

export async function list<T>(
  { partner, connection, pace }: Session,
  { type, encode, decode }: ListRequest<T>,
): Promise<T[]> {
  for (let asked = 1; ; asked++) {
    const found: T[] = [];
    const outcome = await connection.dump(
      {
        type,
        encode,
        onReply(message) {
          const one = decode(message);
          if (one !== null) found.push(one);
        },
      },
      pace,
    );
    if (outcome.errno !== 0) {
      const name = getSystemErrorName(-outcome.errno);
      throw new KernelUnavailableError(`${partner} answered a question for a list with ${name}`);
    }
    if (!outcome.isInterrupted || asked === LISTS_MAX) return found;
  }
}

/** Begins with a protocol header of so many zeros; returns where it is. */
export function claimHeader(writer: Writer, bytes: number): number {
  const start = writer.claim(bytes);
  writer.bytes.fill(0, start, start + bytes);
  return start;
}

/** Where the attributes begin behind a protocol header of so many bytes. */
export function attributesAfter({ start, end }: Message, headerBytes: number): number {
  if (start + headerBytes > end) throw malformed('a header is cut off');
  return start + headerBytes;
}
