/**
 * The names of the host's sets, asked of the kernel itself (net/netfilter/ipset/ip_set_core.c): that takes no process,
 * which copies the page tables of who starts it.
 */
import { attributeTable, bigEndianU32, text, u8 } from '../../wire/attributes.js';
import { NETLINK_NETFILTER } from '../../wire/constants.js';
import { IPSET_ATTR, IPSET_CMD_LIST, IPSET_FLAG_LIST_SETNAME, IPSET_PROTOCOL_MIN } from '../constants.js';
import { attributesAfter, claimHeader, list, useNetlink } from '../session.js';

/** `struct nfgenmsg`. */
const HEADER_BYTES = 4;

const ATTRIBUTES = attributeTable({
  protocol: u8(IPSET_ATTR.PROTOCOL),
  name: text(IPSET_ATTR.SETNAME),
  flags: bigEndianU32(IPSET_ATTR.FLAGS),
});

/** Of all sets, whoever made them. Rejects with `KernelUnavailableError`. */
export function listSetNames(): Promise<string[]> {
  return useNetlink({ name: 'ip_set', protocol: NETLINK_NETFILTER }, (session) =>
    list(session, {
      type: IPSET_CMD_LIST,
      encode(writer) {
        claimHeader(writer, HEADER_BYTES);
        ATTRIBUTES.encode(writer, { protocol: IPSET_PROTOCOL_MIN, flags: IPSET_FLAG_LIST_SETNAME });
      },
      decode(message) {
        const start = attributesAfter(message, HEADER_BYTES);
        return ATTRIBUTES.decode(message.source, start, message.end).name ?? null;
      },
    }),
  );
}
