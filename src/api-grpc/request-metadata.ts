/** What a call says about itself in its metadata. */
import type { Metadata } from '@grpc/grpc-js';
import { isRequestId, newRequestId } from '../control/request-id.js';

export const REQUEST_ID_KEY = 'x-request-id';
/** Of an answer that an earlier call with this request_id was given. */
export const REPLAYED_KEY = 'idempotency-replayed';

/** The x-request-id that was sent, whatever it looks like. */
export function sentRequestId(metadata: Metadata): string | undefined {
  return textOf(metadata, REQUEST_ID_KEY);
}

/** The caller's x-request-id, or one of ours when there is none that could be used. */
export function requestIdOf(metadata: Metadata): string {
  const sent = sentRequestId(metadata);
  return sent !== undefined && isRequestId(sent) ? sent : newRequestId();
}

/** The bearer token, or undefined when the call carries none. */
export function bearerToken(metadata: Metadata): string | undefined {
  return /^bearer +(\S+) *$/i.exec(textOf(metadata, 'authorization') ?? '')?.[1];
}

/** The address of a peer as grpc-js writes it, `127.0.0.1:40000` or `::1:40000`, without the port. */
export function addressOfPeer(peer: string): string | null {
  return /^(.+):\d+$/.exec(peer)?.[1] ?? null;
}

function textOf(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key);
  return typeof value === 'string' ? value : undefined;
}
