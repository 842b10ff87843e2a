import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { packetPath } from '../../src/domain/packet-path/packet-path.js';
import { prefixOf } from '../../src/domain/packet-path/scheduling.js';
import { packetPathText } from '../../src/domain/packet-path/text.js';
import type { Hop } from '../../src/domain/schema/packet-path.js';
import { serviceFamily } from '../../src/domain/schema/virtual-service.js';
import { anyDefinition } from '../support/definition-arbitrary.js';
import { onSegment, type PathCase, pathOf } from '../support/packet-path-case.js';

const folder = new URL('../../../test/fixtures/packet-path/', import.meta.url);
const six: PathCase['service'] = { protocol: 'tcp', address: '2001:db8::10', port: 80 };
const route6 = { ...onSegment, source: 'fd00::254', mtu: 1480 };

/** By the name of the file that has the text. */
const CASES: Readonly<Record<string, PathCase>> = {
  'nat-port-mapping': {
    forwarding: { method: 'nat' },
    servers: {
      'web-1': { address: '10.0.0.1', port: 8080, weight: 3 },
      'web-2': { address: '10.0.0.2', weight: 0 },
    },
  },
  'nat-on-one-segment': {
    forwarding: { method: 'nat' },
    vipInterface: 'eth1',
    client: '10.0.0.99',
    toClient: onSegment,
  },
  'dr-persistent': {
    forwarding: { method: 'dr' },
    service: {
      protocol: 'tcp',
      address: '192.0.2.10',
      port: 0,
      scheduler: 'sh',
      schedulerFlags: ['sh-port', 'sh-fallback'],
      persistence: { prefixLength: 20 },
    },
    toClient: { ...onSegment, interface: 'eth0' },
  },
  'dr-behind-a-router': {
    forwarding: { method: 'dr' },
    route: { ...onSegment, gateway: '10.0.9.1' },
  },
  'dr-ipv6': {
    forwarding: { method: 'dr' },
    service: six,
    servers: { 'web-1': { address: 'fd00::1' } },
    client: '2001:db8:ffff:1234:5678:9abc:def0:7',
    route: route6,
    toClient: null,
  },
  'tun-ipip': { forwarding: { method: 'tun' } },
  'tun-gre-ipv6-in-ipv4': {
    forwarding: { method: 'tun', tunnel: { type: 'gre', checksum: 'csum' } },
    service: six,
    client: '2001:db8:ffff::7',
  },
  'tun-gue-ipv4-in-ipv6': {
    forwarding: { method: 'tun', tunnel: { type: 'gue', port: 6080 } },
    servers: { 'web-1': { address: 'fd00::1' } },
    route: route6,
  },
  'fullnat-pool': {
    forwarding: { method: 'fullnat', snat: { addresses: ['10.0.0.200', '10.0.0.201'] } },
    servers: { 'web-1': { address: '10.0.0.1', port: 8080 } },
    route: { ...onSegment, gateway: '10.0.9.1' },
  },
  'nat-one-packet': {
    forwarding: { method: 'nat' },
    service: { protocol: 'udp', address: '192.0.2.10', port: 53, onePacket: true, scheduler: 'rr' },
    servers: { 'dns-1': { address: '10.0.0.1' } },
  },
  'fwmark-unknown': {
    forwarding: { method: 'dr' },
    service: { fwmark: 7, family: 'ipv4', persistence: { timeoutSeconds: 60 } },
    route: null,
    toClient: null,
  },
  'mixed-methods': {
    forwarding: { method: 'nat' },
    service: { protocol: 'tcp', address: '192.0.2.10', port: 80, forwarding: { method: 'dr' } },
    servers: {
      'web-1': { address: '10.0.0.1' },
      'web-2': { address: '10.0.0.2', forwarding: { method: 'tun' } },
      'web-3': { address: '10.0.0.3', adminState: 'drain' },
    },
  },
  'the-director-itself': { forwarding: { method: 'dr' }, route: { ...onSegment, local: true } },
};

for (const [name, wanted] of Object.entries(CASES)) {
  test(`${name} reads as test/fixtures/packet-path/${name}.txt`, () => {
    assert.equal(packetPathText(pathOf(wanted)), readFileSync(new URL(`${name}.txt`, folder), 'utf8'));
  });
}

