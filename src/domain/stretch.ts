/**
 * How long work goes on before the event loop has its turn, without a look at the clock after each of its steps: where the
 * clock is a system call (user-mode-linux, virtual machines without a clock of the processor's), a look takes longer than most steps.
 */

/** Milliseconds since some moment, as `performance.now` gives them. */
export type Clock = () => number;

/** How long the event loop may wait. */
const STRETCH_MS = 10;

/** Steps between two looks grow while they take less than this together. */
const LOOK_MS = 1;

/** Bounds what steps may take that are suddenly longer. */
const STEPS_MAX = 32;

export interface Stretch {
  /** Call it after each step, with the time if you know it. */
  isOver(time?: number): boolean;
}

export function beginStretch(now: Clock): Stretch {
  let looked = now();
  const end = looked + STRETCH_MS;
  let stepsPerLook = 1;
  let steps = 0;

  function look(): number {
    const time = now();
    const taken = time - looked;
    if (taken < LOOK_MS) stepsPerLook = Math.min(stepsPerLook * 2, STEPS_MAX);
    else if (taken > 2 * LOOK_MS) stepsPerLook = 1;
    looked = time;
    steps = 0;
    return time;
  }

  return {
    isOver(time) {
      if (time !== undefined) return time >= end;
      steps += 1;
      return steps >= stepsPerLook && look() >= end;
    },
  };
}
