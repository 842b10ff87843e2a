/** What is asked of every call while it arrives, before anything is known of it but its method and where it comes from. */
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import type { Admission } from '../control/control.js';
import { DomainError } from '../domain/errors.js';
import { failureOf } from './failure.js';
import { addressOfPeer, requestIdOf } from './request-metadata.js';

interface Arrival {
  readonly admission: Admission;
  /** Until all of the request must be here. */
  readonly requestMs: number;
}

/** Nobody proves who he is there, so calls are counted for where they come from. */
const REFLECTION = /^\/grpc\.reflection\./;

export function createArrival({ admission, requestMs }: Arrival): ServerInterceptor {
  return ({ path }, call) => {
    let limit: NodeJS.Timeout | undefined;
    const arrived = () => clearTimeout(limit);
    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, proceed) {
            const refuse = (error: unknown) => end(call, error, requestIdOf(metadata));
            limit = setTimeout(() => refuse(tooSlow(requestMs)), requestMs);
            if (!REFLECTION.test(path)) proceed(metadata);
            else
              admission.admitAnonymous(addressOfPeer(call.getPeer())).then(() => proceed(metadata), refuse);
          },
          onReceiveHalfClose(proceed) {
            arrived();
            proceed();
          },
          onCancel: arrived,
        });
      },
      sendStatus(status, next) {
        arrived();
        next(status);
      },
    });
  };
}

function end(call: ServerInterceptingCallInterface, error: unknown, requestId: string): void {
  if (!(error instanceof DomainError)) throw error;
  call.sendStatus(failureOf(error, EmptySchema, requestId));
}

function tooSlow(requestMs: number): DomainError {
  return new DomainError(
    'REQUEST_TIMEOUT',
    `The request took more than ${requestMs / 1000} s to arrive: send it without pauses.`,
  );
}
