/** Reads that take milliseconds have a turn of the event loop each, so that what takes less is not behind all of them. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Items that are read and presented in about a millisecond. */
const SHORT = 50;

let last: Promise<void> = Promise.resolve();

/** Await it before a read of so many items. */
export function turnFor(items: number): Promise<void> | undefined {
  if (items <= SHORT) return undefined;
  last = last.then(() => nextTurn());
  return last;
}
