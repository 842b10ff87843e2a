/** Which entries of the table a connection belongs to, and whether it is one that somebody asks for. */
import { addressBytes, canonicalAddress } from './address.js';
import type { Connection } from './director-operation.js';
import { type Violation, violationError } from './errors.js';
import { type Backend, destinationKey, endpoint, type Frontend, isFwmark } from './keys.js';
import type { ConnectionFilter } from './schema/connection.js';

const TEMPLATE_STATES = new Set(['NONE', 'ASSURED']);

/** A persistence template: it stands for all connections of a client (ip_vs_state_name of net/netfilter/ipvs/ip_vs_proto.c). */
export function isTemplate({ client, state }: Connection): boolean {
  return client.port === 0 && TEMPLATE_STATES.has(state);
}

/** Keys that the connection's service may have, the likelier first: its own port, or the one that stands for all. */
export function frontendKeysOf({ protocol, virtual }: Connection): string[] {
  if (protocol === 'ip') {
    const { address } = virtual;
    const [a = 0, b = 0, c = 0, d = 0] = addressBytes(address);
    const mark = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    return [`fwmark/${address.includes(':') ? 'ipv6' : 'ipv4'}/${mark}`];
  }
  return portsOf(virtual).map(({ address, port }) => `${protocol}/${endpoint(address, port)}`);
}

/** Keys that its destination may have under the service with this key. */
export function destinationKeysOf(frontend: string, { real }: Connection): string[] {
  return portsOf(real).map((backend) => destinationKey(frontend, backend));
}

function portsOf({ address, port }: Backend): Backend[] {
  return port === 0
    ? [{ address, port }]
    : [
        { address, port },
        { address, port: 0 },
      ];
}

type Test = (connection: Connection) => boolean;

/**
 * `frontend` is that of the filter's virtual service. Throws the violations of what is no address; a prefix may have bits
 * beyond its length.
 */
export function connectionTest(filter: ConnectionFilter, frontend: Frontend | undefined): Test {
  const { protocol, virtualPort, realPort, template } = filter;
  const faults: Violation[] = [];
  const virtualAddress = addressOf('virtualAddress', filter, faults);
  const realAddress = addressOf('realAddress', filter, faults);
  const client = filter.client === undefined ? undefined : clientTest(filter.client, faults);
  const [first, ...others] = faults;
  if (first) throw violationError([first, ...others]);

  const state = filter.state?.toUpperCase();
  const service = frontend && serviceTest(frontend);
  const tests: (Test | false | undefined)[] = [
    protocol !== undefined && ((one) => one.protocol === protocol),
    virtualAddress !== undefined && (({ virtual }) => virtual.address === virtualAddress),
    virtualPort !== undefined && (({ virtual }) => virtual.port === virtualPort),
    realAddress !== undefined && (({ real }) => real.address === realAddress),
    realPort !== undefined && (({ real }) => real.port === realPort),
    state !== undefined && ((one) => one.state === state),
    template !== undefined && ((one) => isTemplate(one) === template),
    service,
    client,
  ];
  const wanted = tests.filter((test) => typeof test === 'function');
  return (connection) => wanted.every((test) => test(connection));
}

function serviceTest(frontend: Frontend): Test {
  if (isFwmark(frontend)) {
    const key = `fwmark/${frontend.family}/${frontend.fwmark}`;
    return (connection) => connection.protocol === 'ip' && frontendKeysOf(connection)[0] === key;
  }
  const { protocol, address, port } = frontend;
  return ({ protocol: own, virtual }) =>
    own === protocol && virtual.address === address && (port === 0 || virtual.port === port);
}

function addressOf(
  field: 'virtualAddress' | 'realAddress',
  filter: ConnectionFilter,
  faults: Violation[],
): string | undefined {
  const given = filter[field];
  if (given === undefined) return undefined;
  const address = canonicalAddress(given);
  if (address === undefined) {
    const detail = `${field} "${given}" is no IPv4 or IPv6 address.`;
    faults.push({ reason: 'ADDRESS_INVALID', pointer: `/${field}`, detail });
  }
  return address;
}

function clientTest(given: string, faults: Violation[]): Test {
  const [, text = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(given) ?? [];
  const address = canonicalAddress(text);
  const prefix = address === undefined ? [] : addressBytes(address);
  const bits = Number(length ?? 0);
  if (address === undefined || bits > prefix.length * 8) {
    const detail = `client "${given}" is no address and no prefix: write it as 203.0.113.7 or 203.0.113.0/24.`;
    faults.push({ reason: 'ADDRESS_INVALID', pointer: '/client', detail });
  }
  if (length === undefined) return ({ client }) => client.address === address;
  return ({ client }) => hasPrefix(addressBytes(client.address), prefix, bits);
}

function hasPrefix(bytes: readonly number[], prefix: readonly number[], bits: number): boolean {
  if (bytes.length !== prefix.length) return false;
  const whole = bits >> 3;
  for (let index = 0; index < whole; index++) if (bytes[index] !== prefix[index]) return false;
  const mask = (0xff00 >> (bits & 7)) & 0xff;
  return (((bytes[whole] ?? 0) ^ (prefix[whole] ?? 0)) & mask) === 0;
}
