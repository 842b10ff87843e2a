/** `-b`: flags by number, or by the name that a scheduler has for them. */
import { Fault } from './fault.js';

export type SchedulerFlagNumber = 'flag-1' | 'flag-2' | 'flag-3';

const NAMED: Readonly<Record<string, readonly [scheduler: string, flag: SchedulerFlagNumber]>> = {
  'sh-fallback': ['sh', 'flag-1'],
  'sh-port': ['sh', 'flag-2'],
  'mh-fallback': ['mh', 'flag-1'],
  'mh-port': ['mh', 'flag-2'],
};

/** Sorted, each once. */
export function readSchedulerFlags(text: string, scheduler: string): SchedulerFlagNumber[] {
  const flags = new Set<SchedulerFlagNumber>();
  for (const word of text.split(',').filter((one) => one !== '')) {
    if (word === 'flag-1' || word === 'flag-2' || word === 'flag-3') {
      flags.add(word);
      continue;
    }
    const named = Object.hasOwn(NAMED, word) ? NAMED[word] : undefined;
    if (!named) throw new Fault(`invalid scheduler flag \`${word}'`);
    if (named[0] !== scheduler) throw new Fault(`incompatible scheduler flag \`${word}'`);
    flags.add(named[1]);
  }
  return [...flags].sort();
}
