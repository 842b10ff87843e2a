/** The format of archive files: one event a line, canonical JSON (RFC 8785) with its hash, in order. */
import { canonicalJson } from '../audit/canonical-json.js';
import { CHAIN_START, type ChainTip, chainFault, type SealedEvent } from '../audit/chain.js';
import type { AuditEvent } from '../domain/schema/audit-event.js';

export function archiveLine(event: AuditEvent): string {
  return `${canonicalJson(event)}\n`;
}

/** Undefined for what is no event. */
function sealedOf(line: string): { event: SealedEvent; previousHash: string } | undefined {
  try {
    const { hash, ...rest } = JSON.parse(line) as AuditEvent;
    const isEvent = typeof rest.id === 'number' && typeof hash === 'string';
    return isEvent
      ? { event: { id: rest.id, body: canonicalJson(rest), hash }, previousHash: rest.previousHash }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a chain line by line. `start`: what it has to follow; undefined: whatever its first event says. */
export function createLineReader(start: ChainTip | undefined) {
  let tip = start;
  let first: { readonly id: number; readonly previousHash: string } | undefined;
  return {
    /** Why the next line does not belong there; undefined when it does. */
    faultOf(line: string): string | undefined {
      const read = sealedOf(line);
      if (read === undefined) return `After event ${tip?.id ?? 0} there is a line that is no event.`;
      const { event, previousHash } = read;
      first ??= { id: event.id, previousHash };
      const fault = chainFault(event, tip ?? { id: event.id - 1, hash: previousHash });
      tip = event;
      return fault;
    },
    /** The event of the last line. */
    tip: (): ChainTip => tip ?? CHAIN_START,
    /** Undefined before the first line. */
    range() {
      if (first === undefined || tip === undefined) return undefined;
      return { firstId: first.id, previousHash: first.previousHash, lastId: tip.id, lastHash: tip.hash };
    },
  };
}
