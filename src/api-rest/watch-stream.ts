/** What a watcher is sent, as server-sent events. */
import type { FastifyReply } from 'fastify';
import { encodeOnce, resumePoint, type WatchItem } from '../control/watch/items.js';
import { STALL_SECONDS, slowConsumer } from '../control/watch/slow-consumer.js';
import { DomainError } from '../domain/errors.js';
import { EVENT_STREAM_TYPE, frameText, pacedStream, RETRY } from './event-stream.js';
import { problemOf } from './problem.js';

/** So much is handed to a connection at once. */
const CHUNK_BYTES = 64 * 1024;

/** Ends when `signal` aborts; when it does for a reason of ours, the last event tells it. */
export function sendWatch(
  reply: FastifyReply,
  items: AsyncIterable<readonly WatchItem[]>,
  signal: AbortSignal,
): FastifyReply {
  const { request } = reply;
  let sent: number | undefined;
  const farewell = (error: DomainError) => {
    const instance = request.url.split('?', 1)[0] ?? '';
    const problem = problemOf(error, { instance, requestId: request.id });
    return frameText({ event: 'error', data: JSON.stringify(problem) });
  };

  async function* chunks(): AsyncGenerator<Buffer | string> {
    yield RETRY;
    for await (const batch of items) {
      let chunk: Buffer[] = [];
      let bytes = 0;
      for (const item of batch) {
        const frame = frameOf(item);
        if (bytes > 0 && bytes + frame.length > CHUNK_BYTES) {
          yield joined(chunk);
          chunk = [];
          bytes = 0;
        }
        chunk.push(frame);
        bytes += frame.length;
        sent = resumePoint(item);
      }
      yield joined(chunk);
    }
    if (signal.reason instanceof DomainError) yield farewell(signal.reason);
  }

  const stream = pacedStream(chunks(), {
    stallMs: STALL_SECONDS * 1000,
    farewell: () => farewell(slowConsumer(STALL_SECONDS, sent)),
  });
  // What comes after such a stream is a new attempt to reach some server: no connection is kept for it.
  return reply.type(EVENT_STREAM_TYPE).header('connection', 'close').send(stream);
}

/** The same bytes for all who get the same item. */
const frameOf = encodeOnce((item: WatchItem) => Buffer.from(itemText(item)));

function itemText(item: WatchItem): string {
  const revision = resumePoint(item);
  const id = revision === undefined ? {} : { id: String(revision) };
  if (item.type === 'event') return frameText({ ...id, event: item.event.kind, data: item.json });
  const { type, ...data } = item;
  return frameText({ ...id, event: type, data: JSON.stringify(data) });
}

function joined(frames: readonly Buffer[]): Buffer {
  return frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames);
}
