/** `real_server ADDRESS [PORT] { … }`. */
import { canonicalAddress } from '../../domain/address.js';
import { familyOfAddress } from '../../domain/keys.js';
import type { ForwardingInput } from '../../domain/schema/forwarding.js';
import type { Ledger } from '../ledger.js';
import { parsePort } from '../numbers.js';
import type { Directive } from '../result.js';
import { readForwarding } from './forwarding.js';
import { REAL_SERVER_KEYWORDS } from './keywords.js';
import { type Keyword, numberInto, readBlock } from './reader.js';
import type { VirtualServer } from './virtual-server.js';

export interface RealServer {
  readonly from: Directive;
  readonly address: string;
  /** 0: not given. */
  readonly port: number;
  /** Undefined: as the virtual server's last word says. */
  forwarding: ForwardingInput | undefined;
  /** Undefined: the virtual server's. */
  weight: number | undefined;
  upperThreshold: number;
  lowerThreshold: number;
}

const MAX_U32 = 0xffffffff;

const KEYWORDS: ReadonlyMap<string, Keyword<RealServer>> = new Map([
  ['weight', numberInto<RealServer>(0, 65535, (server, value) => { server.weight = value; })],
  ['uthreshold', numberInto<RealServer>(0, MAX_U32, (server, value) => { server.upperThreshold = value; })],
  ['lthreshold', numberInto<RealServer>(0, MAX_U32, (server, value) => { server.lowerThreshold = value; })],
  ['lvs_method', { handle: setForwarding }],
]); // biome-ignore format: a table to read

function setForwarding(server: RealServer, { words }: Directive): string | undefined {
  const { forwarding, fault } = readForwarding(words);
  if (forwarding) server.forwarding = forwarding;
  return fault;
}

/**
 * Adds the real server to its virtual server, unless the families differ (only tunnels may cross). A virtual server
 * without family takes that of its first real server without tunnel: rs_end_handler of check_parser.c.
 */
export function readRealServer(
  virtualServer: VirtualServer,
  from: Directive,
  ledger: Ledger,
): string | undefined {
  const [, text = '', portText] = from.words;
  const address = canonicalAddress(text);
  const port = portText === undefined ? 0 : parsePort(portText);
  if (address === undefined) return `"${text}" is not an address.`;
  if (port === undefined) return `"${portText}" is not a port.`;
  if (from.block === null) return 'The block of this real server is missing.';
  const server: RealServer = {
    from,
    address,
    port,
    forwarding: virtualServer.forwarding,
    weight: undefined,
    upperThreshold: 0,
    lowerThreshold: 0,
  };
  readBlock(server, from.block, { keywords: KEYWORDS, others: REAL_SERVER_KEYWORDS, ledger });
  if (server.forwarding?.method !== 'tun') {
    virtualServer.family ??= familyOfAddress(address);
    if (virtualServer.family !== familyOfAddress(address)) {
      return 'The families of virtual and real server differ, which only TUN allows: keepalived leaves it out.';
    }
  }
  virtualServer.servers.push(server);
  return undefined;
}
