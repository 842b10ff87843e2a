/** As many requests as a server answers: keep-alive connections, one request at a time on each, encoded beforehand. */
import { connect, type Socket } from 'node:net';
import { beginLoad, type LoadResult } from '../load-result.js';
import { serveCalls } from '../worker.js';

export interface Load {
  readonly port: number;
  readonly seconds: number;
  /** For each connection the requests, as sent, that it repeats in turn. */
  readonly connections: readonly (readonly Uint8Array[])[];
}

export interface HttpLoadCalls {
  /** Rejects when any answer is not 200. */
  run(load: Load): Promise<LoadResult>;
}

const HEAD_END = Buffer.from('\r\n\r\n');

serveCalls<HttpLoadCalls>({
  async run({ port, seconds, connections }) {
    const latencies: number[] = [];
    const result = beginLoad();
    const until = performance.now() + seconds * 1000;
    await Promise.all(connections.map((requests) => runConnection({ port, until, requests, latencies })));
    return result(latencies);
  },
});

interface Run {
  readonly port: number;
  readonly until: number;
  readonly requests: readonly Uint8Array[];
  readonly latencies: number[];
}

function runConnection({ port, until, requests, latencies }: Run): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let sentAt = 0;
    let count = 0;
    let received: Buffer = Buffer.alloc(0);

    const send = () => {
      sentAt = performance.now();
      socket.write(requests[count % requests.length] as Uint8Array);
      count += 1;
    };
    socket.setNoDelay(true);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a connection')));
    socket.on('connect', send);
    socket.on('data', (bytes) => {
      received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
      const length = answerLength(received);
      if (length === undefined || received.length < length) return;
      if (received.toString('latin1', 9, 12) !== '200') return reject(new Error(received.toString()));
      received = Buffer.alloc(0);
      const now = performance.now();
      latencies.push(now - sentAt);
      if (now < until) send();
      else finish(socket, resolve);
    });
  });
}

function finish(socket: Socket, resolve: () => void): void {
  socket.removeAllListeners('close');
  socket.end();
  resolve();
}

/** Undefined while the head is not complete. Servers of this benchmark send Content-Length. */
function answerLength(received: Buffer): number | undefined {
  const head = received.indexOf(HEAD_END);
  if (head === -1) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(received.toString('latin1', 0, head))?.[1];
  if (length === undefined) throw new Error('an answer without Content-Length');
  return head + HEAD_END.length + Number(length);
}
