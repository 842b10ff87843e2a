import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.js';

/** Work that goes on until it is told to end. */
export interface Session {
  readonly random: Random;
  /** Mean pause after each piece of work; 0: none. */
  pauseMs: number;
  readonly over: AbortSignal;
}

/** Repeats work with pauses of random length; what falls behind is not caught up with. */
export async function repeat(session: Session, work: () => Promise<void>): Promise<void> {
  while (!session.over.aborted) {
    await work();
    await sleep(session.pauseMs * (0.5 + session.random(1000) / 1000));
  }
}
