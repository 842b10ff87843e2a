import { setImmediate as nextTurn } from 'node:timers/promises';
import { CHAIN_START, type ChainTip, chainFault } from '../../audit/chain.js';
import type { Integrity } from '../../domain/schema/audit-event.js';
import type { SqliteReader } from './reader.js';

/** How many events are checked before the event loop gets a turn: a few milliseconds' worth. */
const SLICE = 500;

/** Recomputes the chain up to the event that is newest at the call. */
export async function verifyChain(reader: SqliteReader): Promise<Integrity> {
  const { id: lastId, hash: lastHash } = reader.tip();
  let tip: ChainTip = CHAIN_START;
  let events = 0;

  while (tip.id < lastId) {
    for (const event of reader.sealedEvents(tip.id, Math.min(SLICE, lastId - tip.id))) {
      const fault = chainFault(event, tip);
      if (fault !== undefined) {
        return { intact: false, events, lastId, lastHash, brokenAt: event.id, detail: fault };
      }
      tip = event;
      events += 1;
    }
    await nextTurn();
  }
  return { intact: true, events, lastId, lastHash, brokenAt: null, detail: null };
}
