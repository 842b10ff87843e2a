/** The rules of our chains, in the very words in which iptables-save(8) prints them. Pure. */
import { canonicalAddress } from '../../../domain/address.js';
import { type Family, type Frontend, frontendKey, isFwmark, type Protocol } from '../../../domain/keys.js';
import { CHAIN, MARK_MASK, markOf, type PoolAddresses, poolOfMark, setName } from './pools.js';

/** What our rules are made from. */
export interface RulePlan {
  /** Every pool in use, by number. */
  readonly pools: ReadonlyMap<number, PoolAddresses>;
  /** Numbers of the pools that have a set. */
  readonly sets: readonly number[];
  /** Frontends with a rule of their own, and the numbers of their pools. */
  readonly single: ReadonlyMap<string, SingleRule>;
}

export interface SingleRule {
  readonly frontend: Frontend;
  readonly pool: number;
}

/**
 * Rules of others that lead to our chains. Only packets of new connections take that way. In mangle, INPUT and OUTPUT are
 * where IPVS takes its packets from; we stand behind the rules that mark packets there, and before those that translate
 * sources in nat.
 */
export const JUMPS = {
  mangle: ['INPUT', 'OUTPUT'].map((chain) => `-A ${chain} -m conntrack --ctstate NEW -j ${CHAIN}`),
  nat: [`-A POSTROUTING -j ${CHAIN}`],
} as const;

/**
 * Marks the connections of fullnat frontends with their pool. The last rule that matches wins, and IPVS looks for a service
 * the other way round: by firewall mark, by port, then any port.
 */
export function mangleRules(family: Family, { sets, single }: RulePlan): string[] {
  const ordered = [...single].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, rule]) => rule);
  const anyPort = ordered.filter(({ frontend }) => !isFwmark(frontend));
  const marks = ordered.filter(({ frontend }) => isFwmark(frontend));
  return [
    ...anyPort.map(singleRule),
    ...[...sets].sort((one, other) => one - other).map((pool) => setRule(family, pool)),
    ...marks.map(singleRule),
  ];
}

export function setRule(family: Family, pool: number): string {
  return `-A ${CHAIN} -m set --match-set ${setName(family, pool)} dst,dst ${connmark(pool)}`;
}

/** Translates the sources of marked connections that IPVS masquerades; those of a pool in turn. */
export function natRules(pools: RulePlan['pools']): string[] {
  return [...pools]
    .sort(([one], [other]) => one - other)
    .flatMap(([pool, addresses]) => poolRules(pool, addresses));
}

function poolRules(pool: number, addresses: PoolAddresses): string[] {
  const match = `-A ${CHAIN} -m connmark --mark ${markOf(pool)}/${MARK_MASK} -m ipvs --vmethod MASQ`;
  if (addresses === null) return [`${match} -j MASQUERADE`];
  return addresses.map((address, index) => {
    const left = addresses.length - index;
    const turn = left === 1 ? '' : ` -m statistic --mode nth --every ${left} --packet 0`;
    return `${match}${turn} -j SNAT --to-source ${address}`;
  });
}

function singleRule({ frontend, pool }: SingleRule): string {
  if (isFwmark(frontend)) {
    return `-A ${CHAIN} -m mark --mark 0x${frontend.fwmark.toString(16)} ${connmark(pool)}`;
  }
  const { address, protocol } = frontend;
  const length = address.includes(':') ? 128 : 32;
  return `-A ${CHAIN} -d ${address}/${length} -p ${protocol} ${connmark(pool)}`;
}

function connmark(pool: number): string {
  return `-j CONNMARK --set-xmark ${markOf(pool)}/${MARK_MASK}`;
}

const CONNMARK = `-j CONNMARK --set-xmark (0x[0-9a-f]+)/${MARK_MASK}$`;
const FWMARK_RULE = new RegExp(`^-A ${CHAIN} -m mark --mark (0x[0-9a-f]+) ${CONNMARK}`);
const ANY_PORT_RULE = new RegExp(`^-A ${CHAIN} -d ([0-9a-f.:]+)/(?:32|128) -p (tcp|udp|sctp) ${CONNMARK}`);
const POOL_RULE = new RegExp(
  `^-A ${CHAIN} -m connmark --mark (0x[0-9a-f]+)/${MARK_MASK} -m ipvs --vmethod MASQ ` +
    '(?:-m statistic \\S.* )?-j (?:MASQUERADE|SNAT --to-source ([0-9a-f.:]+))$',
);

/** Frontends that have rules of their own in the chain of mangle. Other rules are left out. */
export function parseSingleRules(rules: readonly string[], family: Family): Map<string, SingleRule> {
  const found = new Map<string, SingleRule>();
  for (const rule of rules) {
    const single = parseSingleRule(rule, family);
    if (single) found.set(frontendKey(single.frontend), single);
  }
  return found;
}

function parseSingleRule(rule: string, family: Family): SingleRule | null {
  const [, fwmark, mark] = FWMARK_RULE.exec(rule) ?? [];
  if (fwmark && mark) return { frontend: { fwmark: Number(fwmark), family }, pool: poolOfMark(mark) };
  const [, text, protocol, pool] = ANY_PORT_RULE.exec(rule) ?? [];
  const address = canonicalAddress(text ?? '');
  if (!address || !pool) return null;
  return { frontend: { protocol: protocol as Protocol, address, port: 0 }, pool: poolOfMark(pool) };
}

/** The pools that the chain of nat translates to. Rules that no pool has are left out. */
export function parsePools(rules: readonly string[]): Map<number, PoolAddresses> {
  const found = new Map<number, PoolAddresses>();
  for (const rule of rules) {
    const [, mark, address] = POOL_RULE.exec(rule) ?? [];
    if (!mark) continue;
    const pool = poolOfMark(mark);
    found.set(pool, address === undefined ? null : [...(found.get(pool) ?? []), address]);
  }
  for (const [pool, addresses] of found) {
    if (!poolRules(pool, addresses).every((rule) => rules.includes(rule))) found.delete(pool);
  }
  return found;
}
