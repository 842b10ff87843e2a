/** Which addresses the kernel takes as a real server's: ip_vs_new_dest of net/netfilter/ipvs/ip_vs_ctl.c. */
import { addressBytes } from '../../domain/address.js';

/**
 * Whether a destination may be added at this canonical address, on a host that has none of the addresses itself.
 * `broadcasts` are the broadcast addresses of its connected subnets.
 */
export function isRealServerAddress(address: string, broadcasts: ReadonlySet<string>): boolean {
  if (broadcasts.has(address)) return false;
  const bytes = addressBytes(address);
  return bytes.length === 4 ? isUnicastIpv4(bytes) : isUnicastIpv6(bytes);
}

/** inet_addr_type (net/ipv4/fib_frontend.c) without routes. Of 0/8 only 0.0.0.0 is refused (since Linux 5.3). */
function isUnicastIpv4(bytes: readonly number[]): boolean {
  const [first = 0] = bytes;
  const isMulticast = first >= 224 && first <= 239;
  const isUnspecified = bytes.every((byte) => byte === 0);
  const isLimitedBroadcast = bytes.every((byte) => byte === 0xff);
  return !isMulticast && !isUnspecified && !isLimitedBroadcast;
}

/** __ipv6_addr_type (net/ipv6/addrconf_core.c): unspecified, multicast, link-local and v4-mapped are not taken. */
function isUnicastIpv6(bytes: readonly number[]): boolean {
  const [first = 0, second = 0] = bytes;
  const isMulticast = first === 0xff;
  const isLinkLocal = first === 0xfe && (second & 0xc0) === 0x80;
  const isUnspecified = bytes.every((byte) => byte === 0);
  const isMapped = bytes.every((byte, i) => i >= 12 || byte === (i < 10 ? 0 : 0xff));
  return !isMulticast && !isLinkLocal && !isUnspecified && !isMapped;
}
