/** Wakes those who wait for newer events. */
import type { EventLog } from './event-log.js';

/** Of one watcher. */
export interface Waiter {
  /** Resolves when there are events after the revision, when the time is about over, or when the watcher's signal aborts. */
  newerThan(revision: number, limitMs: number): Promise<void>;
}

export interface Alarm {
  waiter(signal: AbortSignal): Waiter;
}

/** Writing to so many connections takes a few milliseconds; then others get a turn of the event loop. */
const WOKEN_PER_TURN = 64;

/** How late a time that is over may be noticed: one clock for all costs less than a timer for each. */
const TICK_MS = 500;

interface Waiting {
  readonly deadline: number;
  readonly wake: () => void;
}

export function createAlarm(log: Pick<EventLog, 'revision' | 'onNewer'>): Alarm {
  let waiting = new Set<Waiting>();
  const toWake: Waiting[] = [];
  let clock: NodeJS.Timeout | undefined;

  log.onNewer(() => {
    const isUnderWay = toWake.length > 0;
    toWake.push(...waiting);
    waiting = new Set();
    if (!isUnderWay) wakeSome();
  });

  function wakeSome(): void {
    for (const { wake } of toWake.splice(0, WOKEN_PER_TURN)) wake();
    if (toWake.length > 0) setImmediate(wakeSome);
  }

  function tick(): void {
    const now = performance.now();
    for (const one of waiting) {
      if (one.deadline > now) continue;
      waiting.delete(one);
      one.wake();
    }
    if (waiting.size > 0) return;
    clearInterval(clock);
    clock = undefined;
  }

  return {
    waiter(signal) {
      let current: Waiting | undefined;
      signal.addEventListener('abort', () => {
        if (current === undefined) return;
        waiting.delete(current);
        current.wake();
      });
      return {
        newerThan(revision, limitMs) {
          if (log.revision() > revision || signal.aborted) return Promise.resolve();
          return new Promise((resolve) => {
            current = { deadline: performance.now() + limitMs, wake: resolve };
            waiting.add(current);
            clock ??= setInterval(tick, TICK_MS);
          });
        },
      };
    },
  };
}
