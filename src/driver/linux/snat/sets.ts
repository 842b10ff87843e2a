/** The sets of fullnat frontends, in the language of ipset(8). Pure. */
import { canonicalAddress } from '../../../domain/address.js';
import type { AddressFrontend, Family, Protocol } from '../../../domain/keys.js';
import { setName, setPrefix } from './pools.js';

/** More frontends than an address has ports; the kernel grows a set as it fills. */
const MAX_ELEMENTS = 1 << 20;

/** An entry of a set: `192.0.2.10,tcp:80`. */
export function memberOf({ address, protocol, port }: AddressFrontend): string {
  return `${address},${protocol}:${port}`;
}

/** Null for an entry that no frontend has. */
export function frontendOfMember(member: string): AddressFrontend | null {
  const match = /^([0-9a-f.:]+),(tcp|udp|sctp):(\d+)$/.exec(member);
  const address = match && canonicalAddress(match[1] ?? '');
  if (!match || !address || match[3] === '0') return null;
  return { protocol: match[2] as Protocol, address, port: Number(match[3]) };
}

export function createSet(family: Family, pool: number): string {
  const inet = family === 'ipv4' ? 'inet' : 'inet6';
  return `create ${setName(family, pool)} hash:ip,port family ${inet} maxelem ${MAX_ELEMENTS}`;
}

export function destroySet(family: Family, pool: number): string {
  return `destroy ${setName(family, pool)}`;
}

export function addMember(family: Family, pool: number, member: string): string {
  return `add ${setName(family, pool)} ${member}`;
}

export function deleteMember(family: Family, pool: number, member: string): string {
  return `del ${setName(family, pool)} ${member}`;
}

/** Numbers of the pools that have a set, from the names of the host's sets. */
export function poolsWithSets(names: readonly string[], family: Family): number[] {
  const prefix = setPrefix(family);
  return names
    .filter((name) => name.startsWith(prefix) && /^[1-9]\d*$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)));
}

/** The entries of one set, from what `ipset save NAME` prints; null for a set of another type. */
export function parseSet(saved: string, family: Family): Set<string> | null {
  const lines = saved.split('\n').filter((line) => line !== '');
  const inet = family === 'ipv4' ? 'inet' : 'inet6';
  if (!lines[0]?.includes(` hash:ip,port family ${inet} `)) return null;
  return new Set(lines.slice(1).map((line) => line.split(' ')[2] ?? ''));
}
