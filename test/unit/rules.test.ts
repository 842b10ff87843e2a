import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clusterViolations,
  pairingViolations,
  realServerViolations,
  virtualServiceViolations,
} from '../../src/domain/rules.js';
import { normaliseCluster } from '../../src/domain/schema/cluster.js';
import { normaliseForwarding } from '../../src/domain/schema/forwarding.js';
import { normaliseRealServer } from '../../src/domain/schema/real-server.js';
import { normaliseVirtualService } from '../../src/domain/schema/virtual-service.js';

type Service = Parameters<typeof normaliseVirtualService>[0];
type Server = Parameters<typeof normaliseRealServer>[0];
type Forwarding = Parameters<typeof normaliseForwarding>[0];

const web: Service = { protocol: 'tcp', address: '192.0.2.10', port: 80 };
const mark: Service = { fwmark: 7, family: 'ipv4' };

const text = ({ reason, pointer }: { reason: string; pointer: string }) => `${reason} ${pointer}`;
const ofService = (spec: Service) => virtualServiceViolations(normaliseVirtualService(spec)).map(text);
const ofServer = (spec: Omit<Server, 'address'> & { address?: string }) =>
  realServerViolations(normaliseRealServer({ address: '10.0.0.1', ...spec })).map(text);
const ofForwarding = (forwarding: Forwarding) =>
  clusterViolations(normaliseCluster({ forwarding: normaliseForwarding(forwarding) })).map(text);
const ofPair = (service: Service, server: Server, method: Forwarding['method']) =>
  pairingViolations(normaliseVirtualService(service), normaliseRealServer(server), { method }).map(text);

test('a service has protocol, address and port, or mark and family, and not some of both', () => {
  assert.deepEqual(ofService(web), []);
  assert.deepEqual(ofService(mark), []);
  assert.deepEqual(ofService({}), [
    'FRONTEND_INCOMPLETE /protocol',
    'FRONTEND_INCOMPLETE /address',
    'FRONTEND_INCOMPLETE /port',
  ]);
  assert.deepEqual(ofService({ protocol: 'tcp', address: '192.0.2.10' }), ['FRONTEND_INCOMPLETE /port']);
  assert.deepEqual(ofService({ fwmark: 7 }), ['FRONTEND_INCOMPLETE /family']);
  assert.deepEqual(ofService({ ...web, ...mark }), [
    'FRONTEND_AMBIGUOUS /protocol',
    'FRONTEND_AMBIGUOUS /address',
    'FRONTEND_AMBIGUOUS /port',
  ]);
  assert.deepEqual(ofService({ ...web, family: 'ipv4' }), ['FRONTEND_AMBIGUOUS /family']);
});

test('an address is one, and of one host', () => {
  assert.deepEqual(ofService({ ...web, address: '2001:db8::1' }), []);
  assert.deepEqual(ofService({ ...web, address: 'localhost' }), ['ADDRESS_INVALID /address']);
  assert.deepEqual(ofService({ ...web, address: '224.0.0.1' }), ['ADDRESS_NOT_UNICAST /address']);
  assert.deepEqual(ofServer({ address: '10.0.0.256' }), ['ADDRESS_INVALID /address']);
  assert.deepEqual(ofServer({ address: 'ff02::1' }), ['ADDRESS_NOT_UNICAST /address']);
});

test('port 0 needs persistence', () => {
  assert.deepEqual(ofService({ ...web, port: 0 }), ['PORT_ZERO_NEEDS_PERSISTENCE /port']);
  assert.deepEqual(ofService({ ...web, port: 0, persistence: {} }), []);
  assert.deepEqual(ofService({ ...web, port: 1 }), []);
});

test('a scheduler has its own flags only', () => {
  assert.deepEqual(ofService({ ...web, scheduler: 'sh', schedulerFlags: ['sh-port', 'sh-fallback'] }), []);
  assert.deepEqual(ofService({ ...web, scheduler: 'mh', schedulerFlags: ['mh-port', 'mh-fallback'] }), []);
  assert.deepEqual(ofService({ ...web, scheduler: 'sh', schedulerFlags: ['sh-port', 'mh-port'] }), [
    'SCHEDULER_FLAG_MISMATCH /schedulerFlags',
  ]);
  assert.deepEqual(ofService({ ...web, schedulerFlags: ['sh-port'] }), [
    'SCHEDULER_FLAG_MISMATCH /schedulerFlags',
  ]);
});

test('one-packet scheduling and the sip engine are for UDP, and for marks, which may mean it', () => {
  const sip = { persistence: { engine: 'sip' as const } };
  for (const udp of [{ ...web, protocol: 'udp' as const }, mark]) {
    assert.deepEqual(ofService({ ...udp, onePacket: true, ...sip }), []);
  }
  for (const protocol of ['tcp', 'sctp'] as const) {
    assert.deepEqual(ofService({ ...web, protocol, onePacket: true }), ['ONE_PACKET_NEEDS_UDP /onePacket']);
    assert.deepEqual(ofService({ ...web, protocol, ...sip }), ['SIP_ENGINE_NEEDS_UDP /persistence/engine']);
  }
});

