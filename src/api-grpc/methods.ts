/** What a service's handlers look like, derived from its descriptor: a method left out does not compile. */
import type { DescMessage, DescService, MessageShape } from '@bufbuild/protobuf';
import type { Call } from '../control/control.js';
import type { Json } from './convert/from-message.js';

export interface Context {
  readonly call: Call;
  /** The request in the form that the control layer takes: see `from-message.ts`. */
  readonly json: Json;
  /** Aborts when the caller has gone or the server stops; only streams need it, a write is never left half done. */
  readonly signal: AbortSignal;
}

/** The fields of an answer in the form that the control layer gives: see `to-message.ts`. */
export type Answer<Output extends DescMessage> = {
  readonly [Field in Exclude<keyof MessageShape<Output>, `$${string}`>]?: unknown;
};

/** An answer of a stream that is bytes already, because many streams send the same one. */
export class EncodedAnswer {
  readonly bytes: Buffer;
  /** The revision to resume after once it has been received, if it is one. */
  readonly resumePoint: number | undefined;

  constructor(bytes: Buffer, resumePoint: number | undefined) {
    this.bytes = bytes;
    this.resumePoint = resumePoint;
  }
}

export type Methods<Service extends DescService> = {
  readonly [Name in keyof Service['method']]: Handler<Service['method'][Name]>;
};

type Handler<Method> = Method extends {
  readonly methodKind: infer Kind;
  readonly input: infer Input extends DescMessage;
  readonly output: infer Output extends DescMessage;
}
  ? (
      request: MessageShape<Input>,
      context: Context,
    ) => Kind extends 'server_streaming'
      ? AsyncIterable<Answer<Output> | EncodedAnswer>
      : Promise<Answer<Output>>
  : never;
