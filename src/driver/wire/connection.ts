/**
 * Requests and their answers over one socket, which serves one caller at a time. The kernel carries out a request while
 * it is sent (netlink_rcv_skb), answers refusals always and successes only on NLM_F_ACK, each with the request's sequence
 * number. After anything thrown from here, unread answers may be left in the socket: close it.
 */
import type { Clock } from '../../domain/stretch.js';
import { Source } from './attributes.js';
import { NLM_F_DUMP, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR } from './constants.js';
import {
  askForAck,
  beginRequest,
  endRequest,
  type Message,
  messagesOf,
  type Verdict,
  verdictOf,
} from './message.js';
import type { Pacer } from './pacer.js';
import type { Transport } from './socket.js';
import { Writer } from './writer.js';

export interface Request {
  /** As that of `RequestHeader`. */
  readonly type: number;
  /** NLM_F_* besides NLM_F_REQUEST and NLM_F_DUMP; none when left out. */
  readonly flags?: number;
  /** Writes the protocol's header and the attributes. */
  encode(writer: Writer): void;
  /** Called for each message of the answer but acknowledgements; the message is valid during the call. */
  onReply?(message: Message): void;
}

export interface RequestSeries<T> {
  readonly type: number;
  readonly items: readonly T[];
  encode(writer: Writer, item: T): void;
  /** As that of `Request`. */
  onReply?(item: T, message: Message): void;
  readonly pace: Pacer;
}

export interface DumpOutcome extends Verdict {
  /** The kernel held its lock from the first entry to the last: all came in one datagram, which had room for more. */
  readonly isAtomic: boolean;
  /** The kernel says that the table changed while it was dumped (NLM_F_DUMP_INTR). */
  readonly isInterrupted: boolean;
}

/** What comes back of requests in one datagram, by their place in it. */
interface Answers {
  onReply(index: number, message: Message): void;
  /** Called for each that was refused, and for the last one. */
  onVerdict(index: number, verdict: Verdict): void;
}

const DONE: Verdict = { errno: 0 };

/** Requests in one datagram, of some 140 bytes each: more gain nothing, fewer cost system calls. */
const SERIES_MAX = 1024;
const SERIES_MAX_BYTES = 128 * 1024;
/** What one datagram of requests should take: one that loads a module is a thousand times slower than others. */
const SERIES_TARGET_MS = 10;

/** What the kernel fills one datagram of a dump with (netlink_dump): NLMSG_GOODSIZE by page size, or 32 KiB. */
const DUMP_DATAGRAM_BYTES = [3776, 7872, 32448];
/** More than any entry takes. */
const ENTRY_MAX_BYTES = 512;

/** Dumped entries between two looks at the clock: most lists are short. */
const REPLIES_PER_LOOK = 64;

export class Connection {
  readonly #transport: Transport;
  readonly #now: Clock;
  readonly #writer = new Writer();
  #nextSequence = 1;
  #seriesLimit = 64;
  #unpaced = 0;

  constructor(transport: Transport, now: Clock) {
    this.#transport = transport;
    this.#now = now;
  }

  close(): void {
    this.#transport.close();
  }

  /** One request, answered when this returns. */
  request({ type, flags = 0, encode, onReply }: Request): Verdict {
    this.#writer.clear();
    const start = this.#begin(type, flags);
    encode(this.#writer);
    endRequest(this.#writer, start);
    let verdict = DONE;
    this.#sendAndCollect(start, 1, {
      onReply: (_, message) => onReply?.(message),
      onVerdict(_, answered) {
        verdict = answered;
      },
    });
    return verdict;
  }

