/** `virtual_server_group NAME { … }`: addresses, ranges of addresses, and firewall marks. */
import { type Family, familyOfAddress } from '../../domain/keys.js';
import { expandRange } from '../address-range.js';
import type { Ledger } from '../ledger.js';
import { parsePort, parseUnsigned } from '../numbers.js';
import type { Directive } from '../result.js';

export type GroupEntry =
  | { readonly from: Directive; readonly address: string; readonly port: number }
  | { readonly from: Directive; readonly fwmark: number; readonly family: Family | undefined };

export interface Group {
  readonly from: Directive;
  readonly name: string;
  readonly entries: readonly GroupEntry[];
  readonly families: ReadonlySet<Family>;
}

const MAX_U32 = 0xffffffff;

/** The group, or undefined when keepalived would leave it out; the reason is in the ledger then. */
export function readGroup(from: Directive, ledger: Ledger): Group | undefined {
  const name = from.words[1];
  if (name === undefined || from.block === null) {
    ledger.name(from, 'error', 'A virtual_server_group needs a name and a block.');
    return undefined;
  }
  ledger.take(from);
  const entries = from.block.flatMap((directive) => readEntry(directive, ledger));
  const families = new Set(entries.flatMap((entry) => familyOf(entry) ?? []));
  if (entries.length === 0) {
    ledger.name(from, 'error', 'The group has no entry that can be used.');
    return undefined;
  }
  const isOpen = entries.some((entry) => familyOf(entry) === undefined);
  if (families.size === 2 && isOpen) {
    ledger.name(
      from,
      'error',
      'A group with IPv4, IPv6 and a firewall mark without family is left out by keepalived: add inet or inet6.',
    );
    return undefined;
  }
  return { from, name, entries, families };
}

function familyOf(entry: GroupEntry): Family | undefined {
  return 'address' in entry ? familyOfAddress(entry.address) : entry.family;
}

function readEntry(directive: Directive, ledger: Ledger): GroupEntry[] {
  const entries = directive.words[0] === 'fwmark' ? readMark(directive) : readAddresses(directive);
  if (typeof entries === 'string') {
    ledger.name(directive, 'error', entries);
    return [];
  }
  ledger.take(directive);
  for (const inner of directive.block ?? []) ledger.name(inner, 'error', 'An entry of a group has no block.');
  return entries;
}

const FAMILY_WORDS: Readonly<Record<string, Family>> = { inet: 'ipv4', inet6: 'ipv6' };

function readMark(from: Directive): GroupEntry[] | string {
  const [, mark, word] = from.words;
  const fwmark = parseUnsigned(mark, 1, MAX_U32);
  if (fwmark === undefined) return `"${mark ?? ''}" is not a firewall mark: 1 to ${MAX_U32}.`;
  if (word === undefined) return [{ from, fwmark, family: undefined }];
  const family = Object.hasOwn(FAMILY_WORDS, word) ? FAMILY_WORDS[word] : undefined;
  return family ? [{ from, fwmark, family }] : `"${word}" is not a family: inet or inet6.`;
}

function readAddresses(from: Directive): GroupEntry[] | string {
  const [text = '', portText] = from.words;
  const port = portText === undefined ? 0 : parsePort(portText);
  if (port === undefined) return `"${portText}" is not a port.`;
  const addresses = expandRange(text);
  return typeof addresses === 'string' ? addresses : addresses.map((address) => ({ from, address, port }));
}
