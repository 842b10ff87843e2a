import { setMaxListeners } from 'node:events';
import { Server, type ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import type { Certificates } from '../certificates.js';
import type { Control } from '../control/control.js';
import { DomainError } from '../domain/errors.js';
import { createArrival } from './arrival.js';
import { serverCredentials } from './credentials.js';
import { addHealth, ServingStatus } from './health.js';
import { addReflection } from './reflection.js';
import type { GrpcLogger, GrpcMeter } from './served-call.js';
import { addServices, SERVICES } from './services.js';

const OPTIONS: ServerOptions = {
  // as REST's body limit: a definition of some ten thousand real servers
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
  // of one connection; a caller that needs more at a time waits or opens another
  'grpc.max_concurrent_streams': 256,
  // a Watch may be silent for hours: without a ping, a peer that vanished would hold its stream for ever
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
  // as REST's: a connection on which nothing is asked
  'grpc.max_connection_idle_ms': 300_000,
};

/** How long calls that are under way may take to finish before they are cut off. */
const STOP_LIMIT_MS = 3_000;

export interface GrpcServer {
  /** Listens (port 0: any free one) and resolves with the port. */
  start(listener: { readonly host: string; readonly port: number }): Promise<number>;
  /** Says NOT_SERVING, ends streams with SHUTTING_DOWN, lets other calls finish for a while, then closes everything. */
  stop(): Promise<void>;
}

interface Dependencies {
  readonly control: Control;
  readonly logger: GrpcLogger;
  readonly meter: GrpcMeter;
  readonly certificates: Certificates | null;
  /** Until all of a request must be here. */
  readonly requestMs: number;
}

/** Health and reflection are open to all; every other method needs a bearer token in its metadata. */
export function createGrpcServer({
  control,
  logger,
  meter,
  certificates,
  requestMs,
}: Dependencies): GrpcServer {
  const { admission } = control;
  const server = new Server({ ...OPTIONS, interceptors: [createArrival({ admission, requestMs })] });
  const stopping = new AbortController();
  // every call under way listens
  setMaxListeners(0, stopping.signal);

  addServices(server, control, {
    admission,
    logger,
    meter,
    stopping: stopping.signal,
  });
  const setHealth = addHealth(
    server,
    SERVICES.map(({ typeName }) => typeName),
  );
  addReflection(server);

  return {
    async start({ host, port }) {
      const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
      const bound = await bind(server, address, serverCredentials(certificates));
      setHealth(ServingStatus.SERVING);
      return bound;
    },
    async stop() {
      setHealth(ServingStatus.NOT_SERVING);
      stopping.abort(new DomainError('SHUTTING_DOWN', 'The server is stopping: call again, or another one.'));
      await shutDown(server);
    },
  };
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
}

function shutDown(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => server.forceShutdown(), STOP_LIMIT_MS);
    server.tryShutdown(() => {
      clearTimeout(limit);
      resolve();
    });
  });
}
