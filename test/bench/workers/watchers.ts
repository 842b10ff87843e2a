/** Watchers of a server, half of them over REST and half over gRPC, that check what they are sent. */
import { randomInt } from 'node:crypto';
import { type ClientRequest, get } from 'node:http';
import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { Client, type ClientReadableStream, credentials, Metadata } from '@grpc/grpc-js';
import { WatchRequestSchema } from '../../../src/api-grpc/gen/lvsd/v1/audit_service_pb.js';
import { serveCalls } from '../worker.js';

export interface WatchersCalls {
  /** Resolves when all have heard where they start. */
  open(options: { httpPort: number; grpcPort: number; token: string; count: number }): Promise<void>;
  /** From now on watchers drop their connections, so many in a second, and resume. */
  dropSome(perSecond: number): void;
  /** Resolves when all have come to the revision, or with how far they are when the time is over. */
  reached(revision: number, limitMs: number): Promise<WatchReport>;
  usage(): { readonly cpuMicros: number };
}

export interface WatchReport {
  /** Of the watcher that is behind all others. */
  readonly leastRevision: number;
  readonly events: number;
  readonly resumed: number;
  /** What was left out, sent twice or out of order, a line each; the first of them. */
  readonly faults: readonly string[];
}

interface Watcher {
  readonly name: string;
  /** The last revision that it was sent; undefined before the first. */
  revision: number | undefined;
  /** Ends the connection; what opened it opens another. */
  drop: () => void;
}

/** Streams that one connection of the server takes. */
const STREAMS_PER_CHANNEL = 200;

const watchers: Watcher[] = [];
const faults: string[] = [];
let events = 0;
let resumed = 0;

function heard(watcher: Watcher, revision: number, isEvent: boolean): void {
  const expected = watcher.revision === undefined ? revision : watcher.revision + (isEvent ? 1 : 0);
  if (revision !== expected && faults.length < 20) {
    faults.push(`${watcher.name}: ${isEvent ? 'event' : 'heartbeat'} ${revision} instead of ${expected}`);
  }
  if (isEvent) events += 1;
  watcher.revision = revision;
}

interface Reached {
  readonly port: number;
  readonly token: string;
}

function watchOverRest(watcher: Watcher, { port, token }: Reached): void {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(watcher.revision !== undefined && { 'last-event-id': String(watcher.revision) }),
  };
  let isDropped = false;
  const again = () => {
    if (isDropped) return;
    isDropped = true;
    request.destroy();
    watchOverRest(watcher, { port, token });
  };
  const request: ClientRequest = get(
    { host: '127.0.0.1', port, path: '/v1/events', headers, agent: false },
    (response) => {
      if (response.statusCode !== 200) faults.push(`${watcher.name}: status ${response.statusCode}`);
      let text = '';
      response.setEncoding('latin1').on('data', (chunk: string) => {
        if (isDropped) return;
        text += chunk;
        const end = text.lastIndexOf('\n\n');
        if (end < 0) return;
        for (const [, id, kind] of text.slice(0, end + 1).matchAll(/^id: (\d+)\nevent: (\w+)$/gm)) {
          heard(watcher, Number(id), kind !== 'heartbeat');
        }
        text = text.slice(end + 2);
      });
      response.on('close', again).on('error', again);
    },
  );
  request.on('error', again);
  watcher.drop = again;
}

const asIs = (bytes: Buffer) => bytes;

function watchOverGrpc(watcher: Watcher, client: Client, token: string): void {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  const { revision } = watcher;
  const message = create(
    WatchRequestSchema,
    revision === undefined ? {} : { afterRevision: BigInt(revision) },
  );
  const request = Buffer.from(toBinary(WatchRequestSchema, message));
  const stream: ClientReadableStream<Buffer> = client.makeServerStreamRequest(
    '/lvsd.v1.AuditService/Watch',
    asIs,
    asIs,
    request,
    metadata,
  );
  let isDropped = false;
  const again = () => {
    if (isDropped) return;
    isDropped = true;
    stream.cancel();
    watchOverGrpc(watcher, client, token);
  };
  stream.on('data', (bytes: Buffer) => {
    if (!isDropped) heard(watcher, ...revisionOf(bytes));
  });
  stream.on('error', again).on('end', again);
  watcher.drop = again;
}

/** Both messages that come have their revision in their own first field; to read all of them would be the slower part. */
function revisionOf(bytes: Buffer): [revision: number, isEvent: boolean] {
  const reader = new BinaryReader(bytes);
  const [field] = reader.tag();
  reader.uint32();
  reader.tag();
  return [Number(reader.int64()), field === WatchResponseFields.event];
}

const WatchResponseFields = { event: 1 };

async function until(claim: () => boolean, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!claim() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
}

serveCalls<WatchersCalls>({
  async open({ httpPort, grpcPort, token, count }) {
    let channel: Client | undefined;
    for (let index = 0; index < count; index += 1) {
      const isRest = index % 2 === 0;
      const watcher: Watcher = {
        name: `${isRest ? 'REST' : 'gRPC'} ${index}`,
        revision: undefined,
        drop: () => undefined,
      };
      watchers.push(watcher);
      if (isRest) {
        watchOverRest(watcher, { port: httpPort, token });
      } else {
        if (channel === undefined || (index >> 1) % STREAMS_PER_CHANNEL === 0) {
          const options = { 'grpc.use_local_subchannel_pool': 1 };
          channel = new Client(`127.0.0.1:${grpcPort}`, credentials.createInsecure(), options);
        }
        watchOverGrpc(watcher, channel, token);
      }
      // not more connections at once than a listener's queue has room for
      if (index % 50 === 49)
        await until(() => watchers.every(({ revision }) => revision !== undefined), 10_000);
    }
    await until(() => watchers.every(({ revision }) => revision !== undefined), 30_000);
  },
  dropSome(perSecond) {
    setInterval(() => {
      resumed += 1;
      watchers[randomInt(watchers.length)]?.drop();
    }, 1000 / perSecond).unref();
  },
  async reached(revision, limitMs) {
    const least = () => Math.min(...watchers.map((watcher) => watcher.revision ?? 0));
    await until(() => least() >= revision, limitMs);
    return { leastRevision: least(), events, resumed, faults };
  },
  usage() {
    const { user, system } = process.cpuUsage();
    return { cpuMicros: user + system };
  },
});
