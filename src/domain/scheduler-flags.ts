/** IP_VS_SVC_F_SCHED1 and 2 have names with the schedulers sh and mh only (linux/ip_vs.h). */
import type { SCHEDULER_FLAGS } from './schema/virtual-service.js';

export type SchedulerFlag = (typeof SCHEDULER_FLAGS)[number];

const MEANINGS: Readonly<Record<string, { readonly fallback: SchedulerFlag; readonly port: SchedulerFlag }>> =
  {
    sh: { fallback: 'sh-fallback', port: 'sh-port' },
    mh: { fallback: 'mh-fallback', port: 'mh-port' },
  };

/** What `flag-1`, `sh-port` and the like mean with this scheduler; undefined when it has no such flag. */
export function schedulerFlag(word: string, scheduler: string): SchedulerFlag | undefined {
  const meaning = Object.hasOwn(MEANINGS, scheduler) ? MEANINGS[scheduler] : undefined;
  if (!meaning) return undefined;
  if (word === 'flag-1' || word === meaning.fallback) return meaning.fallback;
  if (word === 'flag-2' || word === meaning.port) return meaning.port;
  return undefined;
}
