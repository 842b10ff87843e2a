/**
 * Long work in slices, so that the event loop has its turns in between. It is written once, as a generator that yields
 * wherever it may pause; short work runs the same generator to its end at once.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beginStretch, type Clock } from './stretch.js';

export type Slices<T> = Generator<void, T, void>;

const clock: Clock = () => performance.now();

export function* slicesOf<T>(work: T | Slices<T>): Slices<T> {
  return isSlices(work) ? yield* work : work;
}

function isSlices<T>(work: T | Slices<T>): work is Slices<T> {
  return (
    (work as { [Symbol.toStringTag]?: unknown } | null | undefined)?.[Symbol.toStringTag] === 'Generator'
  );
}

/** One slice; `done` tells whether it was the last. */
export function runSlice<Y, T>(work: Generator<Y, T, void>): IteratorResult<Y, T> {
  const stretch = beginStretch(clock);
  for (;;) {
    const step = work.next();
    if (step.done || step.value !== undefined || stretch.isOver()) return step;
  }
}

/** All of it, without a pause. */
export function atOnce<T>(work: T | Slices<T>): T {
  if (!isSlices(work)) return work;
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** All of it, with a turn of the event loop after each slice. What needs one slice only is there at once, with no promise. */
export function inTurns<T>(work: Slices<T>): T | Promise<T> {
  const step = runSlice(work);
  return step.done ? step.value : goOnInTurns(work);
}

async function goOnInTurns<T>(work: Slices<T>): Promise<T> {
  for (;;) {
    await nextTurn();
    const step = runSlice(work);
    if (step.done) return step.value;
  }
}
