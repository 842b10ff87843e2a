import { setImmediate as nextTurn } from 'node:timers/promises';
import { beginStretch, type Clock } from '../../domain/stretch.js';

/** Call it between steps of long work, with the time if you know it, and await what it gives: a pause when one is due. */
export type Pacer = (time?: number) => Promise<void> | undefined;

export function createPacer(now: Clock): Pacer {
  let stretch = beginStretch(now);

  async function pause(): Promise<void> {
    await nextTurn();
    stretch = beginStretch(now);
  }

  return (time) => (stretch.isOver(time) ? pause() : undefined);
}
