import { setImmediate as nextTurn } from 'node:timers/promises';

/** Longest stretch of work, in milliseconds, before the event loop gets its turn. */
const SLICE_MS = 10;

/**
 * Call it between steps of long work and await what it gives: a pause when one is due. Give it the time if you have just
 * looked: where the clock is a system call, a look costs as much as thirty requests.
 */
export type Pacer = (time?: number) => Promise<void> | undefined;

/** Milliseconds since some moment, as `performance.now` gives them. */
export type Clock = () => number;

export function createPacer(now: Clock): Pacer {
  let sliceStart = now();

  async function pause(): Promise<void> {
    await nextTurn();
    sliceStart = now();
  }

  return (time = now()) => (time - sliceStart < SLICE_MS ? undefined : pause());
}
