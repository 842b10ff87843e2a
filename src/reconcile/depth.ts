import type { Depth } from './look.js';
import type { Trigger } from './pass.js';

/** In which time every attribute of every entry is compared, unless passes are to be further apart. */
const DEEP_WITHIN_MS = 60_000;

/**
 * How deep each pass is to look: at every second one that comes by itself a quick look will do, when the next is sure to come
 * in time; all others are deep.
 */
export function createDepths({ intervalMs, now }: { intervalMs: number; now: () => number }): {
  next(pass: { trigger: Trigger; isSynced: boolean }): Depth;
} {
  /** When the last pass began, if it was deep. */
  let deepSince: number | undefined;
  return {
    next({ trigger, isSynced }) {
      const begins = now();
      const isInTime = deepSince !== undefined && begins + intervalMs <= deepSince + DEEP_WITHIN_MS;
      const isQuick = trigger === 'interval' && isSynced && isInTime;
      deepSince = isQuick ? undefined : begins;
      return isQuick ? 'quick' : 'deep';
    },
  };
}
