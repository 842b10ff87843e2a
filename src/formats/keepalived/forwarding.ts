/** `lvs_method NAT|DR|TUN …` of virtual and real servers. */
import type { ForwardingInput, Tunnel } from '../../domain/schema/forwarding.js';
import { parseUnsigned } from '../numbers.js';

const METHODS: Readonly<Record<string, ForwardingInput['method']>> = { NAT: 'nat', DR: 'dr', TUN: 'tun' };
const TYPES: readonly Tunnel['type'][] = ['ipip', 'gue', 'gre'];
const CHECKSUMS: Readonly<Record<string, Tunnel['checksum']>> = {
  nocsum: 'none',
  csum: 'csum',
  remcsum: 'remcsum',
};

/**
 * keepalived sets the method before it looks at the rest: an option that it refuses leaves the method, without tunnel
 * settings. So there can be a forwarding and a fault at once.
 */
export function readForwarding(words: readonly string[]): { forwarding?: ForwardingInput; fault?: string } {
  const name = words[1] ?? '';
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  if (!method) return { fault: `"${name}" is not a forwarding method: NAT, DR or TUN.` };
  const tunnel = readTunnel(words.slice(2));
  if (typeof tunnel === 'string') return { forwarding: { method }, fault: tunnel };
  return { forwarding: method === 'tun' ? { method, tunnel } : { method } };
}

function readTunnel(options: readonly string[]): Partial<Tunnel> | string {
  let type: Tunnel['type'] = 'ipip';
  let checksum: Tunnel['checksum'] = 'none';
  let port: number | undefined;
  for (let index = 0; index < options.length; index++) {
    const option = options[index] ?? '';
    const value = options[index + 1] ?? '';
    if (option === 'type') {
      const known = TYPES.find((one) => one === value);
      if (!known) return `"${value}" is not a tunnel type: ipip, gue or gre.`;
      type = known;
      index += 1;
    } else if (option === 'port') {
      port = parseUnsigned(value, 1, 65535);
      if (port === undefined) return `"${value}" is not a port.`;
      index += 1;
    } else {
      const known = Object.hasOwn(CHECKSUMS, option) ? CHECKSUMS[option] : undefined;
      if (!known) return `"${option}" is not a tunnel option.`;
      checksum = known;
    }
  }
  if ((type === 'gue') !== (port !== undefined)) return 'A gue tunnel needs a port, others have none.';
  if (type === 'ipip' && checksum !== 'none') return 'ipip tunnels have no checksum.';
  if (type === 'gre' && checksum === 'remcsum') return 'gre tunnels have no remote checksum.';
  return { type, checksum, ...(port !== undefined && { port }) };
}