  /** Requests in their order, many to a datagram, each with its verdict whatever became of the others. */
  async requestAll<T>(series: RequestSeries<T>): Promise<Verdict[]> {
    const verdicts = new Array<Verdict>(series.items.length).fill(DONE);
    let done = 0;
    let begun = this.#now();
    while (done < verdicts.length) {
      const count = this.#requestSome(series, done, (index, verdict) => {
        verdicts[index] = verdict;
      });
      done += count;
      const ended = this.#now();
      this.#adaptSeries(count, ended - begun);
      const pause = series.pace(ended);
      if (pause) await pause;
      begun = pause ? this.#now() : ended;
    }
    return verdicts;
  }

  /** A request for a list, which comes in as many datagrams as it takes. */
  async dump({ type, flags = 0, encode, onReply }: Request, pace: Pacer): Promise<DumpOutcome> {
    this.#writer.clear();
    const sequence = this.#nextSequence;
    const start = this.#begin(type, flags | NLM_F_DUMP);
    encode(this.#writer);
    endRequest(this.#writer, start);
    this.#transport.send(this.#writer.written());
    let parts = 0;
    let mayBeCut = false;
    let isInterrupted = false;
    for (;;) {
      const datagram = this.#transport.receive();
      let replies = 0;
      for (const message of messagesOf(new Source(datagram))) {
        if (message.sequence !== sequence) continue;
        if (message.flags & NLM_F_DUMP_INTR) isInterrupted = true;
        if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) {
          if (replies > 0) parts++;
          return { ...verdictOf(message), isAtomic: parts <= 1 && !mayBeCut, isInterrupted };
        }
        replies++;
        onReply?.(message);
      }
      parts++;
      mayBeCut ||= isNearlyFull(datagram.length);
      this.#unpaced += replies;
      if (this.#unpaced < REPLIES_PER_LOOK) continue;
      this.#unpaced = 0;
      const pause = pace();
      if (pause) await pause;
    }
  }

  #begin(type: number, flags: number): number {
    const sequence = this.#nextSequence;
    this.#nextSequence = (sequence + 1) >>> 0;
    return beginRequest(this.#writer, { type, sequence, flags });
  }

  /** As many as a datagram takes, from this item on; returns how many. */
  #requestSome<T>(
    { type, items, encode, onReply }: RequestSeries<T>,
    from: number,
    onVerdict: (index: number, verdict: Verdict) => void,
  ): number {
    const writer = this.#writer;
    writer.clear();
    let count = 0;
    let last = 0;
    for (const item of items.slice(from, from + this.#seriesLimit)) {
      last = this.#begin(type, 0);
      encode(writer, item);
      endRequest(writer, last);
      count++;
      if (writer.length > SERIES_MAX_BYTES) break;
    }
    this.#sendAndCollect(last, count, {
      onReply: (index, message) => onReply?.(items[from + index] as T, message),
      onVerdict: (index, verdict) => onVerdict(from + index, verdict),
    });
    return count;
  }

  /** Sends the `count` requests in the writer, the last of which begins at `last`, and reads their answers. */
  #sendAndCollect(last: number, count: number, { onReply, onVerdict }: Answers): void {
    const first = (this.#nextSequence - count) >>> 0;
    askForAck(this.#writer, last);
    this.#transport.send(this.#writer.written());
    for (;;) {
      for (const message of messagesOf(new Source(this.#transport.receive()))) {
        const index = (message.sequence - first) >>> 0;
        if (index >= count) continue;
        if (message.type !== NLMSG_ERROR) {
          onReply(index, message);
          continue;
        }
        onVerdict(index, verdictOf(message));
        if (index === count - 1) return;
      }
    }
  }

  #adaptSeries(requests: number, elapsedMs: number): void {
    const ideal = Math.round(requests * (SERIES_TARGET_MS / Math.max(elapsedMs, 0.01)));
    this.#seriesLimit = Math.min(SERIES_MAX, Math.max(1, ideal));
  }
}

function isNearlyFull(bytes: number): boolean {
  return DUMP_DATAGRAM_BYTES.some((full) => bytes <= full && bytes + ENTRY_MAX_BYTES > full);
}
