/** A promise-returning handler as a grpc-js method. */
import { type DescMessage, type DescMethod, type Message, toBinary } from '@bufbuild/protobuf';
import type { handleUnaryCall } from '@grpc/grpc-js';
import { toMessage } from './convert/to-message.js';
import type { Context } from './methods.js';
import { type Surroundings, serveCall } from './served-call.js';

export type UnaryHandler = (request: Message, context: Context) => Promise<object>;

export function unary(
  method: DescMethod,
  handler: UnaryHandler,
  surroundings: Surroundings,
): handleUnaryCall<Buffer, Buffer> {
  return async (surface, callback) => {
    const served = serveCall(method, surface, surroundings);
    try {
      const { message, context } = await served.open();
      // from here on nothing is left half done
      served.signal.throwIfAborted();
      const bytes = encodeAnswer(method.output, await handler(message, context));
      served.sendHeader();
      callback(null, bytes);
      served.succeed();
    } catch (error) {
      served.sendHeader();
      callback(served.fail(error));
    }
  };
}

export function encodeAnswer(output: DescMessage, answer: object): Buffer {
  return Buffer.from(toBinary(output, toMessage(output, answer)));
}
