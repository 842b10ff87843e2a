/** Streams of HTTP/2 that no gRPC client would open: frames that lie, strange methods, paths, encodings and time limits. */
import { type ClientHttp2Session, constants, type OutgoingHttpHeaders } from 'node:http2';
import fc, { type Arbitrary } from 'fast-check';
import { GRPC_PATHS } from './grpc-calls.js';

export interface RawStream {
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array;
}

const prefix = (compressed: number, length: number) => {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt8(compressed);
  bytes.writeUInt32BE(length, 1);
  return bytes;
};

const bodies: Arbitrary<Uint8Array> = fc.oneof(
  fc.constantFrom<Uint8Array>(
    Buffer.alloc(0),
    prefix(0, 0),
    Buffer.concat([prefix(0, 0), prefix(0, 0)]),
    Buffer.concat([prefix(1, 4), Buffer.from('gzip')]),
    prefix(0, 10),
    prefix(0, 0xffffffff),
    prefix(7, 0),
    Buffer.from([0, 0]),
  ),
  fc.uint8Array({ maxLength: 40 }),
);

export const rawStreams: Arbitrary<RawStream> = fc.record({
  headers: fc
    .record(
      {
        ':method': fc.constantFrom('POST', 'POST', 'POST', 'GET', 'DELETE'),
        'content-type': fc.constantFrom(
          'application/grpc',
          'application/grpc+proto',
          'application/grpc+json',
          'text/plain',
        ),
        te: fc.constant('trailers'),
        'grpc-encoding': fc.constantFrom('gzip', 'deflate', 'identity', 'snappy', ''),
        'grpc-timeout': fc.constantFrom('1n', '0S', '99999999H', '-1S', 'x', ''),
        'grpc-accept-encoding': fc.constantFrom('gzip', '???'),
        authorization: fc.constantFrom('', 'Basic x', 'Bearer x'),
        'x-request-id': fc.constantFrom('', 'x'.repeat(1000)),
      },
      { requiredKeys: [':method', 'content-type'], noNullPrototype: true },
    )
    .chain((headers) =>
      fc
        .constantFrom(
          ...GRPC_PATHS,
          'lvsd.v1.ClusterService/Nothing',
          'nothing',
          '',
          'grpc.health.v1.Health/Check',
        )
        .map((path) => ({ ...headers, ':path': `/${path}` })),
    ),
  body: bodies,
});

export interface RawAnswer {
  readonly status: number | undefined;
  /** Of the header or the trailer. */
  readonly grpcStatus: number | undefined;
  /** Whether it comes from lvsd, with google.rpc.Status, and not from the library's reading of frames. */
  readonly isOurs: boolean;
}

const SILENCE_MS = 5_000;

/** Sends the stream; resolves when it has been closed, by whomever. */
export function openRaw(session: ClientHttp2Session, { headers, body }: RawStream): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: false });
    let status: number | undefined;
    let grpcStatus: number | undefined;
    let isOurs = false;
    const note = (received: Readonly<Record<string, unknown>>) => {
      const told = received['grpc-status'];
      if (told !== undefined) grpcStatus = Number(told);
      isOurs ||= received['grpc-status-details-bin'] !== undefined;
    };
    stream.on('response', (received) => {
      status = received[constants.HTTP2_HEADER_STATUS] as number | undefined;
      note(received as Readonly<Record<string, unknown>>);
    });
    stream.on('trailers', note);
    stream.on('error', () => undefined);
    stream.on('close', () => resolve({ status, grpcStatus, isOurs }));
    stream.setTimeout(SILENCE_MS, () => {
      stream.close();
      reject(new Error(`no end of ${JSON.stringify(headers)} ${Buffer.from(body).toString('hex')}`));
    });
    stream.resume();
    stream.end(body);
  });
}
