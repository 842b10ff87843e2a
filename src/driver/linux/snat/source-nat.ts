/** Source NAT for fullnat frontends: operations in, sets and chains of the kernel out. */
import { constants } from 'node:os';
import type { HostOperation, SnatConfig } from '../../../domain/host-operation.js';
import { type Family, familyOf, frontendKey } from '../../../domain/keys.js';
import type { KernelFiles } from '../../kernel-modules.js';
import type { Verdict } from '../../wire/message.js';
import { ProgramError } from '../program.js';
import { readSets, restoreSets } from './ipset.js';
import { createIptables } from './iptables.js';
import { type Change, planChanges, TooManyPoolsError } from './plan.js';
import type { PoolAddresses } from './pools.js';
import { parsePools, parseSingleRules } from './rules.js';
import { listSetNames } from './set-names.js';
import { configsOf, type FamilyState, isNothing, poolsOf } from './state.js';

const { EEXIST, EIO, ENOENT, ENOSPC } = constants.errno;

const DONE: Verdict = { errno: 0 };

/** So many changes of a batch are refused one by one; then the parts that are left are refused as a whole. */
const REFUSALS_MAX = 8;

export type SnatOperation = Extract<HostOperation, { command: 'NEW_SNAT' | 'SET_SNAT' | 'DEL_SNAT' }>;

/** One family's part of it. Calls must follow one another. */
export interface SourceNat {
  /**
   * By frontend key. `names` lists the sets of the host, when they are needed: both families have theirs among them. Rejects
   * with `ProgramError` or `KernelUnavailableError` when the kernel cannot be asked.
   */
  read(names: () => Promise<readonly string[]>): Promise<ReadonlyMap<string, SnatConfig>>;
  /** One verdict for each operation, in order. */
  apply(operations: readonly SnatOperation[]): Promise<Verdict[]>;
}

/**
 * Between two readings the state is taken to be what the last change made of it, so that the work for a change grows with
 * the change. The first reading removes what serves no frontend: an interrupted change has left it.
 */
export function createSourceNat(family: Family, files: KernelFiles): SourceNat {
  const iptables = createIptables(family, files);
  let state: FamilyState | undefined;

  async function readState(names: () => Promise<readonly string[]> = listSetNames): Promise<FamilyState> {
    const [chains, sets] = await Promise.all([
      iptables.read(),
      names().then((list) => readSets(family, list)),
    ]);
    return { chains, ...sets };
  }

  async function carryOut(changes: Iterable<Change>): Promise<void> {
    const before = state ?? (await readState());
    const { grow, rules, shrink, after } = planChanges(family, before, changes);
    // unknown until all is done
    state = undefined;
    if (rules === '') {
      if (grow + shrink !== '') await restoreSets(grow + shrink);
    } else {
      if (grow !== '') await restoreSets(grow);
      await iptables.restore(rules);
      if (shrink !== '') await restoreSets(shrink);
    }
    state = after();
  }

  /** Why none of the changes was made; null when all were. What was half made is undone as far as the host lets it. */
  async function refusalOf(changes: readonly JudgedChange[]): Promise<Refusal | null> {
    try {
      await carryOut(changes);
      return null;
    } catch (error) {
      const refusal = asRefusal(error);
      await carryOut(changes.map(({ frontend, former }) => ({ frontend, addresses: former }))).catch(
        asRefusal,
      );
      return refusal;
    }
  }

  /**
   * Verdicts of what was refused, by frontend. The programs refuse a batch as a whole: halves tell which change was meant,
   * as long as it is not a matter of the host.
   */
  async function makeChanges(changes: readonly JudgedChange[]): Promise<Map<string, Verdict>> {
    const refused = new Map<string, Verdict>();
    let refusals = 0;
    const parts = changes.length > 0 ? [changes] : [];
    for (let part = parts.shift(); part; part = parts.shift()) {
      const refusal = await refusalOf(part);
      if (!refusal) continue;
      if (part.length > 1 && refusal.isOfOne && refusals < REFUSALS_MAX) {
        const middle = part.length >> 1;
        parts.unshift(part.slice(0, middle), part.slice(middle));
      } else {
        refusals++;
        for (const { frontend } of part) refused.set(frontendKey(frontend), refusal.verdict);
      }
    }
    return refused;
  }

  async function apply(operations: readonly SnatOperation[]): Promise<Verdict[]> {
    try {
      state ??= await readState();
    } catch (error) {
      const { verdict } = asRefusal(error);
      return operations.map(() => verdict);
    }
    const { verdicts, changes } = judge(operations, family, state);
    const refused = await makeChanges(changes);
    return operations.map(({ frontend }, index) => {
      const verdict = verdicts[index] ?? DONE;
      return verdict.errno === 0 ? (refused.get(frontendKey(frontend)) ?? verdict) : verdict;
    });
  }

  return {
    async read(names) {
      // what is not there can only have been added by us
      if (state && isNothing(state)) return new Map();
      const isFirst = state === undefined;
      state = await readState(names);
      const found = configsOf(family, state);
      if (isFirst && found.size === 0 && !isNothing(state)) await carryOut([]);
      return found;
    },
    apply: async (operations) => (operations.length === 0 ? [] : apply(operations)),
  };
}

interface JudgedChange extends Change {
  /** What the frontend had before. */
  readonly former: PoolAddresses | undefined;
}

/** What each operation finds, as if they were carried out one by one, and what they come to together. */
function judge(operations: readonly SnatOperation[], family: Family, state: FamilyState) {
  const single = parseSingleRules(state.chains.mangle.rules, family);
  const pools = parsePools(state.chains.nat.rules);
  const changes = new Map<string, JudgedChange>();
  const verdicts = operations.map((operation): Verdict => {
    const { command, frontend } = operation;
    const key = frontendKey(frontend);
    const before = poolsOf(frontend, state, single);
    const changed = changes.get(key);
    const isThere = changed ? changed.addresses !== undefined : before.length > 0;
    if (isThere === (command === 'NEW_SNAT')) return { errno: isThere ? EEXIST : ENOENT };
    const addresses = command === 'DEL_SNAT' ? undefined : operation.config.addresses;
    const [pool] = before;
    changes.set(key, { frontend, addresses, former: pool === undefined ? undefined : pools.get(pool) });
    return DONE;
  });
  return { verdicts, changes: [...changes.values()] };
}

interface Refusal {
  readonly verdict: Verdict;
  /** Whether it may be about one operation of the batch rather than about the host. */
  readonly isOfOne: boolean;
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof TooManyPoolsError) {
    return { verdict: { errno: ENOSPC, extendedAck: error.message }, isOfOne: true };
  }
  if (!(error instanceof ProgramError)) throw error;
  const { errno, message } = error;
  return { verdict: { errno, extendedAck: message }, isOfOne: errno === EIO };
}

export function familyOfOperation({ frontend }: SnatOperation): Family {
  return familyOf(frontend);
}