test('a prefix is not longer than the address', () => {
  const prefix = (prefixLength: number) => ({ persistence: { prefixLength } });
  const tooLong = ['PREFIX_LENGTH_OUT_OF_RANGE /persistence/prefixLength'];
  assert.deepEqual(ofService({ ...web, ...prefix(32) }), []);
  assert.deepEqual(ofService({ ...web, ...prefix(33) }), tooLong);
  assert.deepEqual(ofService({ ...web, address: '2001:db8::1', ...prefix(128) }), []);
  assert.deepEqual(ofService({ ...mark, ...prefix(33) }), tooLong);
  assert.deepEqual(ofService({ fwmark: 7, family: 'ipv6', ...prefix(33) }), []);
});

test('the lower threshold is not above the upper one, and not set without it', () => {
  const crossed = ['THRESHOLDS_CROSSED /lowerThreshold'];
  assert.deepEqual(ofServer({ upperThreshold: 10, lowerThreshold: 10 }), []);
  assert.deepEqual(ofServer({ upperThreshold: 10, lowerThreshold: 11 }), crossed);
  assert.deepEqual(ofServer({ upperThreshold: 0, lowerThreshold: 1 }), crossed);
  assert.deepEqual(ofServer({ upperThreshold: 10 }), []);
});

test('tunnel settings need the method tun, and each type has its own', () => {
  assert.deepEqual(ofForwarding({ method: 'tun' }), []);
  assert.deepEqual(
    ofForwarding({ method: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'remcsum' } }),
    [],
  );
  assert.deepEqual(ofForwarding({ method: 'tun', tunnel: { type: 'gre', checksum: 'csum' } }), []);
  assert.deepEqual(ofForwarding({ method: 'nat', tunnel: {} }), ['TUNNEL_NEEDS_TUN /forwarding/tunnel']);
  assert.deepEqual(ofForwarding({ method: 'tun', tunnel: { type: 'gue' } }), [
    'TUNNEL_PORT_NEEDED /forwarding/tunnel/port',
  ]);
  for (const type of ['ipip', 'gre'] as const) {
    assert.deepEqual(ofForwarding({ method: 'tun', tunnel: { type, port: 6080 } }), [
      'TUNNEL_PORT_UNSUPPORTED /forwarding/tunnel/port',
    ]);
    assert.deepEqual(ofForwarding({ method: 'tun', tunnel: { type, checksum: 'remcsum' } }), [
      'TUNNEL_CHECKSUM_UNSUPPORTED /forwarding/tunnel/checksum',
    ]);
  }
  assert.deepEqual(ofForwarding({ method: 'tun', tunnel: { checksum: 'csum' } }), [
    'TUNNEL_CHECKSUM_UNSUPPORTED /forwarding/tunnel/checksum',
  ]);
});

test('snat needs fullnat, and its addresses are checked one by one', () => {
  assert.deepEqual(ofForwarding({ method: 'fullnat', snat: { addresses: ['192.0.2.1'] } }), []);
  assert.deepEqual(ofForwarding({ method: 'nat', snat: { addresses: ['192.0.2.1'] } }), [
    'SNAT_NEEDS_FULLNAT /forwarding/snat',
  ]);
  assert.deepEqual(
    ofForwarding({ method: 'fullnat', snat: { addresses: ['192.0.2.1', 'x', '224.0.0.1'] } }),
    ['ADDRESS_INVALID /forwarding/snat/addresses/1', 'ADDRESS_NOT_UNICAST /forwarding/snat/addresses/2'],
  );
});

test('forwarding is checked wherever it stands', () => {
  const forwarding = normaliseForwarding({ method: 'nat', tunnel: {} });
  assert.deepEqual(ofService({ ...web, forwarding }), ['TUNNEL_NEEDS_TUN /forwarding/tunnel']);
  assert.deepEqual(ofServer({ forwarding }), ['TUNNEL_NEEDS_TUN /forwarding/tunnel']);
});

test('only nat and fullnat map ports', () => {
  const mapped = { address: '10.0.0.1', port: 8080 };
  for (const method of ['dr', 'tun'] as const) {
    assert.deepEqual(ofPair(web, mapped, method), ['PORT_MAPPING_UNSUPPORTED /port']);
    assert.deepEqual(ofPair(web, { ...mapped, port: 80 }, method), []);
    assert.deepEqual(ofPair(web, { address: '10.0.0.1' }, method), []);
    assert.deepEqual(ofPair(mark, mapped, method), []);
  }
  for (const method of ['nat', 'fullnat'] as const) assert.deepEqual(ofPair(web, mapped, method), []);
});

test('families differ only with tun', () => {
  const server = { address: '2001:db8::9' };
  for (const method of ['nat', 'dr', 'fullnat'] as const) {
    assert.deepEqual(ofPair(web, server, method), ['FAMILY_MISMATCH /address']);
    assert.deepEqual(ofPair(mark, server, method), ['FAMILY_MISMATCH /address']);
    assert.deepEqual(ofPair({ ...mark, family: 'ipv6' }, server, method), []);
  }
  assert.deepEqual(ofPair(web, server, 'tun'), []);
});

test('many faults of one spec are all found', () => {
  const spec: Service = { ...web, address: 'x', port: 0, onePacket: true, schedulerFlags: ['mh-port'] };
  assert.deepEqual(ofService(spec), [
    'ADDRESS_INVALID /address',
    'PORT_ZERO_NEEDS_PERSISTENCE /port',
    'SCHEDULER_FLAG_MISMATCH /schedulerFlags',
    'ONE_PACKET_NEEDS_UDP /onePacket',
  ]);
});
