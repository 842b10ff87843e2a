import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Capabilities, missingForForwarding, missingForService } from '../../src/domain/capabilities.js';
import {
  backendOf,
  destinationConfigOf,
  effectiveForwarding,
  effectiveWeight,
  frontendOf,
  serviceConfigOf,
} from '../../src/domain/desired.js';
import { normaliseCluster } from '../../src/domain/schema/cluster.js';
import { normaliseForwarding } from '../../src/domain/schema/forwarding.js';
import { normaliseRealServer } from '../../src/domain/schema/real-server.js';
import { normaliseVirtualService } from '../../src/domain/schema/virtual-service.js';

const web = normaliseVirtualService({ protocol: 'tcp', address: '192.0.2.10', port: 80 });
const mark = normaliseVirtualService({ fwmark: 7, family: 'ipv6' });
const server = normaliseRealServer({ address: '10.0.0.1' });

test('what is left out has the documented defaults', () => {
  assert.deepEqual(normaliseCluster({}), {
    description: '',
    forwarding: { method: 'dr' },
    vip: { interface: null },
  });
  assert.deepEqual(serviceConfigOf(web), {
    scheduler: 'wlc',
    schedulerFlags: [],
    onePacket: false,
    persistence: null,
  });
  assert.deepEqual(destinationConfigOf(server, { method: 'dr' }), {
    method: 'dr',
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnel: null,
  });
});

test('a spec is spelled in one way only', () => {
  const spelled = normaliseVirtualService({
    protocol: 'udp',
    address: '2001:DB8:0::1',
    port: 53,
    scheduler: 'sh',
    schedulerFlags: ['sh-port', 'sh-fallback'],
    persistence: {},
  });
  assert.equal(spelled.address, '2001:db8::1');
  assert.deepEqual(spelled.schedulerFlags, ['sh-fallback', 'sh-port']);
  assert.deepEqual(spelled.persistence, { timeoutSeconds: 300, prefixLength: 128, engine: null });
  assert.deepEqual(normaliseVirtualService(spelled), spelled);
  assert.deepEqual(normaliseForwarding({ method: 'tun' }), {
    method: 'tun',
    tunnel: { type: 'ipip', checksum: 'none' },
  });
});

test('the frontend is what clients reach', () => {
  assert.deepEqual(frontendOf(web), { protocol: 'tcp', address: '192.0.2.10', port: 80 });
  assert.deepEqual(frontendOf(mark), { fwmark: 7, family: 'ipv6' });
});

test('a real server without a port has that of its service, or any behind a mark', () => {
  assert.equal(backendOf(server, web).port, 80);
  assert.equal(backendOf({ ...server, port: 8080 }, web).port, 8080);
  assert.equal(backendOf(server, mark).port, 0);
});

test('flags and prefix become those of the kernel', () => {
  const flags = { scheduler: 'mh', schedulerFlags: ['mh-fallback', 'mh-port'] } as const;
  assert.deepEqual(
    serviceConfigOf({ ...web, ...flags, schedulerFlags: [...flags.schedulerFlags] }).schedulerFlags,
    ['flag-1', 'flag-2'],
  );
  const netmask = (spec: typeof web, prefixLength: number) =>
    serviceConfigOf({ ...spec, persistence: { timeoutSeconds: 60, prefixLength, engine: null } }).persistence
      ?.netmask;
  assert.deepEqual(
    [1, 8, 20, 31, 32].map((length) => netmask(web, length)),
    ['128.0.0.0', '255.0.0.0', '255.255.240.0', '255.255.255.254', '255.255.255.255'],
  );
  assert.deepEqual(
    [1, 64, 128].map((length) => netmask(mark, length)),
    ['1', '64', '128'],
  );
});

test('a server that drains or is disabled has weight 0, whatever its own', () => {
  assert.equal(effectiveWeight({ ...server, weight: 5 }), 5);
  assert.equal(effectiveWeight({ ...server, weight: 5, adminState: 'drain' }), 0);
  assert.equal(effectiveWeight({ ...server, weight: 5, adminState: 'disabled' }), 0);
});

test('the nearest forwarding wins', () => {
  const cluster = normaliseCluster({ forwarding: { method: 'nat' } });
  const ofService = { ...web, forwarding: { method: 'dr' as const } };
  assert.equal(effectiveForwarding(cluster, web, server).method, 'nat');
  assert.equal(effectiveForwarding(cluster, ofService, server).method, 'dr');
  const ofServer = { ...server, forwarding: { method: 'tun' as const } };
  assert.equal(effectiveForwarding(cluster, ofService, ofServer).method, 'tun');
});

test('fullnat is masquerading for the kernel, and only tun has a tunnel', () => {
  assert.equal(destinationConfigOf(server, { method: 'fullnat' }).method, 'nat');
  const gue = { type: 'gue', port: 6080, checksum: 'csum' } as const;
  assert.deepEqual(destinationConfigOf(server, { method: 'tun', tunnel: gue }).tunnel, gue);
  const plain = normaliseForwarding({ method: 'tun' });
  assert.deepEqual(destinationConfigOf(server, plain).tunnel, { type: 'ipip', port: 0, checksum: 'none' });
});

const everything: Capabilities = {
  ipv6: true,
  sctp: true,
  fullnat: true,
  fullnatMissing: null,
  vipBinding: true,
  vipBindingMissing: null,
  schedulers: ['wlc'],
  persistenceEngines: ['sip'],
  tunnelTypes: ['ipip', 'gue'],
};

test('a director that has everything lacks nothing', () => {
  assert.deepEqual(missingForService(web, everything), []);
  assert.deepEqual(missingForForwarding({ method: 'fullnat' }, everything), []);
});

test('what a director lacks is named with the field that needs it', () => {
  const sip = { timeoutSeconds: 60, prefixLength: 32, engine: 'sip' as const };
  const bare = { ...everything, ipv6: false, sctp: false, fullnat: false, persistenceEngines: [] };
  const pointers = (spec: typeof web) => missingForService(spec, bare).map(({ pointer }) => pointer);
  assert.deepEqual(pointers({ ...web, scheduler: 'twos', persistence: sip, protocol: 'sctp' }), [
    '/scheduler',
    '/persistence/engine',
    '/protocol',
  ]);
  assert.deepEqual(pointers({ ...web, address: '2001:db8::1' }), ['/address']);
  assert.deepEqual(pointers(mark), ['/family']);
  assert.deepEqual(
    missingForForwarding({ method: 'fullnat' }, bare).map(({ reason, pointer }) => [reason, pointer]),
    [['CAPABILITY_MISSING', '/forwarding/method']],
  );
  const gre = normaliseForwarding({ method: 'tun', tunnel: { type: 'gre' } });
  assert.deepEqual(
    missingForForwarding(gre, bare).map(({ pointer }) => pointer),
    ['/forwarding/tunnel/type'],
  );
});

test('what a director cannot say beforehand is left to the kernel', () => {
  const unknown = { ...everything, schedulers: null, persistenceEngines: null };
  const sip = { timeoutSeconds: 60, prefixLength: 32, engine: 'sip' as const };
  assert.deepEqual(missingForService({ ...web, scheduler: 'twos', persistence: sip }, unknown), []);
});
