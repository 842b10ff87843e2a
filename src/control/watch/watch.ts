/** Follows the audit log: what a watcher asked to see of it, from a revision on, without an end. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DomainError } from '../../domain/errors.js';
import type { AuditEvent } from '../../domain/schema/audit-event.js';
import type { Alarm } from './alarm.js';
import type { EventLog } from './event-log.js';
import type { WatchItem } from './items.js';

export interface Following {
  readonly log: EventLog;
  readonly alarm: Alarm;
  readonly isChosen: (event: AuditEvent) => boolean;
  /** What to send first: the revision to begin after, or a snapshot. */
  readonly from: number | AsyncGenerator<readonly WatchItem[], number | undefined>;
  readonly signal: AbortSignal;
  /** Default: HEARTBEAT_MS. */
  readonly heartbeatMs?: number;
}

/** Proxies cut connections that are silent for a minute; a client may take three times this for a dead server. */
export const HEARTBEAT_MS = 15_000;

/** Batches are what one turn of the event loop found, and never empty. */
export async function* follow(following: Following): AsyncGenerator<readonly WatchItem[]> {
  const { log, alarm, isChosen, from, signal, heartbeatMs = HEARTBEAT_MS } = following;
  const begin = typeof from === 'number' ? from : yield* from;
  if (begin === undefined) return;
  if (begin === from) yield [{ type: 'heartbeat', revision: begin }];
  let position = begin;
  const waiter = alarm.waiter(signal);
  let spoke = performance.now();
  while (!signal.aborted) {
    const { items, upTo } = log.after(position);
    position = upTo;
    const chosen = items.filter(({ event }) => isChosen(event));
    const silentMs = performance.now() - spoke;
    if (chosen.length > 0) {
      yield chosen;
      spoke = performance.now();
    } else if (silentMs >= heartbeatMs) {
      yield [{ type: 'heartbeat', revision: position }];
      spoke = performance.now();
    } else if (position < log.revision()) {
      await nextTurn();
    } else {
      await waiter.newerThan(position, heartbeatMs - silentMs);
    }
  }
}

/** Rejects what cannot be resumed after: a watcher would wait for revisions that were never there, and miss those that are. */
export function requireRevision(afterRevision: number, newest: number): void {
  if (afterRevision <= newest) return;
  throw new DomainError(
    'REVISION_AHEAD',
    `Revision ${afterRevision} is newer than the newest, ${newest}: the database is another one than before. Read everything anew.`,
    { metadata: { afterRevision: String(afterRevision), newest: String(newest) } },
  );
}

/** Events after that revision have left the log for archive files: a watcher would miss them. */
export function resumeTooOld(afterRevision: number, archivedThrough: number): DomainError {
  return new DomainError(
    'REVISION_ARCHIVED',
    `Events after revision ${afterRevision} are in archive files, up to ${archivedThrough}: read everything anew, by ` +
      'watching with a snapshot.',
    { metadata: { afterRevision: String(afterRevision), archivedThrough: String(archivedThrough) } },
  );
}
