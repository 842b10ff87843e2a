import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressFromBytes } from '../../src/domain/address.js';
import {
  clusterLimitViolations,
  projectViolations,
  realServerLimitViolations,
  serviceLimitViolations,
} from '../../src/domain/limits.js';
import { parsePrefix, prefixText } from '../../src/domain/prefix.js';
import { normaliseCluster } from '../../src/domain/schema/cluster.js';
import type { Forwarding } from '../../src/domain/schema/forwarding.js';
import { normaliseProject, type ProjectSpecInput } from '../../src/domain/schema/project.js';
import { normaliseRealServer } from '../../src/domain/schema/real-server.js';
import { normaliseVirtualService } from '../../src/domain/schema/virtual-service.js';

type LimitsInput = NonNullable<ProjectSpecInput['limits']>;

const limited = (limits: LimitsInput) => normaliseProject({ limits }).limits;
const nat: Forwarding = { method: 'nat' };

function ofService(
  limits: LimitsInput,
  spec: Parameters<typeof normaliseVirtualService>[0],
  forwarding = nat,
) {
  const found = serviceLimitViolations(limited(limits), normaliseVirtualService(spec), forwarding);
  return found.map(({ reason, pointer }) => `${reason} ${pointer}`);
}

const http = { protocol: 'tcp', address: '192.0.2.10', port: 80 } as const;
const persistent = { ...http, port: 0, persistence: {} };
const mark = { fwmark: 7, family: 'ipv4' } as const;

test('without limits anything goes, with empty ones nothing', () => {
  assert.deepEqual(ofService({}, http), []);
  assert.deepEqual(ofService({}, mark), []);
  assert.deepEqual(ofService({ vipPrefixes: [], ports: [], forwardingMethods: [] }, http), [
    'VIP_NOT_ALLOWED /address',
    'PORT_NOT_ALLOWED /port',
    'FORWARDING_NOT_ALLOWED /forwarding/method',
  ]);
});

test('a VIP must be in a prefix of its family', () => {
  const vipPrefixes = ['192.0.2.8/29', '2001:db8::/64'];
  assert.deepEqual(ofService({ vipPrefixes }, http), []);
  assert.deepEqual(ofService({ vipPrefixes }, { ...http, address: '2001:DB8:0::1' }), []);
  for (const address of ['192.0.2.16', '2001:db8:0:1::1', '::192.0.2.10', '::ffff:192.0.2.10']) {
    assert.deepEqual(ofService({ vipPrefixes }, { ...http, address }), ['VIP_NOT_ALLOWED /address'], address);
  }
});

test('port 0 needs all ports, together or in pieces', () => {
  const all = [
    { from: 1000, to: 65535 },
    { from: 1, to: 1200 },
  ];
  assert.deepEqual(ofService({ ports: all }, persistent), []);
  assert.deepEqual(ofService({ ports: [{ from: 2, to: 65535 }] }, persistent), ['PORT_NOT_ALLOWED /port']);
  assert.deepEqual(ofService({ ports: [{ from: 80 }] }, http), []);
  assert.deepEqual(ofService({ ports: [{ from: 81, to: 90 }] }, http), ['PORT_NOT_ALLOWED /port']);
});

test('a firewall mark is no way around limits of addresses or ports', () => {
  const fault = ['FWMARK_NOT_ALLOWED /fwmark'];
  assert.deepEqual(ofService({ vipPrefixes: ['0.0.0.0/0', '::/0'] }, mark), fault);
  assert.deepEqual(ofService({ ports: [{ from: 1, to: 65535 }] }, mark), fault);
  assert.deepEqual(ofService({ vipPrefixes: ['192.0.2.0/24'], fwmarks: [{ from: 5, to: 9 }] }, mark), []);
  assert.deepEqual(ofService({ fwmarks: [{ from: 8, to: 9 }] }, mark), fault);
});

test('source addresses must be in their prefixes, or else in those of VIPs', () => {
  const pool: Forwarding = { method: 'fullnat', snat: { addresses: ['192.0.2.9', '198.51.100.1'] } };
  assert.deepEqual(ofService({}, http, pool), []);
  assert.deepEqual(ofService({ vipPrefixes: ['192.0.2.0/24'] }, http, pool), [
    'SNAT_NOT_ALLOWED /forwarding/snat/addresses/1',
  ]);
  const snatPrefixes = ['198.51.100.0/24'];
  assert.deepEqual(ofService({ vipPrefixes: ['192.0.2.0/24'], snatPrefixes }, http, pool), [
    'SNAT_NOT_ALLOWED /forwarding/snat/addresses/0',
  ]);
});

test('real servers and interfaces are limited, and the sentence says to what', () => {
  const server = normaliseRealServer({ address: '10.1.0.1', forwarding: { method: 'dr' } });
  const found = realServerLimitViolations(
    limited({ ripPrefixes: ['10.0.0.0/16'], forwardingMethods: ['nat'] }),
    server,
  );
  assert.deepEqual(
    found.map(({ reason, pointer }) => `${reason} ${pointer}`),
    ['RIP_NOT_ALLOWED /address', 'FORWARDING_NOT_ALLOWED /forwarding/method'],
  );
  assert.match(found[0]?.detail ?? '', /10\.1\.0\.1.*10\.0\.0\.0\/16.*admin/);
  const bound = normaliseCluster({ vip: { interface: 'eth1' } });
  assert.deepEqual(clusterLimitViolations(limited({ interfaces: ['eth1'] }), bound), []);
  assert.deepEqual(clusterLimitViolations(limited({ interfaces: [] }), normaliseCluster({})), []);
  assert.match(
    clusterLimitViolations(limited({ interfaces: ['eth0'] }), bound)[0]?.detail ?? '',
    /eth0, null/,
  );
});

test('prefixes get one spelling, and what is no prefix or range is named', () => {
  const spec = normaliseProject({
    limits: {
      vipPrefixes: ['192.0.2.1', '2001:DB8:0:0::/32'],
      ripPrefixes: ['10.0.0.1/8', 'ten'],
      ports: [{ from: 80, to: 79 }],
    },
  });
  assert.deepEqual(spec.limits.vipPrefixes, ['192.0.2.1/32', '2001:db8::/32']);
  assert.deepEqual(
    projectViolations(spec).map(({ pointer }) => pointer),
    ['/limits/ripPrefixes/0', '/limits/ripPrefixes/1', '/limits/ports/0/to'],
  );
});

test('the text of a prefix is read as that prefix', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(bytes, fc.nat(128), (address, wanted) => {
      const length = Math.min(wanted, address.length * 8);
      const network = [...address].map(
        (byte, index) => byte & ~(0xff >> Math.min(8, Math.max(0, length - index * 8))),
      );
      const text = `${addressFromBytes(network, network.length === 4 ? 'ipv4' : 'ipv6')}/${length}`;
      assert.equal(prefixText(parsePrefix(text)), text);
    }),
  );
});
