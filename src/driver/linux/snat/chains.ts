/** Our chains among those of others: what iptables-save(8) shows of them, and what iptables-restore(8) makes of them. Pure. */
import { CHAIN } from './pools.js';
import { JUMPS } from './rules.js';

export type TableName = 'mangle' | 'nat';

/** Our chain in one table. */
export interface Chain {
  readonly exists: boolean;
  /** As saved, in their order. */
  readonly rules: readonly string[];
  /** Rules of other chains that lead to ours, as saved. */
  readonly jumps: readonly string[];
}

export type Chains = { readonly [table in TableName]: Chain };

export const NO_CHAIN: Chain = { exists: false, rules: [], jumps: [] };

const LEADS_HERE = new RegExp(` -[jg] ${CHAIN}$`);

export function parseSaved(saved: string): Chains {
  const found = { mangle: { ...NO_CHAIN }, nat: { ...NO_CHAIN } };
  const lines = new Map<string, { exists: boolean; rules: string[]; jumps: string[] }>();
  let table = '';
  for (const line of saved.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim();
    const chain = lines.get(table) ?? { exists: false, rules: [], jumps: [] };
    lines.set(table, chain);
    if (line.startsWith(`:${CHAIN} `)) chain.exists = true;
    else if (line.startsWith(`-A ${CHAIN} `)) chain.rules.push(line.trimEnd());
    else if (LEADS_HERE.test(line.trimEnd())) chain.jumps.push(line.trimEnd());
  }
  return { mangle: lines.get('mangle') ?? found.mangle, nat: lines.get('nat') ?? found.nat };
}

/** A chain that is as it should be with these rules; without rules there is none. */
export function wantedChain(table: TableName, rules: readonly string[]): Chain {
  return rules.length === 0 ? NO_CHAIN : { exists: true, rules, jumps: JUMPS[table] };
}

export function sameChain(one: Chain, other: Chain): boolean {
  return (
    one.exists === other.exists &&
    one.rules.join('\n') === other.rules.join('\n') &&
    [...one.jumps].sort().join('\n') === [...other.jumps].sort().join('\n')
  );
}

/** One table's part of the input of `iptables-restore --noflush`; nothing when the chain is as wanted. Others' rules stay. */
export function restoreBlock(table: TableName, { from, to }: { from: Chain; to: Chain }): string {
  if (sameChain(from, to)) return '';
  const lines = [
    // makes the chain, or empties it
    `:${CHAIN} - [0:0]`,
    ...to.rules,
    ...surplus(from.jumps, to.jumps).map((jump) => jump.replace(/^-A/, '-D')),
    ...surplus(to.jumps, from.jumps).map((jump) => (table === 'nat' ? jump.replace(/^-A/, '-I') : jump)),
    ...(to.exists ? [] : [`-X ${CHAIN}`]),
  ];
  return `*${table}\n${lines.join('\n')}\nCOMMIT\n`;
}

/** What the one list has more often than the other. */
function surplus(one: readonly string[], other: readonly string[]): string[] {
  const rest = [...other];
  return one.filter((item) => {
    const at = rest.indexOf(item);
    if (at === -1) return true;
    rest.splice(at, 1);
    return false;
  });
}
