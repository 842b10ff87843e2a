import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backendOf, destinationConfigOf, frontendOf, serviceConfigOf } from '../../src/domain/desired.js';
import {
  type Backend,
  destinationKey,
  type Frontend,
  familyOf,
  frontendKey,
  parseDestination,
} from '../../src/domain/keys.js';
import { hasConfig, tableEntryOf } from '../../src/domain/plan.js';
import { recogniseServer, recogniseService } from '../../src/domain/recognise.js';
import { normaliseVirtualService } from '../../src/domain/schema/virtual-service.js';
import type {
  DestinationConfig,
  DestinationEntry,
  ServiceConfig,
  ServiceEntry,
} from '../../src/domain/table.js';
import { anyBackend, anyDestinationConfig, anyFrontend, anyServiceConfig } from '../support/arbitraries.js';
import { anyDefinition } from '../support/definition-arbitrary.js';
import { operationsOf } from '../support/imported-table.js';

const web: Frontend = { protocol: 'tcp', address: '192.0.2.10', port: 80 };
const dns: Frontend = { protocol: 'udp', address: '192.0.2.10', port: 53 };
const plain: ServiceConfig = { scheduler: 'wlc', schedulerFlags: [], onePacket: false, persistence: null };
const persistence = { timeoutSeconds: 300, netmask: '255.255.255.255', engine: null };
const server: Backend = { address: '10.0.0.1', port: 80 };
const direct: DestinationConfig = {
  method: 'dr',
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
  tunnel: null,
};

function serviceEntry(frontend: Frontend, config: Partial<ServiceConfig> = {}): ServiceEntry {
  return { kind: 'service', key: frontendKey(frontend), frontend, config: { ...plain, ...config } };
}

function destinationEntry(
  frontend: Frontend,
  backend: Backend,
  config: Partial<DestinationConfig> = {},
): DestinationEntry {
  const key = destinationKey(frontendKey(frontend), backend);
  return { kind: 'destination', key, frontend, backend, config: { ...direct, ...config } };
}

/** Throws when a spec does not lead to the very entries it was read from. Returns how many were recognised. */
function assertExact(service: ServiceEntry, servers: readonly DestinationEntry[]): number {
  const recognised = recogniseService(service);
  if ('obstacle' in recognised) return 0;
  const { spec } = recognised;
  assert.equal(frontendKey(frontendOf(spec)), service.key);
  assert.ok(hasConfig(service, serviceConfigOf(spec)), service.key);
  let count = 1;
  for (const entry of servers) {
    const found = recogniseServer(entry, spec);
    if ('obstacle' in found) continue;
    assert.equal(destinationKey(service.key, backendOf(found.spec, spec)), entry.key);
    assert.ok(hasConfig(entry, destinationConfigOf(found.spec, found.spec.forwarding)), entry.key);
    count += 1;
  }
  return count;
}

test('whatever the kernel holds, a recognised entry leads to exactly the key and the attributes that it has', () => {
  const service = anyFrontend.chain((frontend) =>
    anyServiceConfig(familyOf(frontend)).map((config) => serviceEntry(frontend, config)),
  );
  const property = fc.property(
    service,
    fc.array(fc.tuple(anyBackend, anyDestinationConfig)),
    (entry, servers) => {
      const netmask = familyOf(entry.frontend) === 'ipv4' ? persistence.netmask : '128';
      const usual = serviceEntry(entry.frontend, { persistence: { ...persistence, netmask } });
      const entries = servers.map(([backend, config]) => destinationEntry(entry.frontend, backend, config));
      assertExact(entry, entries);
      assertExact(usual, entries);
    },
  );
  fc.assert(property, { numRuns: 2000 });
});

test('whatever a definition can say is recognised', () => {
  const property = fc.property(anyDefinition, (definition) => {
    const operations = operationsOf(definition);
    const entries = operations.map(({ key, ...operation }) => {
      assert.ok('config' in operation);
      return tableEntryOf({ key, state: 'living', config: operation.config });
    });
    const services = entries.filter((entry) => entry.kind === 'service');
    const servers = entries.filter((entry) => entry.kind === 'destination');
    const counts = services.map((service) =>
      assertExact(
        service,
        servers.filter(({ key }) => frontendKey(parseDestination(key).frontend) === service.key),
      ),
    );
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      entries.length,
    );
  });
  fc.assert(property, { numRuns: 200 });
});

