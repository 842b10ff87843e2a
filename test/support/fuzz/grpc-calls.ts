/** Calls made from the descriptors: a method that a proto file has is called in every way, without a line of code here. */
import { type DescMethod, fromBinary, toJson } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import fc, { type Arbitrary } from 'fast-check';
import { SERVICES } from '../../../src/api-grpc/services.js';
import type { Seen } from './examples.js';
import { encodePlan, type MessagePlan, messagePlans } from './grpc-messages.js';
import { hostileText } from './hostile.js';
import { CALLERS } from './rest-requests.js';
import type { Tokens } from './rest-sender.js';

const DAMAGES = ['cut', 'flipped', 'unknown field', 'doubled', 'noise'] as const;

export interface FuzzCall {
  /** `lvsd.v1.ClusterService/GetCluster` */
  readonly path: string;
  readonly message: MessagePlan;
  /** What is done to the message's bytes. */
  readonly damage: 'none' | (typeof DAMAGES)[number];
  readonly place: number;
  readonly noise: Uint8Array;
  readonly caller: (typeof CALLERS)[number];
  readonly metadata: Readonly<Record<string, string>>;
  /** Milliseconds until the caller hangs up; null: never. */
  readonly cancelAfter: number | null;
  /** Milliseconds that the server is given. */
  readonly deadline: number | null;
}

const methods = new Map(
  SERVICES.flatMap((service) =>
    service.methods.map((method) => [`${service.typeName}/${method.name}`, method]),
  ),
);

export const GRPC_PATHS: readonly string[] = [...methods.keys()];

/** A stream may have no end: its caller always hangs up. */
const STREAM_LIMIT_MS = 40;

/** As often as a method has inputs. */
export const grpcCalls: Arbitrary<FuzzCall> = fc.oneof(
  ...[...methods].map(([path, method]) => ({
    weight: path.includes('/Delete') ? 2 : 1 + method.input.fields.length,
    arbitrary: callsOf(path, method),
  })),
);

function callsOf(path: string, method: DescMethod): Arbitrary<FuzzCall> {
  const isUnary = method.methodKind === 'unary';
  return fc.record({
    path: fc.constant(path),
    message: messagePlans(method.input),
    damage: mostly('none' as const, 8, fc.constantFrom(...DAMAGES)),
    place: fc.nat(1000),
    noise: fc.uint8Array({ maxLength: 40 }),
    caller: mostly('admin' as const, 15, fc.constantFrom(...CALLERS)),
    metadata: mostly(
      {},
      6,
      fc.dictionary(fc.constantFrom('x-request-id', 'authorization', 'x', 'te'), hostileText),
    ),
    cancelAfter: isUnary ? mostly(null, 25, fc.nat(3)) : fc.nat(STREAM_LIMIT_MS),
    deadline: mostly(null, 25, fc.nat(5)),
  });
}

function mostly<T, U>(usual: T, weight: number, others: Arbitrary<U>): Arbitrary<T | U> {
  return fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: others });
}

export interface SentCall {
  readonly path: string;
  readonly bytes: Buffer;
  readonly metadata: Metadata;
  readonly cancelAfter: number | null;
  readonly deadline: number | null;
}

export function prepared(call: FuzzCall, seen: Seen, tokens: Tokens): SentCall {
  const { path, cancelAfter, deadline } = call;
  const metadata = new Metadata();
  const token = tokens[call.caller];
  if (token !== null) metadata.set('authorization', `Bearer ${token}`);
  for (const [key, value] of Object.entries(call.metadata)) {
    metadata.set(key, value.replace(/[^\x20-\x7e]/g, '?'));
  }
  const bytes = damaged(Buffer.from(encodePlan(call.message, seen)), call);
  return { path, bytes, metadata, cancelAfter, deadline };
}

function damaged(bytes: Buffer, { damage, place, noise }: FuzzCall): Buffer {
  const at = bytes.length === 0 ? 0 : place % bytes.length;
  switch (damage) {
    case 'none':
      return bytes;
    case 'cut':
      return bytes.subarray(0, at);
    case 'flipped':
      return Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ (1 << (place % 8)) : byte)));
    case 'unknown field':
      // number 1000, a varint
      return Buffer.concat([bytes, Buffer.from([0xc0, 0x3e, 0x01])]);
    case 'doubled':
      return Buffer.concat([bytes, bytes]);
    case 'noise':
      return Buffer.from(noise);
  }
}

export interface CallAnswer {
  readonly code: status;
  readonly error: ServiceError | null;
  /** In the form of JSON. */
  readonly messages: readonly unknown[];
}

export interface Caller {
  call(call: SentCall): Promise<CallAnswer>;
  close(): void;
}

export function createCaller(address: string): Caller {
  const client = new Client(address, credentials.createInsecure());

  function send({ path, bytes, metadata, cancelAfter, deadline }: SentCall): Promise<CallAnswer> {
    const method = methods.get(path) as DescMethod;
    const options = deadline === null ? {} : { deadline: Date.now() + deadline };
    const messages: unknown[] = [];
    const note = (answer: Buffer) => messages.push(toJson(method.output, fromBinary(method.output, answer)));
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const hangUp = (call: { cancel(): void }) => {
        if (cancelAfter !== null) timer = setTimeout(() => call.cancel(), cancelAfter);
      };
      const end = (error: ServiceError | null) => {
        clearTimeout(timer);
        resolve({ code: error?.code ?? status.OK, error, messages });
      };
      const guarded = (work: () => void) => {
        try {
          work();
        } catch (error) {
          reject(error);
        }
      };
      if (method.methodKind === 'unary') {
        const done = (error: ServiceError | null, answer?: Buffer) =>
          guarded(() => {
            if (answer) note(answer);
            end(error);
          });
        hangUp(client.makeUnaryRequest(`/${path}`, asIs, asIs, bytes, metadata, options, done));
        return;
      }
      const stream = client.makeServerStreamRequest<Buffer, Buffer>(
        `/${path}`,
        asIs,
        asIs,
        bytes,
        metadata,
        options,
      );
      stream.on('data', (answer: Buffer) => guarded(() => note(answer)));
      stream.on('error', (error: ServiceError) => end(error));
      stream.on('end', () => end(null));
      hangUp(stream);
    });
  }

  return { call: send, close: () => client.close() };
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}
