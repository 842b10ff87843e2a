/** Source NAT of one address family as the kernel has it, and what it means. Pure. */
import type { SnatConfig } from '../../../domain/host-operation.js';
import { type Family, type Frontend, frontendKey } from '../../../domain/keys.js';
import { type Chains, NO_CHAIN, sameChain, wantedChain } from './chains.js';
import { hasOwnRule } from './pools.js';
import { mangleRules, natRules, parsePools, parseSingleRules, setRule } from './rules.js';
import { frontendOfMember, memberOf } from './sets.js';

export interface FamilyState {
  readonly chains: Chains;
  /** Entries of our sets by number of pool. */
  readonly sets: ReadonlyMap<number, Set<string>>;
  /** Numbers of sets with our names that are of another type. */
  readonly strangeSets: readonly number[];
}

export const NOTHING: FamilyState = {
  chains: { mangle: NO_CHAIN, nat: NO_CHAIN },
  sets: new Map(),
  strangeSets: [],
};

/** Whether there is nothing of ours at all. */
export function isNothing({ chains, sets, strangeSets }: FamilyState): boolean {
  const { mangle, nat } = chains;
  const parts = [...mangle.jumps, ...nat.jumps, ...sets.keys(), ...strangeSets];
  return !mangle.exists && !nat.exists && parts.length === 0;
}

/** Numbers of the pools that a frontend is in: one, when all is well. */
export function poolsOf(
  frontend: Frontend,
  { sets }: FamilyState,
  single: ReturnType<typeof parseSingleRules>,
) {
  if (!hasOwnRule(frontend)) {
    const member = 'address' in frontend ? memberOf(frontend) : '';
    return [...sets].filter(([, members]) => members.has(member)).map(([pool]) => pool);
  }
  const rule = single.get(frontendKey(frontend));
  return rule ? [rule.pool] : [];
}

/**
 * Source NAT by frontend. A frontend that is held in part only (its set is not asked, its pool has no rules, or something
 * else stands in our chains) has a pool without addresses: no connection of it can be relied on to be translated.
 */
export function configsOf(family: Family, state: FamilyState): Map<string, SnatConfig> {
  const { mangle, nat } = state.chains;
  const pools = parsePools(nat.rules);
  const single = parseSingleRules(mangle.rules, family);
  const sets = [...state.sets.keys()].filter((pool) => mangle.rules.includes(setRule(family, pool)));
  const areChainsWhole =
    sameChain(mangle, wantedChain('mangle', mangleRules(family, { pools, sets, single }))) &&
    sameChain(nat, wantedChain('nat', natRules(pools)));

  const found = new Map<string, SnatConfig>();
  function note(frontend: Frontend, pool: number, isAsked: boolean): void {
    const key = frontendKey(frontend);
    const addresses = areChainsWhole && isAsked && !found.has(key) ? pools.get(pool) : undefined;
    found.set(key, { addresses: addresses === undefined ? [] : addresses });
  }
  for (const { frontend, pool } of single.values()) note(frontend, pool, true);
  for (const [pool, members] of state.sets) {
    for (const member of members) {
      const frontend = frontendOfMember(member);
      if (frontend) note(frontend, pool, sets.includes(pool));
    }
  }
  return found;
}