test('a service that a definition has no words for, or that breaks a rule, is an obstacle with its reason', () => {
  const cases: readonly (readonly [Frontend, Partial<ServiceConfig>, string, RegExp])[] = [
    [web, { scheduler: '' }, 'NOT_EXPRESSIBLE', /no scheduler/],
    [web, { scheduler: 'house-made' }, 'NOT_EXPRESSIBLE', /scheduler must be one of rr/],
    [web, { schedulerFlags: ['flag-1'] }, 'NOT_EXPRESSIBLE', /schedulerFlags/],
    [web, { scheduler: 'sh', schedulerFlags: ['flag-3'] }, 'NOT_EXPRESSIBLE', /schedulerFlags/],
    [
      web,
      { persistence: { ...persistence, netmask: '255.0.255.0' } },
      'NOT_EXPRESSIBLE',
      /255\.0\.255\.0, which is no prefix/,
    ],
    [web, { persistence: { ...persistence, netmask: '0.0.0.0' } }, 'NOT_EXPRESSIBLE', /0\.0\.0\.0/],
    [web, { persistence: { ...persistence, timeoutSeconds: 0 } }, 'NOT_EXPRESSIBLE', /timeoutSeconds/],
    [web, { persistence: { ...persistence, engine: 'nix' } }, 'NOT_EXPRESSIBLE', /engine/],
    [web, { persistence: { ...persistence, engine: 'sip' } }, 'SIP_ENGINE_NEEDS_UDP', /UDP/],
    [web, { onePacket: true }, 'ONE_PACKET_NEEDS_UDP', /UDP/],
    [{ ...web, port: 0 }, {}, 'PORT_ZERO_NEEDS_PERSISTENCE', /persistence/],
    [{ ...web, address: '224.0.0.1' }, {}, 'ADDRESS_NOT_UNICAST', /224\.0\.0\.1/],
    [{ fwmark: 0, family: 'ipv4' }, {}, 'NOT_EXPRESSIBLE', /fwmark/],
  ];
  for (const [frontend, config, reason, detail] of cases) {
    const recognised = recogniseService(serviceEntry(frontend, config));
    assert.ok('obstacle' in recognised, reason);
    assert.equal(recognised.obstacle.reason, reason);
    assert.match(recognised.obstacle.detail, detail);
  }
});

test('so is a real server', () => {
  const spec = normaliseVirtualService({ ...web });
  const tunnel = { type: 'ipip', port: 0, checksum: 'none' } as const;
  const cases: readonly (readonly [Backend, Partial<DestinationConfig>, string, RegExp])[] = [
    [server, { method: 'local' }, 'NOT_EXPRESSIBLE', /forwarding\.method/],
    [server, { method: 'bypass' }, 'NOT_EXPRESSIBLE', /forwarding\.method/],
    [server, { method: 'method-5' }, 'NOT_EXPRESSIBLE', /forwarding\.method/],
    [server, { weight: 65_536 }, 'NOT_EXPRESSIBLE', /weight/],
    [{ ...server, port: 8080 }, {}, 'PORT_MAPPING_UNSUPPORTED', /80/],
    [{ ...server, port: 8080 }, { method: 'tun', tunnel }, 'PORT_MAPPING_UNSUPPORTED', /80/],
    [{ ...server, address: '2001:db8::1' }, {}, 'FAMILY_MISMATCH', /IPv4/],
    [{ ...server, address: '224.0.0.1' }, {}, 'ADDRESS_NOT_UNICAST', /224/],
    [
      server,
      { method: 'tun', tunnel: { ...tunnel, checksum: 'csum' } },
      'TUNNEL_CHECKSUM_UNSUPPORTED',
      /ipip/,
    ],
    [
      server,
      { method: 'tun', tunnel: { ...tunnel, type: 'gre', port: 5 } },
      'TUNNEL_PORT_UNSUPPORTED',
      /gre/,
    ],
    [server, { method: 'tun', tunnel: { ...tunnel, type: 'gue' } }, 'TUNNEL_PORT_NEEDED', /port/],
    [server, { upperThreshold: 5, lowerThreshold: 6 }, 'THRESHOLDS_CROSSED', /5/],
  ];
  for (const [backend, config, reason, detail] of cases) {
    const recognised = recogniseServer(destinationEntry(web, backend, config), spec);
    assert.ok('obstacle' in recognised, reason);
    assert.equal(recognised.obstacle.reason, reason);
    assert.match(recognised.obstacle.detail, detail);
  }
});

test('a port that is the service’s is left out, any other stays', () => {
  const behind = (frontend: Frontend, backend: Backend) => {
    const service = recogniseService(
      serviceEntry(frontend, 'port' in frontend && frontend.port === 0 ? { persistence } : {}),
    );
    assert.ok('spec' in service);
    const found = recogniseServer(destinationEntry(frontend, backend, { method: 'nat' }), service.spec);
    assert.ok('spec' in found);
    return found.spec.port;
  };
  assert.equal(behind(web, server), undefined);
  assert.equal(behind(web, { ...server, port: 8080 }), 8080);
  assert.equal(behind(web, { ...server, port: 0 }), 0);
  assert.equal(behind({ ...dns, port: 0 }, { ...server, port: 0 }), undefined);
  assert.equal(behind({ fwmark: 7, family: 'ipv4' }, { ...server, port: 0 }), undefined);
  assert.equal(behind({ fwmark: 7, family: 'ipv4' }, server), 80);
});
