/** `--start-daemon` and `--stop-daemon`. */
import { addressBytes, canonicalAddress } from '../../domain/address.js';
import { Fault } from './fault.js';
import { limited } from './numbers.js';

export interface DaemonOptions {
  state: 'master' | 'backup';
  readonly interface: string;
  readonly syncId?: number;
  readonly group?: string;
  readonly port?: number;
  readonly ttl?: number;
  readonly maxLength?: number;
}

/** Nothing for an option that has no value to read. */
export function readDaemonOption(name: string, text: string): Partial<DaemonOptions> {
  switch (name) {
    case 'mcast-interface':
      return { interface: text === '' ? 'eth0' : text };
    case 'syncid':
      return { syncId: limited(text, [0, 255], 'illegal syncid specified') };
    case 'mcast-group':
      return { group: readGroup(text) };
    case 'mcast-port':
      return { port: limited(text, [1, 65535], 'illegal mcast-port specified') };
    case 'mcast-ttl':
      return { ttl: limited(text, [1, 255], 'illegal mcast-ttl specified') };
    case 'sync-maxlen':
      return { maxLength: limited(text, [1, 65535 - 28], 'illegal sync-maxlen specified') };
    default:
      return {};
  }
}

function readGroup(text: string): string {
  const group = canonicalAddress(text);
  if (group !== undefined && isMulticast(group)) return group;
  throw new Fault(`invalid ${text.includes(':') ? 'IPv6' : 'IPv4'} mcast-group \`${text}'`);
}

function isMulticast(address: string): boolean {
  const [first = 0] = addressBytes(address);
  return address.includes(':') ? first === 0xff : first >> 4 === 0xe;
}
