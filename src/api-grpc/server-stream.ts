/** An async iterable as a grpc-js server stream. */
import type { DescMethod, Message } from '@bufbuild/protobuf';
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import { STALL_SECONDS, slowConsumer } from '../control/watch/slow-consumer.js';
import { type Context, EncodedAnswer } from './methods.js';
import { type Surroundings, serveCall } from './served-call.js';
import { encodeAnswer } from './unary.js';

export type StreamHandler = (request: Message, context: Context) => AsyncIterable<object>;

/**
 * Takes the next item only when the reader's flow-control window has room for it, so a slow reader costs one buffer; one
 * that reads nothing for `stallSeconds` is cut off with SLOW_CONSUMER. Ends quietly when the caller has gone, and with the
 * reason of `stopping` when the server stops.
 */
export function serverStream(
  method: DescMethod,
  handler: StreamHandler,
  surroundings: Surroundings,
  stallSeconds = STALL_SECONDS,
): handleServerStreamingCall<Buffer, Buffer> {
  return async (surface) => {
    const served = serveCall(method, surface, surroundings);
    const { signal } = served;
    try {
      const { message, context } = await served.openStream();
      served.sendHeader();
      for await (const item of handler(message, context)) {
        signal.throwIfAborted();
        const answer = item instanceof EncodedAnswer ? item : undefined;
        if (surface.write(answer?.bytes ?? encodeAnswer(method.output, item))) continue;
        if (!(await drained(surface, signal, stallSeconds))) {
          throw slowConsumer(stallSeconds, answer?.resumePoint);
        }
      }
      signal.throwIfAborted();
      surface.end();
      served.succeed();
    } catch (error) {
      surface.emit('error', served.fail(error));
    }
  };
}

interface Drainable {
  once(event: 'drain', listener: () => void): unknown;
  off(event: 'drain', listener: () => void): unknown;
}

/** Whether there is room again before the time is over, or the signal aborts. */
function drained(surface: Drainable, signal: AbortSignal, seconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => finish(false), seconds * 1000);
    const go = () => finish(true);
    function finish(value: boolean): void {
      clearTimeout(limit);
      surface.off('drain', go);
      signal.removeEventListener('abort', go);
      resolve(value);
    }
    surface.once('drain', go);
    signal.addEventListener('abort', go);
    if (signal.aborted) go();
  });
}
