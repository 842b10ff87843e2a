/** `real = ADDRESS[->ADDRESS][:PORT] gate|masq|ipip [WEIGHT] ["REQUEST", "RECEIVE"] [l:N] [u:N]`. */
import { type Frontend, isFwmark } from '../../domain/keys.js';
import type { ForwardingInput } from '../../domain/schema/forwarding.js';
import { expandRange } from '../address-range.js';
import type { ReadServer } from '../definition.js';
import type { Ledger } from '../ledger.js';
import { parseEndpoint, parseUnsigned } from '../numbers.js';
import { WELL_KNOWN_PORTS } from '../well-known-ports.js';
import type { Setting } from './directives.js';

const FORWARDING: Readonly<Record<string, ForwardingInput>> = {
  gate: { method: 'dr' },
  masq: { method: 'nat' },
  ipip: { method: 'tun' },
};

const MAX_U32 = 0xffffffff;
const USAGE = 'Write ADDRESS[->ADDRESS][:PORT] gate|masq|ipip [WEIGHT] ["REQUEST", "RECEIVE"] [l:N] [u:N].';

/** The real servers of the line, or a sentence that says what is wrong with it. */
export function readReal(
  { from, value }: Setting,
  frontend: Frontend,
  ledger: Ledger,
): ReadServer[] | string {
  const [where = '', method = '', ...options] = (value ?? '').split(/\s+/);
  const forwarding = Object.hasOwn(FORWARDING, method) ? FORWARDING[method] : undefined;
  if (!forwarding) return `"${method}" is not a forwarding method: gate, masq or ipip. ${USAGE}`;
  const places = readPlaces(where);
  if (typeof places === 'string') return places;
  const limits = readOptions(options);
  if (!limits) return `"${options.join(' ')}" cannot be read. ${USAGE}`;
  if (limits.check !== '')
    ledger.note(from, limits.check, 'unsupported', 'Health checks are not taken over.');
  const port = portOf(places.port, forwarding, frontend);
  if (places.port !== 0 && port !== places.port) {
    const detail = `${forwarding.method} cannot change the port: ipvsadm takes ${port}, and so does lvsd.`;
    ledger.note(from, from.words.join(' '), 'info', detail);
  }
  const { weight, upperThreshold, lowerThreshold } = limits;
  const common = {
    port,
    weight,
    ...(upperThreshold && { upperThreshold }),
    ...(lowerThreshold && { lowerThreshold }),
  };
  return places.addresses.map((address) => ({ from, spec: { address, ...common }, forwarding }));
}

function readPlaces(where: string): { addresses: string[]; port: number } | string {
  const arrow = where.indexOf('->');
  const last = arrow === -1 ? where : where.slice(arrow + 2);
  const endpoint = parseEndpoint(last, WELL_KNOWN_PORTS);
  if (!endpoint) return `"${where}" is not an address and port: names cannot be looked up here.`;
  const port = endpoint.port ?? 0;
  if (arrow === -1) return { addresses: [endpoint.address], port };
  if (endpoint.address.includes(':')) return 'ldirectord has no ranges of IPv6 addresses.';
  const addresses = expandRange(`${where.slice(0, arrow)}-${endpoint.address}`);
  return typeof addresses === 'string' ? addresses : { addresses, port };
}

/** In this order: weight, a quoted request and answer, l:N, u:N. */
function readOptions(words: readonly string[]) {
  const rest = [...words];
  const weight = /^\d+$/.test(rest[0] ?? '') ? parseUnsigned(rest.shift(), 0, 65535) : 1;
  const upper = rest.at(-1)?.startsWith('u:') ? parseUnsigned(rest.pop()?.slice(2), 0, MAX_U32) : 0;
  const lower = rest.at(-1)?.startsWith('l:') ? parseUnsigned(rest.pop()?.slice(2), 0, MAX_U32) : 0;
  const check = rest.join(' ');
  const isCheck =
    check === '' || (check.startsWith('"') && check.endsWith('"') && check.split('"').length === 5);
  if (weight === undefined || upper === undefined || lower === undefined || !isCheck) return undefined;
  return { weight, upperThreshold: upper, lowerThreshold: lower, check };
}

/** ldirectord passes port 0 on when none is given: with masq that is the kernel's "as the client asked". */
function portOf(port: number, forwarding: ForwardingInput, frontend: Frontend): number {
  return forwarding.method === 'nat' || isFwmark(frontend) ? port : frontend.port;
}