test('there is no text without a case', () => {
  const files = readdirSync(folder).map((name) => name.replace('.txt', ''));
  assert.deepEqual(files.toSorted(), Object.keys(CASES).toSorted());
});

/** Who sends a hop is who got the one before. */
function isChain(hops: readonly Hop[]): boolean {
  return hops.every((hop, index) => index === 0 || hops[index - 1]?.to === hop.from);
}

test('hops fit together: parties, addresses, and what is said to have been rewritten', () => {
  const inputs = fc.tuple(anyDefinition, fc.constantFrom('nat', 'fullnat', null), fc.boolean());
  fc.assert(
    fc.property(inputs, ([{ spec, virtualServices }, override, isKnown]) => {
      for (const [virtualService, { spec: service, realServers }] of Object.entries(virtualServices)) {
        const isIpv6 = serviceFamily(service) === 'ipv6';
        const client = isIpv6 ? '2001:db8:ffff::7' : '203.0.113.7';
        const path = packetPath({
          names: { project: 'default', cluster: 'shop', virtualService },
          cluster: spec,
          service,
          realServers: Object.entries(realServers).map(([name, server]) => {
            const isMapped = server.spec.forwarding?.method === 'nat' && override !== null;
            const forwarding = isMapped ? { forwarding: { method: override } } : {};
            return { name, spec: { ...server.spec, ...forwarding }, route: isKnown ? onSegment : null };
          }),
          client: { address: client, port: 40_000 },
          vip: null,
          toClient: null,
        });
        for (const line of packetPathText(path).split('\n')) assert.ok(line.length <= 80, line);
        for (const { request, reply, method, warnings } of path.paths) {
          const [first] = request;
          const last = reply.at(-1);
          assert.ok(first && last && isChain([...request, ...reply]));
          assert.deepEqual([first.from, first.source], ['client', path.client]);
          assert.deepEqual([last.to, last.destination], ['client', path.client]);
          const answersAsAsked = last.source === first.destination;
          const isForgotten = service.onePacket && (method === 'nat' || method === 'fullnat');
          assert.equal(isForgotten, warnings.length > 0);
          if (!isForgotten) assert.ok(answersAsAsked, JSON.stringify([first, last]));
          for (const [before, after] of pairs([...request, ...reply])) checkRewrites(before, after);
        }
      }
    }),
    { numRuns: 200 },
  );
});

function pairs(hops: readonly Hop[]): [Hop, Hop][] {
  return hops.slice(1).map((hop, index) => [hops[index] as Hop, hop]);
}

/** Between two hops of one direction, what differs is named, and what is named differs; a real server turns a packet round. */
function checkRewrites(before: Hop, after: Hop): void {
  const isTurn = after.from !== 'director';
  const [source, destination] = isTurn
    ? [before.destination, before.source]
    : [before.source, before.destination];
  const changed = [
    ...differences('source', source, after.source),
    ...differences('destination', destination, after.destination),
  ];
  const named = after.rewritten.filter((text) => /address|port/.test(text) && !text.startsWith('MAC'));
  assert.deepEqual(changed.toSorted(), named.toSorted(), JSON.stringify([before, after]));
}

function differences(side: string, before: string, after: string): string[] {
  const split = (text: string) => [text.slice(0, text.lastIndexOf(':')), text.slice(text.lastIndexOf(':'))];
  const [[address, port], [otherAddress, otherPort]] = [split(before), split(after)];
  return [
    ...(address === otherAddress ? [] : [`${side} address`]),
    ...(port === otherPort ? [] : [`${side} port`]),
  ];
}

test('a prefix is what persistence masks', () => {
  assert.equal(prefixOf('203.0.113.7', 20), '203.0.112.0/20');
  assert.equal(prefixOf('203.0.113.7', 32), '203.0.113.7/32');
  assert.equal(prefixOf('203.0.113.7', 1), '128.0.0.0/1');
  assert.equal(prefixOf('2001:db8:ffff::7', 33), '2001:db8:8000::/33');
});
