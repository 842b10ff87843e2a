/** From a call's metadata and bytes to a principal and a message that may be acted on. */
import type { PeerCertificate } from 'node:tls';
import { type DescMethod, fromBinary, type Message } from '@bufbuild/protobuf';
import type { Metadata } from '@grpc/grpc-js';
import { clientCertificate } from '../client-certificate.js';
import type { Admission, Call, Credentials } from '../control/control.js';
import { isRequestId, REQUEST_ID_RULE } from '../control/request-id.js';
import { DomainError, type Violation, violationError } from '../domain/errors.js';
import { fromMessage, type Json } from './convert/from-message.js';
import { addressOfPeer, bearerToken, REQUEST_ID_KEY, sentRequestId } from './request-metadata.js';

const REASON_CHARACTERS = 1024;

export interface Incoming {
  readonly request: Buffer;
  readonly metadata: Metadata;
  getPeer(): string;
  getAuthContext(): { readonly sslPeerCertificate?: PeerCertificate };
}

export interface OpenCall {
  readonly call: Call;
  /** What the principal of the call proved itself with. */
  readonly credentials: Credentials;
  readonly message: Message;
  readonly json: Json;
}

/** Authenticates, then parses. Rejects with DomainError UNAUTHENTICATED, RATE_LIMITED, MALFORMED_BODY or the violations it found. */
export async function openCall(
  admission: Admission,
  method: DescMethod,
  incoming: Incoming,
  requestId: string,
): Promise<OpenCall> {
  const { metadata } = incoming;
  const sourceAddress = addressOfPeer(incoming.getPeer());
  const credentials: Credentials = {
    token: bearerToken(metadata),
    transport: 'grpc',
    requestId,
    sourceAddress,
    action: method.localName,
    certificate: clientCertificate(incoming.getAuthContext().sslPeerCertificate),
  };
  const { principal } = await admission.admit(credentials);
  const message = parse(method, incoming.request);
  const faults: Violation[] = [];
  const json = fromMessage(method.input, message, faults);
  const sent = sentRequestId(metadata);
  if (![undefined, requestId].includes(sent)) {
    faults.push(fault(`/metadata/${REQUEST_ID_KEY}`, `Metadata ${REQUEST_ID_KEY} ${REQUEST_ID_RULE}.`));
  }
  const writing = isWrite(method) ? writeFields(json, faults) : {};
  const [first, ...rest] = faults;
  if (first) throw violationError([first, ...rest]);
  return {
    call: {
      principal,
      transport: 'grpc',
      requestId: sent === undefined ? (writing.requestId ?? requestId) : requestId,
      sourceAddress,
      reason: writing.reason ?? null,
      ...(writing.requestId !== undefined && {
        retryKey: { key: writing.requestId, isReplayed: false },
      }),
    },
    credentials,
    message,
    json,
  };
}

function parse(method: DescMethod, bytes: Buffer): Message {
  try {
    return fromBinary(method.input, bytes);
  } catch (cause) {
    throw new DomainError(
      'MALFORMED_BODY',
      `The request is not a ${method.input.typeName}: ${(cause as Error).message}.`,
      { cause },
    );
  }
}

/** Only writes have a reason; the `request_id` of a query is a search term. */
function isWrite(method: DescMethod): boolean {
  return method.input.fields.some(({ name }) => name === 'reason');
}

function writeFields(json: Json, faults: Violation[]): { reason?: string; requestId?: string } {
  const { reason, requestId } = json as { reason?: string; requestId?: string };
  if (reason && reason.length > REASON_CHARACTERS) {
    faults.push(fault('/reason', `reason must have at most ${REASON_CHARACTERS} characters.`));
  }
  if (requestId && !isRequestId(requestId)) {
    faults.push(fault('/requestId', `request_id ${REQUEST_ID_RULE}.`));
  }
  return { ...(reason && { reason }), ...(requestId && { requestId }) };
}

function fault(pointer: string, detail: string): Violation {
  return { reason: 'FIELD_INVALID', pointer, detail };
}
