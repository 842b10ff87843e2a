/**
 * gRPC clients on bare HTTP/2, which costs less than any server of gRPC: many calls at a time, or many watchers of one
 * change. Messages are bytes and stay unread.
 */
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { EVENT_TAG } from '../echo-protocol.js';
import { beginLoad, type LoadResult } from '../load-result.js';
import { serveCalls } from '../worker.js';

interface Endpoint {
  readonly port: number;
  readonly token: string;
}

export interface UnaryCall extends Endpoint {
  readonly path: string;
  readonly request: Uint8Array;
}

export interface GrpcLoad extends Endpoint {
  readonly path: string;
  readonly seconds: number;
  /** For each call at a time the requests that it repeats in turn. */
  readonly callers: readonly (readonly Uint8Array[])[];
}

export interface WatchLoad extends Endpoint {
  readonly watchPath: string;
  readonly watchers: number;
  readonly changePath: string;
  /** One change each. */
  readonly changes: readonly Uint8Array[];
  /** That each watcher gets for each change. */
  readonly eventsPerChange: number;
}

export interface WatchResult {
  /** From the call that changes something to its last event at each watcher; all changes together. */
  readonly latenciesMs: readonly number[];
  readonly eventBytes: number;
}

export interface GrpcLoadCalls {
  /** Bytes of the answer's message. */
  answerBytes(call: UnaryCall): Promise<number>;
  run(load: GrpcLoad): Promise<LoadResult>;
  watch(load: WatchLoad): Promise<WatchResult>;
}

/** Servers allow some hundred streams on a connection. */
const WATCHERS_PER_SESSION = 100;
/** In front of a message: whether it is compressed, and its length. */
const FRAME_BYTES = 5;

serveCalls<GrpcLoadCalls>({
  async answerBytes({ path, request, ...endpoint }) {
    const session = await openSession(endpoint);
    const bytes = await unary(session, callHeaders(path, endpoint.token), frame(request));
    session.close();
    return bytes - FRAME_BYTES;
  },

  async run({ path, seconds, callers, ...endpoint }) {
    const session = await openSession(endpoint);
    const headers = callHeaders(path, endpoint.token);
    const latencies: number[] = [];
    const result = beginLoad();
    const until = performance.now() + seconds * 1000;
    await Promise.all(
      callers.map(async (requests) => {
        const frames = requests.map(frame);
        for (let count = 0; performance.now() < until; count += 1) {
          const sentAt = performance.now();
          await unary(session, headers, frames[count % frames.length] as Buffer);
          latencies.push(performance.now() - sentAt);
        }
      }),
    );
    session.close();
    return result(latencies);
  },

  async watch({ watchPath, watchers, changePath, changes, eventsPerChange, ...endpoint }) {
    const caller = await openSession(endpoint);
    const sessions = await Promise.all(
      Array.from({ length: Math.ceil(watchers / WATCHERS_PER_SESSION) }, () => openSession(endpoint)),
    );
    const received = new Array<number>(watchers).fill(0);
    const latenciesMs: number[] = [];
    let eventBytes = 0;
    let startedAt = 0;
    let missing = 0;
    let allReceived = () => {};
    const onMessage = (index: number, message: Buffer) => {
      if (message[0] !== EVENT_TAG) return;
      eventBytes = message.length;
      const count = (received[index] ?? 0) + 1;
      received[index] = count;
      if (count % eventsPerChange !== 0) return;
      latenciesMs.push(performance.now() - startedAt);
      missing -= 1;
      if (missing === 0) allReceived();
    };
    const headers = callHeaders(watchPath, endpoint.token);
    await Promise.all(
      received.map((_, index) => {
        const session = sessions[Math.floor(index / WATCHERS_PER_SESSION)] as ClientHttp2Session;
        return watchFrom(session, headers, (message) => onMessage(index, message));
      }),
    );
    for (const request of changes) {
      missing = watchers;
      const done = new Promise<void>((resolve) => {
        allReceived = resolve;
      });
      startedAt = performance.now();
      await Promise.all([unary(caller, callHeaders(changePath, endpoint.token), frame(request)), done]);
    }
    for (const session of [caller, ...sessions]) session.destroy();
    return { latenciesMs, eventBytes };
  },
});

async function openSession({ port }: Endpoint): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  await once(session, 'connect');
  return session;
}

function callHeaders(path: string, token: string): Record<string, string> {
  return {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: `Bearer ${token}`,
  };
}

function frame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(FRAME_BYTES + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, FRAME_BYTES);
  return framed;
}

/** Resolves to the bytes of the answer. */
function unary(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  framed: Buffer,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers);
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    rejectUnlessOk(stream, reject);
    stream.on('end', () => resolve(bytes));
    stream.on('error', reject);
    stream.end(framed);
  });
}

/** A call that fails at once has its status in the headers, any other in the trailers, which come before the end. */
function rejectUnlessOk(stream: ClientHttp2Stream, reject: (error: Error) => void): void {
  for (const event of ['response', 'trailers']) {
    stream.on(event, (headers: Record<string, string>) => {
      const status = headers['grpc-status'] ?? '0';
      if (status !== '0') reject(new Error(`gRPC status ${status}: ${headers['grpc-message']}`));
    });
  }
}

/** Resolves with the first message, which says where the stream starts. */
function watchFrom(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  onMessage: (message: Buffer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers);
    let received: Buffer = Buffer.alloc(0);
    stream.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      while (received.length >= FRAME_BYTES) {
        const end = FRAME_BYTES + received.readUInt32BE(1);
        if (received.length < end) break;
        onMessage(received.subarray(FRAME_BYTES, end));
        received = received.subarray(end);
      }
      resolve();
    });
    rejectUnlessOk(stream, reject);
    // Sessions end with the streams on them.
    stream.on('error', reject);
    stream.end(frame(new Uint8Array()));
  });
}
