/** The floor of gRPC: grpc-js passing bytes, one answer to a call, and a broadcast to everybody who watches. */
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { ECHO_UNARY, ECHO_WATCH, EVENT_TAG } from '../echo-protocol.js';
import { serveCalls } from '../worker.js';

export interface GrpcEchoCalls {
  /** So many events of so many bytes go to every watcher at each unary call. Returns the port. */
  start(sizes: { answerBytes: number; eventBytes: number; events: number }): Promise<number>;
  cpuMicros(): number;
}

const asIs = (bytes: Buffer) => bytes;
const bytes = {
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
};

serveCalls<GrpcEchoCalls>({
  start({ answerBytes, eventBytes, events }) {
    const server = new Server();
    const answer = Buffer.alloc(answerBytes);
    const event = Buffer.alloc(eventBytes, EVENT_TAG);
    const heartbeat = Buffer.alloc(12);
    const watchers = new Set<ServerWritableStream<Buffer, Buffer>>();
    server.addService(
      {
        unary: { path: ECHO_UNARY, requestStream: false, responseStream: false, ...bytes },
        watch: { path: ECHO_WATCH, requestStream: false, responseStream: true, ...bytes },
      },
      {
        unary(_: unknown, callback: (error: null, answer: Buffer) => void) {
          for (let count = 0; count < events; count += 1) {
            for (const watcher of watchers) watcher.write(event);
          }
          callback(null, answer);
        },
        watch(call: ServerWritableStream<Buffer, Buffer>) {
          call.write(heartbeat);
          watchers.add(call);
          call.on('cancelled', () => watchers.delete(call));
        },
      },
    );
    return new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  },
  cpuMicros() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
});
