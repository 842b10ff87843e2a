/** What a capture saw, in the field's words: `in CIP > VIP:80`, `out DIP > RIP [CIP > VIP:80]`. */
import type { Seen } from './capture.js';
import { FAMILIES, LAN, REAL_SERVERS } from './network.js';
import { GUE_PORT, type Packet } from './packet.js';
import { RIP_PORT, VIP_PORT } from './servers.js';
import type { Protocol } from './sockets.js';

const NAMES: ReadonlyMap<string, string> = new Map(
  FAMILIES.flatMap((family) => [
    [LAN[family].vip, 'VIP'],
    [LAN[family].director, 'DIP'],
    ...REAL_SERVERS.map((name): [string, string] => [LAN[family][name], 'RIP']),
  ]),
);

/** The others are chosen anew for each connection. */
const FIXED_PORTS = [VIP_PORT, RIP_PORT, GUE_PORT];

/** The different flows of a protocol, sorted. Hosts that are neither director nor real server are clients. */
export function flowsOf(seen: readonly Seen[], protocol: Protocol): string[] {
  const flows = seen
    .filter(({ packet }) => innermost(packet).protocol === protocol)
    .map(({ direction, packet }) => `${direction} ${describe(packet)}`);
  return [...new Set(flows)].sort();
}

function innermost(packet: Packet): Packet {
  return packet.inner ? innermost(packet.inner) : packet;
}

function describe({ source, destination, sourcePort, destinationPort, protocol, inner }: Packet): string {
  const flow = `${endpoint(source, sourcePort)} > ${endpoint(destination, destinationPort)}`;
  return inner ? `${flow} ${protocol} [${describe(inner)}]` : flow;
}

function endpoint(address: string, port: number): string {
  const name = NAMES.get(address) ?? 'CIP';
  return FIXED_PORTS.includes(port) ? `${name}:${port}` : name;
}
