import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type ChainTip, chainFault } from '../../audit/chain.js';
import type { AuditArchive } from '../../domain/schema/audit-archive.js';
import type { AuditEvent, Integrity } from '../../domain/schema/audit-event.js';
import type { SqliteReader } from './reader.js';

/** How many events are checked before the event loop gets a turn: a few milliseconds' worth. */
const SLICE = 500;

/**
 * Recomputes the chain, from where the archives end up to the event that is newest at the call, and looks whether it says that
 * they were archived. `committed` is asked anew for each slice.
 */
export async function verifyChain(committed: () => SqliteReader): Promise<Integrity> {
  const { id: lastId, hash: lastHash } = committed().tip();
  let tip: ChainTip = committed().archivedThrough();
  let events = 0;
  const verdict = (brokenAt: number | null, detail: string | null): Integrity => {
    const archivedThrough = committed().archivedThrough().id;
    return { intact: brokenAt === null, events, lastId, lastHash, archivedThrough, brokenAt, detail };
  };

  while (tip.id < lastId) {
    tip = later(tip, committed().archivedThrough()); // events may leave the log between two slices
    for (const event of committed().sealedEvents(tip.id, Math.min(SLICE, lastId - tip.id))) {
      const fault = chainFault(event, tip);
      if (fault !== undefined) return verdict(event.id, fault);
      tip = event;
      events += 1;
    }
    await nextTurn();
  }
  const { id: archivedThrough } = committed().archivedThrough();
  const archive = committed().archiveOf(archivedThrough);
  if (archive !== undefined && !isToldOf(archive, committed().event(archive.revision))) {
    return verdict(
      archivedThrough,
      `Events up to ${archivedThrough} are gone, and no event says that they were archived.`,
    );
  }
  return verdict(null, null);
}

function later(a: ChainTip, b: ChainTip): ChainTip {
  return a.id < b.id ? b : a;
}

/** An archive's own event is newer than what it took, so that of the last archive is always in the log. */
function isToldOf({ time, revision, ...archive }: AuditArchive, event: AuditEvent | undefined): boolean {
  return event?.time === time && event.id === revision && isDeepStrictEqual(event.after, archive);
}
