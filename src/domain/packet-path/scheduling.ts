/** How the kernel picks a real server, in sentences. */
import { addressBytes, addressFromBytes } from '../address.js';
import { familyOfAddress } from '../keys.js';
import type { Persistence, VirtualServiceSpec } from '../schema/virtual-service.js';

/** Of Documentation/networking/ipvs-sysctl.rst and ip_vs_<scheduler>.c. */
const PICKS: Readonly<Record<VirtualServiceSpec['scheduler'], string>> = {
  rr: 'each in turn',
  wrr: 'each in turn, as often as its weight says',
  lc: 'the one with the fewest connections',
  wlc: 'the one with the fewest connections for its weight',
  lblc: 'the same for each destination address, unless it is overloaded; then the one with the fewest connections',
  lblcr: 'one of a set for each destination address, which grows under load and shrinks after it',
  dh: 'by a hash of the destination address',
  sh: 'by a hash of the client',
  sed: 'the one that would be done first: (active connections + 1) for its weight',
  nq: 'an idle one, else the one that would be done first',
  fo: 'the one with the greatest weight, as long as it is there',
  ovf: 'the one with the greatest weight, until it has as many active connections as that weight',
  mh: 'by a hash of the client (Maglev), which moves few clients when real servers change',
  twos: 'the less loaded of two picked at random',
};

export function schedulingOf(service: VirtualServiceSpec, clientAddress: string): string[] {
  const { scheduler, schedulerFlags, persistence, onePacket } = service;
  const isHash = scheduler === 'sh' || scheduler === 'mh';
  const key = schedulerFlags.some((flag) => flag.endsWith('-port'))
    ? ' (address and port)'
    : ' (its address)';
  const others = schedulerFlags.some((flag) => flag.endsWith('-fallback'))
    ? '; where that one has weight 0 or too many connections, another'
    : '';
  return [
    `Scheduler ${scheduler} picks ${PICKS[scheduler]}${isHash ? key : ''}${others}.`,
    onePacket
      ? 'One-packet scheduling: every datagram is scheduled by itself, and forgotten at once.'
      : 'All further packets of the connection go where the first one went: the director remembers client and service.',
    ...(persistence ? [persistenceText(service, persistence, clientAddress)] : []),
  ];
}

function persistenceText(
  service: VirtualServiceSpec,
  persistence: Persistence,
  clientAddress: string,
): string {
  const { engine, timeoutSeconds, prefixLength } = persistence;
  const key = engine === 'sip' ? 'Call-ID (SIP)' : `client network ${prefixOf(clientAddress, prefixLength)}`;
  return (
    `Persistence by ${key} comes before the scheduler: what was picked holds for all connections to ${reachOf(service)}, and for ` +
    `${timeoutSeconds} s after the last of them.`
  );
}

function reachOf({ fwmark, address, port }: VirtualServiceSpec): string {
  if (fwmark !== undefined) return `any address and port with mark ${fwmark}`;
  return port === 0 ? `any port of ${address}` : 'this service';
}

export function prefixOf(address: string, length: number): string {
  const bytes = addressBytes(address).map((byte, index) => {
    const bits = Math.min(8, Math.max(0, length - 8 * index));
    return byte & (0xff << (8 - bits)) & 0xff;
  });
  return `${addressFromBytes(bytes, familyOfAddress(address))}/${length}`;
}
