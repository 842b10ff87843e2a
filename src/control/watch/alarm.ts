/** Wakes those who wait for newer events. */
import type { EventLog } from './event-log.js';

export interface Alarm {
  /** Resolves when there are events after the revision, when the time is over, or when the signal aborts. */
  newerThan(revision: number, limitMs: number, signal: AbortSignal): Promise<void>;
}

/** Writing to so many connections takes a few milliseconds; then others get a turn of the event loop. */
const WOKEN_PER_TURN = 64;

export function createAlarm(log: Pick<EventLog, 'revision' | 'onNewer'>): Alarm {
  let waiting = new Set<() => void>();
  const toWake: (() => void)[] = [];
  log.onNewer(() => {
    const isUnderWay = toWake.length > 0;
    toWake.push(...waiting);
    waiting = new Set();
    if (!isUnderWay) wakeSome();
  });

  function wakeSome(): void {
    for (const wake of toWake.splice(0, WOKEN_PER_TURN)) wake();
    if (toWake.length > 0) setImmediate(wakeSome);
  }

  return {
    newerThan(revision, limitMs, signal) {
      if (log.revision() > revision || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const limit = setTimeout(wake, limitMs);
        function wake(): void {
          clearTimeout(limit);
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        }
        waiting.add(wake);
        signal.addEventListener('abort', wake);
      });
    },
  };
}
