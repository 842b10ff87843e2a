/** `persistence_granularity MASK`: a dotted mask for IPv4, a prefix length for IPv6. */
import { canonicalAddress } from '../../domain/address.js';
import { prefixLengthOfMask } from '../../domain/netmask.js';
import type { Ledger } from '../ledger.js';
import { parseUnsigned, TOOLS_PERSISTENCE_SECONDS } from '../numbers.js';
import type { Directive } from '../result.js';
import type { VirtualServer } from './virtual-server.js';

/** Turns persistence on, and gives a virtual server without family that of the mask: pgr_handler of check_parser.c. */
export function readGranularity(server: VirtualServer, from: Directive, ledger: Ledger): string | undefined {
  const text = from.words[1] ?? '';
  const family = server.family ?? (text.includes('.') ? 'ipv4' : 'ipv6');
  const isMask =
    family === 'ipv4' ? canonicalAddress(text)?.includes('.') : parseUnsigned(text, 1, 128) !== undefined;
  if (!isMask)
    return `"${text}" is not ${family === 'ipv4' ? 'a mask such as 255.255.255.0' : 'a prefix length'}.`;
  server.family = family;
  server.timeoutSeconds ??= TOOLS_PERSISTENCE_SECONDS;
  const prefixLength = family === 'ipv4' ? prefixLengthOfMask(text) : Number(text);
  if (prefixLength === undefined) {
    ledger.name(from, 'unsupported', `${text} is not a mask of leading ones: each client counts by itself.`);
  } else {
    server.prefixLength = prefixLength;
  }
  return undefined;
}
