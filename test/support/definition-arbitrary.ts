/** Random definitions that are valid by the rules and that ipvsadm and keepalived have words for. */
import fc, { type Arbitrary } from 'fast-check';
import { backendOf, frontendOf } from '../../src/domain/desired.js';
import { destinationKey, familyOfAddress, frontendKey } from '../../src/domain/keys.js';
import { normaliseCluster } from '../../src/domain/schema/cluster.js';
import type { Definition } from '../../src/domain/schema/definition.js';
import type { Forwarding } from '../../src/domain/schema/forwarding.js';
import { normaliseRealServer, type RealServerSpec } from '../../src/domain/schema/real-server.js';
import {
  normaliseVirtualService,
  SCHEDULER_FLAGS,
  SCHEDULERS,
  type VirtualServiceSpec,
} from '../../src/domain/schema/virtual-service.js';

const port = fc.integer({ min: 1, max: 65535 });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const ipv4 = fc
  .tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((bytes) => bytes.join('.'));
const ipv6 = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 6, maxLength: 6 })
  .map((groups) => `2001:db8:${groups.map((group) => group.toString(16)).join(':')}`);

const frontend = fc.oneof(
  fc.record({
    protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const),
    address: fc.oneof(ipv4, ipv6),
    port: fc.oneof({ weight: 5, arbitrary: port }, { weight: 1, arbitrary: fc.constant(0) }),
  }),
  fc.record({
    fwmark: fc.integer({ min: 1, max: 0xffffffff }),
    family: fc.constantFrom('ipv4' as const, 'ipv6' as const),
  }),
);

const forwarding: Arbitrary<Forwarding> = fc.constantFrom<Forwarding>(
  { method: 'nat' },
  { method: 'dr' },
  { method: 'tun', tunnel: { type: 'ipip', checksum: 'none' } },
  { method: 'tun', tunnel: { type: 'gre', checksum: 'csum' } },
  { method: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'remcsum' } },
  { method: 'tun', tunnel: { type: 'gue', port: 65535, checksum: 'none' } },
);

const service: Arbitrary<VirtualServiceSpec> = fc
  .record({
    frontend,
    scheduler: fc.constantFrom(...SCHEDULERS),
    flags: fc.subarray([...SCHEDULER_FLAGS]),
    isPersistent: fc.boolean(),
    timeoutSeconds: fc.integer({ min: 1, max: 2_678_400 }),
    prefix: fc.integer({ min: 1, max: 128 }),
    hasEngine: fc.boolean(),
    onePacket: fc.boolean(),
    forwarding: fc.option(forwarding, { nil: undefined }),
  })
  .map((drawn) => {
    const { scheduler } = drawn;
    const isFree = 'fwmark' in drawn.frontend || drawn.frontend.protocol === 'udp';
    const isIpv4 =
      'family' in drawn.frontend ? drawn.frontend.family === 'ipv4' : !drawn.frontend.address.includes(':');
    const isPersistent = drawn.isPersistent || ('port' in drawn.frontend && drawn.frontend.port === 0);
    return normaliseVirtualService({
      ...drawn.frontend,
      scheduler,
      schedulerFlags: drawn.flags.filter((flag) => flag.startsWith(`${scheduler}-`)),
      onePacket: drawn.onePacket && isFree,
      ...(isPersistent && {
        persistence: {
          timeoutSeconds: drawn.timeoutSeconds,
          prefixLength: isIpv4 ? Math.min(drawn.prefix, 32) : drawn.prefix,
          engine: drawn.hasEngine && isFree ? 'sip' : null,
        },
      }),
      ...(drawn.forwarding && { forwarding: drawn.forwarding }),
    });
  });

interface DrawnServer {
  readonly ipv4: string;
  readonly ipv6: string;
  readonly crosses: boolean;
  readonly port: number;
  readonly weight: number;
  readonly thresholds: readonly [number, number];
  readonly forwarding: Forwarding;
}

const server: Arbitrary<DrawnServer> = fc.record({
  ipv4,
  ipv6,
  crosses: fc.boolean(),
  port,
  weight: fc.integer({ min: 0, max: 65535 }),
  thresholds: fc.tuple(fc.oneof(fc.constant(0), u32), fc.oneof(fc.constant(0), u32)),
  forwarding,
});

/** Only NAT has a port of its own, only tunnels the other family. */
function serverOf(drawn: DrawnServer, of: VirtualServiceSpec): RealServerSpec {
  const isIpv6 = of.address === undefined ? of.family === 'ipv6' : familyOfAddress(of.address) === 'ipv6';
  const { method } = drawn.forwarding;
  const [upper, lower] = drawn.thresholds;
  return normaliseRealServer({
    address: (method === 'tun' && drawn.crosses) !== isIpv6 ? drawn.ipv6 : drawn.ipv4,
    ...(method === 'nat' && { port: drawn.port }),
    weight: drawn.weight,
    upperThreshold: upper,
    lowerThreshold: Math.min(lower, upper),
    forwarding: drawn.forwarding,
  });
}

const tree = fc
  .tuple(service, fc.array(server, { minLength: 1, maxLength: 6 }))
  .map(([spec, drawn]) => ({ spec, servers: drawn.map((one) => serverOf(one, spec)) }));

/** Every service has at least one real server. */
export const anyDefinition: Arbitrary<Definition> = fc
  .record({ forwarding, trees: fc.array(tree, { minLength: 1, maxLength: 8 }) })
  .map(({ forwarding: common, trees }) => {
    const byKey = new Map(trees.map((one) => [frontendKey(frontendOf(one.spec)), one]));
    const services = [...byKey].map(([key, { spec, servers }], index) => {
      const unique = new Map(servers.map((one) => [destinationKey(key, backendOf(one, spec)), one]));
      const realServers = [...unique.values()].map(
        (one, number) => [`r${number}`, { labels: {}, spec: one }] as const,
      );
      return [`s${index}`, { labels: {}, spec, realServers: Object.fromEntries(realServers) }] as const;
    });
    return {
      labels: {},
      spec: normaliseCluster({ forwarding: common }),
      virtualServices: Object.fromEntries(services),
    };
  });
