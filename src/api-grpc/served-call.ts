/** What every call has, unary or stream: an id, a signal, one log line and one way to fail. */
import type { DescMethod, Message } from '@bufbuild/protobuf';
import { Metadata, status } from '@grpc/grpc-js';
import type { Admission, OpenStream, Principal, RetryKey } from '../control/control.js';
import { DomainError } from '../domain/errors.js';
import { type Failure, failureOf } from './failure.js';
import type { Context } from './methods.js';
import { type Incoming, type OpenCall, openCall } from './open-call.js';
import { REPLAYED_KEY, REQUEST_ID_KEY, requestIdOf } from './request-metadata.js';

export interface GrpcLogger {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface GrpcMeter {
  observeCall(call: {
    readonly transport: 'grpc';
    readonly operation: string;
    readonly code: string;
    readonly seconds: number;
  }): void;
}

export interface Surroundings {
  readonly admission: Admission;
  readonly logger: GrpcLogger;
  readonly meter: GrpcMeter;
  /** Aborts with the DomainError that streams end with when the server stops. */
  readonly stopping: AbortSignal;
}

/** What grpc-js gives for a call, of either kind. */
export interface SurfaceCall extends Incoming {
  readonly cancelled: boolean;
  sendMetadata(metadata: Metadata): void;
  on(event: 'cancelled', listener: () => void): unknown;
}

/** Nobody reads it: the caller has gone. */
const CANCELLED: Failure = { code: status.CANCELLED, details: 'cancelled', metadata: new Metadata() };

interface Opened {
  readonly message: Message;
  readonly context: Context;
}

export interface ServedCall {
  readonly signal: AbortSignal;
  /** Authenticates and parses; see `open-call.ts`. */
  open(): Promise<Opened>;
  /** As `open`, of a stream: it is counted, and its signal aborts when its credentials are no longer good. */
  openStream(): Promise<Opened>;
  /** Sends x-request-id ahead of the answer, whichever it will be. */
  sendHeader(): void;
  succeed(): void;
  fail(error: unknown): Failure;
}

export function serveCall(method: DescMethod, surface: SurfaceCall, surroundings: Surroundings): ServedCall {
  const { admission, logger, meter, stopping } = surroundings;
  const started = performance.now();
  const abort = new AbortController();
  let requestId = requestIdOf(surface.metadata);
  let principal: Principal | undefined;
  let retryKey: RetryKey | undefined;
  let stream: OpenStream | undefined;

  const stop = () => abort.abort(stopping.reason);
  if (stopping.aborted) stop();
  stopping.addEventListener('abort', stop);
  surface.on('cancelled', () => abort.abort());

  function finish(statusCode: status, details?: string): void {
    stopping.removeEventListener('abort', stop);
    stream?.close();
    const durationMs = performance.now() - started;
    const code = status[statusCode] as string;
    meter.observeCall({
      transport: 'grpc',
      operation: method.localName,
      code,
      seconds: durationMs / 1000,
    });
    logger.info(
      {
        method: method.localName,
        requestId,
        principal: principal?.name,
        code,
        details,
        durationMs: Math.round(durationMs),
      },
      'grpc call',
    );
  }

  async function open(): Promise<Opened & Pick<OpenCall, 'credentials'>> {
    const { call, credentials, message, json } = await openCall(admission, method, surface, requestId);
    requestId = call.requestId;
    principal = call.principal;
    retryKey = call.retryKey;
    return { credentials, message, context: { call, json, signal: abort.signal } };
  }

  return {
    signal: abort.signal,
    open,
    async openStream() {
      const { credentials, ...opened } = await open();
      stream = admission.openStream(credentials, opened.context.call.principal);
      const { signal } = stream;
      signal.addEventListener('abort', () => abort.abort(signal.reason));
      return opened;
    },
    sendHeader() {
      const header = new Metadata();
      header.set(REQUEST_ID_KEY, requestId);
      if (retryKey?.isReplayed) header.set(REPLAYED_KEY, 'true');
      surface.sendMetadata(header);
    },
    succeed() {
      finish(status.OK);
    },
    fail(error) {
      const cause = isAbort(error) ? abort.signal.reason : error;
      if (isAbort(cause)) {
        finish(status.CANCELLED);
        return CANCELLED;
      }
      if (!(cause instanceof DomainError)) {
        logger.error({ err: cause, method: method.localName, requestId }, 'grpc call met a defect');
      }
      const failure = failureOf(asDomainError(cause, requestId), method.input, requestId);
      finish(failure.code, failure.details);
      return failure;
    },
  };
}

/** What an aborted signal throws, unless it was aborted for a reason of ours. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function asDomainError(error: unknown, requestId: string): DomainError {
  if (error instanceof DomainError) return error;
  return new DomainError('INTERNAL', `lvsd met a defect; its log has more under request id ${requestId}.`);
}
