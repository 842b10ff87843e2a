/** An async iterable as a grpc-js server stream. */
import { once } from 'node:events';
import type { DescMethod, Message } from '@bufbuild/protobuf';
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import type { Context } from './methods.js';
import { type Surroundings, serveCall } from './served-call.js';
import { encodeAnswer } from './unary.js';

export type StreamHandler = (request: Message, context: Context) => AsyncIterable<object>;

/**
 * Takes the next item only when the reader's flow-control window has room for it, so a slow reader costs one buffer. Ends
 * quietly when the caller has gone, and with the reason of `stopping` when the server stops.
 */
export function serverStream(
  method: DescMethod,
  handler: StreamHandler,
  surroundings: Surroundings,
): handleServerStreamingCall<Buffer, Buffer> {
  return async (surface) => {
    const served = serveCall(method, surface, surroundings);
    const { signal } = served;
    try {
      const { message, context } = await served.openStream();
      served.sendHeader();
      for await (const item of handler(message, context)) {
        signal.throwIfAborted();
        if (!surface.write(encodeAnswer(method.output, item))) await once(surface, 'drain', { signal });
      }
      signal.throwIfAborted();
      surface.end();
      served.succeed();
    } catch (error) {
      surface.emit('error', served.fail(error));
    }
  };
}
