/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import { Readable } from 'node:stream';

export const EVENT_STREAM_TYPE = 'text/event-stream';

/** When a client whose connection broke comes back. */
export const RETRY = 'retry: 2000\n\n';

export interface Frame {
  /** What the client sends as Last-Event-ID when it comes back; absent: that of the frame before. */
  readonly id?: string;
  readonly event: string;
  /** One line. */
  readonly data: string;
}

export function frameText({ id, event, data }: Frame): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`;
}

interface Pace {
  /** For so long the reader may take nothing while there is more. */
  readonly stallMs: number;
  /** What the stream of such a reader ends with; null: its connection is closed. */
  readonly farewell: (() => string) | null;
}

/** What is read ahead of the reader. */
const AHEAD_BYTES = 16 * 1024;

/**
 * The chunks as a stream that takes the next one when its reader wants more. A reader that wants nothing for `stallMs` is
 * cut off: the farewell is the last that it can read, and when it does not come for that either, the connection is closed.
 */
export function pacedStream(source: AsyncIterable<Buffer | string>, { stallMs, farewell }: Pace): Readable {
  const chunks = source[Symbol.asyncIterator]();
  let stall: NodeJS.Timeout | undefined;
  let isCut = false;

  const stream = new Readable({
    highWaterMark: AHEAD_BYTES,
    read() {
      clearTimeout(stall);
      if (isCut) return;
      chunks.next().then(
        ({ done, value }) => {
          // A source that answers late has no reader any more.
          if (isCut || stream.destroyed) return;
          if (!done) stall = setTimeout(cutOff, stallMs);
          stream.push(done ? null : value);
        },
        (error) => {
          stream.destroy(error);
        },
      );
    },
    destroy(error, callback) {
      clearTimeout(stall);
      // One that waits for what comes next ends when its signal aborts.
      chunks.return?.().catch(() => undefined);
      callback(error);
    },
  });

  function cutOff(): void {
    isCut = true;
    if (farewell === null) {
      stream.destroy();
      return;
    }
    stall = setTimeout(() => stream.destroy(), stallMs);
    stream.push(farewell());
    stream.push(null);
  }

  return stream;
}
