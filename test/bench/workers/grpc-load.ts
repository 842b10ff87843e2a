/** gRPC clients: many calls at a time, or many watchers of one change. Messages are bytes and stay unread. */
import { type ChannelOptions, Client, type ClientReadableStream, credentials, Metadata } from '@grpc/grpc-js';
import { percentile } from '../sample.js';
import { serveCalls } from '../worker.js';
import type { LoadResult } from './http-load.js';

interface Endpoint {
  readonly port: number;
  readonly token: string;
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
  readonly messagesPerChange: number;
}

export interface GrpcLoadCalls {
  run(load: GrpcLoad): Promise<LoadResult>;
  /** Milliseconds from the call that changes something to its last message at each watcher; all changes together. */
  watch(load: WatchLoad): Promise<number[]>;
}

/** Servers allow some hundred streams on a connection. */
const WATCHERS_PER_CHANNEL = 100;
const asIs = (bytes: Buffer) => bytes;

serveCalls<GrpcLoadCalls>({
  async run({ path, seconds, callers, ...endpoint }) {
    const client = connectTo(endpoint);
    const latencies: number[] = [];
    const start = performance.now();
    const until = start + seconds * 1000;
    await Promise.all(
      callers.map(async (requests) => {
        for (let count = 0; performance.now() < until; count += 1) {
          const sentAt = performance.now();
          await unary(client, {
            path,
            token: endpoint.token,
            request: requests[count % requests.length] as Uint8Array,
          });
          latencies.push(performance.now() - sentAt);
        }
      }),
    );
    const elapsedSeconds = (performance.now() - start) / 1000;
    client.close();
    return {
      requests: latencies.length,
      requestsPerSecond: latencies.length / elapsedSeconds,
      p50Ms: percentile(latencies, 50),
      p99Ms: percentile(latencies, 99),
    };
  },

  async watch({ watchPath, watchers, changePath, changes, messagesPerChange, ...endpoint }) {
    const caller = connectTo(endpoint);
    const channels = Array.from({ length: Math.ceil(watchers / WATCHERS_PER_CHANNEL) }, () =>
      connectTo(endpoint),
    );
    const received = new Array<number>(watchers).fill(0);
    const latencies: number[] = [];
    let startedAt = 0;
    let missing = 0;
    let allReceived = () => {};
    const onMessage = (index: number) => {
      const count = (received[index] ?? 0) + 1;
      received[index] = count;
      if (count % messagesPerChange !== 0) return;
      latencies.push(performance.now() - startedAt);
      missing -= 1;
      if (missing === 0) allReceived();
    };
    const streams = await Promise.all(
      received.map((_, index) => {
        const channel = channels[Math.floor(index / WATCHERS_PER_CHANNEL)] as Client;
        return openStream(channel, {
          path: watchPath,
          token: endpoint.token,
          onMessage: () => onMessage(index),
        });
      }),
    );
    for (const request of changes) {
      missing = watchers;
      const done = new Promise<void>((resolve) => {
        allReceived = resolve;
      });
      startedAt = performance.now();
      await Promise.all([unary(caller, { path: changePath, token: endpoint.token, request }), done]);
    }
    for (const stream of streams) stream.cancel();
    for (const client of [caller, ...channels]) client.close();
    return latencies;
  },
});

function connectTo({ port }: Endpoint): Client {
  // A pool of its own for each client, or they would share one connection.
  const options: ChannelOptions = { 'grpc.use_local_subchannel_pool': 1 };
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
}

function metadataOf(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

function unary(
  client: Client,
  { path, token, request }: { path: string; token: string; request: Uint8Array },
): Promise<void> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, asIs, asIs, Buffer.from(request), metadataOf(token), (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

/** Resolves when the server has taken the call. */
function openStream(
  client: Client,
  { path, token, onMessage }: { path: string; token: string; onMessage: () => void },
): Promise<ClientReadableStream<Buffer>> {
  return new Promise((resolve, reject) => {
    const stream = client.makeServerStreamRequest(path, asIs, asIs, Buffer.alloc(0), metadataOf(token));
    stream.on('metadata', () => resolve(stream));
    stream.on('data', onMessage);
    stream.on('error', reject);
  });
}
