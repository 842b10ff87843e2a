/**
 * Calls that were turned away are audited, but a flood of them must not fill the disk: after one of a source and action,
 * the others of that minute are only counted, and when the minute is over one more event says how many there were.
 */
import type { Store, WriteContext } from '../../store/store.js';

export interface Denial {
  readonly context: WriteContext;
  /** What it was about, as far as known: a path, or "". */
  readonly resource: string;
  /** Why, in a sentence. */
  readonly detail: string;
}

export interface Denials {
  /** Resolves when the event, if there is one, is durable. */
  record(denial: Denial): Promise<void>;
}

const WINDOW_MS = 60_000;

/** Sources and actions with a minute of their own at the same time; all others share one. */
const MAX_WINDOWS = 20;

export function createDenials(store: Store): Denials {
  const leftOut = new Map<string, number>();

  function openWindow(key: string, denial: Denial): void {
    leftOut.set(key, 0);
    setTimeout(() => closeWindow(key, denial), WINDOW_MS).unref();
  }

  function closeWindow(key: string, denial: Denial): void {
    const count = leftOut.get(key) ?? 0;
    leftOut.delete(key);
    if (count === 0) return;
    const alike = key === SHARED ? 'calls of many sources or actions' : 'calls like this';
    const detail = `In one minute ${count} more ${alike} were turned away without an event of their own.`;
    append({ ...denial, detail }).catch(() => undefined); // the store is closed or broken: nothing is left to tell it to
  }

  async function append({ context, resource, detail }: Denial): Promise<void> {
    await store.write(context, (tx) => tx.record({ kind: 'auth', resource, detail }));
  }

  return {
    async record(denial) {
      const { sourceAddress, action } = denial.context;
      const own = `${sourceAddress ?? ''} ${action}`;
      const key = leftOut.has(own) || leftOut.size < MAX_WINDOWS ? own : SHARED;
      const count = leftOut.get(key);
      if (count === undefined) {
        openWindow(key, denial);
        await append(denial);
      } else {
        leftOut.set(key, count + 1);
      }
    },
  };
}

/** No own key is empty: it has a space. */
const SHARED = '';
