/** Tells listeners about new revisions: at once for our own commits, by a cheap poll for those of other processes. */
import type { Database } from 'better-sqlite3';

export interface CommitListeners {
  add(listener: (revision: number) => void): () => void;
  /** Calls the listeners when `revision` is newer than what they last heard. */
  announce(revision: number): void;
  stop(): void;
}

export function createCommitListeners(db: Database, readRevision: () => number): CommitListeners {
  const listeners = new Set<(revision: number) => void>();
  const dataVersion = db.prepare<[], number>('PRAGMA data_version').pluck();
  let seenVersion = dataVersion.get();
  let announced = readRevision();

  function announce(revision: number): void {
    if (revision <= announced) return;
    announced = revision;
    for (const listener of listeners) listener(revision);
  }

  function revisionFromElsewhere(): number {
    try {
      const version = dataVersion.get(); // changes only when another connection commits
      if (version === seenVersion) return announced;
      const revision = readRevision();
      seenVersion = version;
      return revision;
    } catch {
      return announced; // whoever reads or writes next hears of the failure; here the next poll tries again
    }
  }

  const poll = setInterval(() => announce(revisionFromElsewhere()), POLL_MS);
  poll.unref();

  return {
    add(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    announce,
    stop: () => clearInterval(poll),
  };
}

const POLL_MS = 500;
