/**
 * The audit chain: every event holds the hash of the one before it, and its own hash covers all its other fields. Whoever
 * edits, removes or moves an event has to rewrite every later one; a kept `lastHash` shows even that, and a cut-off end,
 * which the chain alone cannot show.
 */
import { createHash } from 'node:crypto';
import type { AuditEvent } from '../domain/schema/audit-event.js';
import { canonicalJson } from './canonical-json.js';

/** The newest event's id and hash: what the next one is chained to. */
export interface ChainTip {
  readonly id: number;
  readonly hash: string;
}

/** Before the first event. */
export const CHAIN_START: ChainTip = { id: 0, hash: '0'.repeat(64) };

/** An event as it is kept: `body` is the canonical JSON of everything but the hash. */
export interface SealedEvent {
  readonly id: number;
  readonly body: string;
  readonly hash: string;
}

export type UnchainedEvent = Omit<AuditEvent, 'id' | 'previousHash' | 'hash'>;

/** Makes the event that follows `tip`. */
export function seal(event: UnchainedEvent, tip: ChainTip): SealedEvent {
  const id = tip.id + 1;
  const body = canonicalJson({ ...event, id, previousHash: tip.hash });
  return { id, body, hash: sha256(body) };
}

/** The JSON of the event that `unseal` gives, without reading it. */
export function sealedJson({ body, hash }: SealedEvent): string {
  return `${body.slice(0, -1)},"hash":"${hash}"}`;
}

export function unseal({ body, hash }: SealedEvent): AuditEvent {
  return { ...(JSON.parse(body) as Omit<AuditEvent, 'hash'>), hash };
}

/** Why `event` cannot be what was appended after `tip`, in one sentence; undefined when it fits. */
export function chainFault(event: SealedEvent, tip: ChainTip): string | undefined {
  const { id, body, hash } = event;
  if (id !== tip.id + 1) {
    const missing = id - tip.id === 2 ? `Event ${id - 1} is` : `Events ${tip.id + 1} to ${id - 1} are`;
    return `${missing} missing before event ${id}.`;
  }
  if (sha256(body) !== hash) return `Event ${id} was edited: its content does not have its hash.`;
  const content = JSON.parse(body) as { id?: unknown; previousHash?: unknown };
  if (content.id !== id) return `Event ${id} was moved: its content says event ${String(content.id)}.`;
  if (content.previousHash !== tip.hash) {
    return `Event ${id} does not follow event ${tip.id}: one of the two was replaced.`;
  }
  return undefined;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
