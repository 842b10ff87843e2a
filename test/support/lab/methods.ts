/**
 * The forwarding methods: what the definition says of each, and what an observer sees of it in a network where nothing else
 * is known. Flows are those at the director, in the words of `flows.ts`.
 */
import type { ForwardingInput } from '../../../src/domain/schema/forwarding.js';
import { RIP_PORT, VIP_PORT } from './servers.js';

export interface Method {
  readonly name: string;
  readonly title: string;
  readonly forwarding: ForwardingInput;
  /** The real servers' port. */
  readonly port: number;
  /** Whom the real server takes for its peer. */
  readonly peer: 'CIP' | 'DIP';
  /** The address under which the real server is asked. */
  readonly asked: 'VIP' | 'RIP';
  /** Every flow that passes the director. */
  readonly flows: readonly string[];
}

const REQUEST = 'in CIP > VIP:80';

/** Real servers answer through the director, which puts the VIP back. */
const nat: Method = {
  name: 'nat',
  title: 'nat',
  forwarding: { method: 'nat' },
  port: RIP_PORT,
  peer: 'CIP',
  asked: 'RIP',
  flows: [REQUEST, 'in RIP:8080 > CIP', 'out CIP > RIP:8080', 'out VIP:80 > CIP'],
};

/** The packet goes on as it came, to the MAC address of the real server, which answers by itself. */
const dr: Method = {
  name: 'dr',
  title: 'dr',
  forwarding: { method: 'dr' },
  port: VIP_PORT,
  peer: 'CIP',
  asked: 'VIP',
  flows: [REQUEST, 'out CIP > VIP:80'],
};

/** The packet goes on as it came, within another. */
function tun(type: 'ipip' | 'gre'): Method {
  return {
    ...dr,
    name: type,
    title: `tun (${type})`,
    forwarding: { method: 'tun', tunnel: { type } },
    flows: [REQUEST, `out DIP > RIP ${type} [CIP > VIP:80]`],
  };
}

const gue: Method = {
  ...dr,
  name: 'gue',
  title: 'tun (gue)',
  forwarding: { method: 'tun', tunnel: { type: 'gue', port: 6080 } },
  flows: [REQUEST, 'out DIP > RIP:6080 gue [CIP > VIP:80]'],
};

/** As nat, and the director puts itself in the client's place: the real server needs no route to the client. */
const fullnat: Method = {
  ...nat,
  name: 'fullnat',
  title: 'fullnat, without a route from the real servers to the client',
  forwarding: { method: 'fullnat' },
  peer: 'DIP',
  flows: [REQUEST, 'in RIP:8080 > DIP', 'out DIP > RIP:8080', 'out VIP:80 > CIP'],
};

export const METHODS: readonly Method[] = [nat, dr, tun('ipip'), gue, tun('gre'), fullnat];
