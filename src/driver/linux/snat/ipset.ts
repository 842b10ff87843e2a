/** The sets of fullnat frontends in the kernel. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Family } from '../../../domain/keys.js';
import { ProgramError, runProgram } from '../program.js';
import { setName } from './pools.js';
import { parseSet, poolsWithSets } from './sets.js';
import type { FamilyState } from './state.js';

/** nf_tables lets go of a set some time after the rule that used it is gone. */
const IN_USE_RETRIES = 10;
const IN_USE_WAIT_MS = 100;

/** Our sets among these names, with their entries. */
export async function readSets(
  family: Family,
  names: readonly string[],
): Promise<Pick<FamilyState, 'sets' | 'strangeSets'>> {
  const sets = new Map<number, Set<string>>();
  const strangeSets: number[] = [];
  for (const pool of poolsWithSets(names, family)) {
    const members = parseSet(await runProgram('ipset', ['save', setName(family, pool)]), family);
    if (members) sets.set(pool, members);
    else strangeSets.push(pool);
  }
  return { sets, strangeSets };
}

/** Takes the input of `ipset restore`. What is as wanted already is no failure. Throws `ProgramError`. */
export async function restoreSets(text: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await runProgram('ipset', ['restore', '-exist'], text);
      return;
    } catch (error) {
      const isInUse = error instanceof ProgramError && error.output.includes('in use by a kernel component');
      if (!isInUse || attempt === IN_USE_RETRIES) throw error;
      await sleep(IN_USE_WAIT_MS);
    }
  }
}
