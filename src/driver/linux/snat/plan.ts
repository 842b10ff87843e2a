/** From the source NAT that there is to the one that is wanted. Pure. */
import { type Family, type Frontend, frontendKey } from '../../../domain/keys.js';
import { type Chains, restoreBlock, wantedChain } from './chains.js';
import { hasOwnRule, POOL_NUMBER_MAX, type PoolAddresses, samePool } from './pools.js';
import { mangleRules, natRules, parsePools, parseSingleRules } from './rules.js';
import { addMember, createSet, deleteMember, destroySet, memberOf } from './sets.js';
import { type FamilyState, poolsOf } from './state.js';

/** What is to become of one frontend; without addresses (undefined) it is to have no source NAT. */
export interface Change {
  readonly frontend: Frontend;
  readonly addresses: PoolAddresses | undefined;
}

/** Text for the programs, in the order in which it takes effect without a gap; empty text is no work. */
export interface Plan {
  /** For `ipset restore`: what is new. */
  readonly grow: string;
  /** For `iptables-restore --noflush`. */
  readonly rules: string;
  /** For `ipset restore`: what goes. */
  readonly shrink: string;
  /** The state when all of it is done. Calling it ends the life of the one that was planned from. */
  readonly after: () => FamilyState;
}

/** More pools than the bits of the connection mark can tell apart. */
export class TooManyPoolsError extends Error {
  constructor() {
    super(`there can be no more than ${POOL_NUMBER_MAX} different pools of source addresses at a time`);
    this.name = 'TooManyPoolsError';
  }
}

/**
 * New entries and rules come before what they replace goes, so that no new connection of a frontend meets neither. What an
 * interrupted change has left, and rules of others in our chains, go with any plan.
 */
export function planChanges(family: Family, state: FamilyState, changes: Iterable<Change>): Plan {
  const pools = parsePools(state.chains.nat.rules);
  const single = parseSingleRules(state.chains.mangle.rules, family);
  const sizes = new Map([...state.sets].map(([pool, members]) => [pool, members.size]));
  const numbers = createNumbers([...pools.keys(), ...sizes.keys(), ...state.strangeSets]);
  const added: Entry[] = [];
  const deleted: Entry[] = [];

  for (const { frontend, addresses } of changes) {
    const before = poolsOf(frontend, state, single);
    const target = addresses === undefined ? undefined : numberOf(addresses);
    if (hasOwnRule(frontend)) {
      const key = frontendKey(frontend);
      if (target === undefined) single.delete(key);
      else single.set(key, { frontend, pool: target });
    } else if ('address' in frontend) {
      const member = memberOf(frontend);
      for (const pool of before) if (pool !== target) count(deleted, { pool, member }, -1);
      if (target !== undefined && !before.includes(target)) count(added, { pool: target, member }, 1);
    }
  }

  function numberOf(addresses: PoolAddresses): number {
    for (const [pool, known] of pools) if (samePool(known, addresses)) return pool;
    const pool = numbers.next();
    pools.set(pool, addresses);
    return pool;
  }

  function count(list: Entry[], entry: Entry, difference: 1 | -1): void {
    list.push(entry);
    sizes.set(entry.pool, (sizes.get(entry.pool) ?? 0) + difference);
  }

  const filled = [...sizes].filter(([, size]) => size > 0).map(([pool]) => pool);
  const empty = [...sizes].filter(([, size]) => size === 0).map(([pool]) => pool);
  const sets = filled.filter((pool) => pools.has(pool));
  const used = new Set([...sets, ...[...single.values()].map(({ pool }) => pool)]);
  const kept = new Map([...pools].filter(([pool]) => used.has(pool)));
  const wanted: Chains = {
    mangle: wantedChain('mangle', mangleRules(family, { pools: kept, sets, single })),
    nat: wantedChain('nat', natRules(kept)),
  };
  const gone = new Set(empty.filter((pool) => state.sets.has(pool)));
  return {
    grow: lines([
      ...filled.filter((pool) => !state.sets.has(pool)).map((pool) => createSet(family, pool)),
      ...added
        .filter(({ pool }) => !empty.includes(pool))
        .map(({ pool, member }) => addMember(family, pool, member)),
    ]),
    rules: restoreText(state.chains, wanted, natRules(pools)),
    shrink: lines([
      ...deleted
        .filter(({ pool }) => !gone.has(pool))
        .map(({ pool, member }) => deleteMember(family, pool, member)),
      ...[...gone, ...state.strangeSets].map((pool) => destroySet(family, pool)),
    ]),
    after() {
      const members = new Map(state.sets);
      for (const { pool, member } of added) members.set(pool, (members.get(pool) ?? new Set()).add(member));
      for (const { pool, member } of deleted) members.get(pool)?.delete(member);
      for (const pool of empty) members.delete(pool);
      return { chains: wanted, sets: members, strangeSets: [] };
    },
  };
}

interface Entry {
  readonly pool: number;
  readonly member: string;
}

/** Numbers that nothing has, neither before nor after: connections on their way carry the old ones. */
function createNumbers(taken: Iterable<number>): { next(): number } {
  const used = new Set(taken);
  return {
    next() {
      for (let number = 1; number <= POOL_NUMBER_MAX; number++) {
        if (used.has(number)) continue;
        used.add(number);
        return number;
      }
      throw new TooManyPoolsError();
    },
  };
}

/** Nothing is marked for a pool that nat does not know: nat grows first and shrinks last. */
function restoreText(found: Chains, wanted: Chains, grownNat: readonly string[]): string {
  const grown = wantedChain('nat', grownNat);
  return [
    restoreBlock('nat', { from: found.nat, to: grown }),
    restoreBlock('mangle', { from: found.mangle, to: wanted.mangle }),
    restoreBlock('nat', { from: grown, to: wanted.nat }),
  ].join('');
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
