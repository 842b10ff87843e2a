/** Random values of the table's vocabulary. `any…` spans all that the wire can carry, `near…` a space that collides. */
import fc, { type Arbitrary } from 'fast-check';
import { canonicalAddress } from '../../src/domain/address.js';
import { type Backend, type Family, type Frontend, familyOf } from '../../src/domain/keys.js';
import type {
  DestinationConfig,
  KernelPersistence,
  KernelSchedulerFlag,
  KernelTunnel,
  Operation,
  ServiceConfig,
} from '../../src/domain/table.js';
import { KERNEL_METHODS } from '../../src/domain/table.js';
import {
  deleteDestination,
  deleteService,
  newDestination,
  newService,
  setDestination,
  setService,
} from './operations.js';

interface ServiceChoices {
  readonly schedulers: Arbitrary<string>;
  readonly engines: Arbitrary<string>;
  readonly timeouts: Arbitrary<number>;
  readonly prefixLengths: Arbitrary<number>;
}

interface DestinationChoices {
  readonly ports: Arbitrary<number>;
  readonly weights: Arbitrary<number>;
  readonly thresholds: Arbitrary<number>;
}

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const family = fc.constantFrom<Family>('ipv4', 'ipv6');
const protocol = fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const);
const schedulerFlags = fc.subarray<KernelSchedulerFlag>(['flag-1', 'flag-2', 'flag-3']);
const ipv4 = fc.tuple(...Array.from({ length: 4 }, () => fc.nat(255))).map((bytes) => bytes.join('.'));
const ipv6 = fc.ipV6().map((text) => canonicalAddress(text) ?? '::');
const address = fc.oneof(ipv4, ipv6);

/** Plain objects, as strict deep equality wants them. */
function record<T>(members: { [K in keyof T]: Arbitrary<T[K]> }): Arbitrary<T> {
  return fc.record(members, { noNullPrototype: true });
}

function moduleName(maxLength: number): Arbitrary<string> {
  const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789_-');
  return fc.string({ unit: letter, minLength: 1, maxLength });
}

export const anyFrontend: Arbitrary<Frontend> = fc.oneof(
  record({ protocol, address, port: u16 }),
  record({ fwmark: fc.integer({ min: 1, max: 0xffffffff }), family }),
);

export const anyBackend: Arbitrary<Backend> = record({ address, port: u16 });

const anyServiceChoices: ServiceChoices = {
  schedulers: moduleName(15),
  engines: moduleName(16),
  timeouts: u32,
  prefixLengths: u32,
};

const anyDestinationChoices: DestinationChoices = { ports: u16, weights: u32, thresholds: u32 };

/** Wire-representable attributes of a service of this family; the kernel would refuse many of them. */
export function anyServiceConfig(of: Family): Arbitrary<ServiceConfig> {
  return serviceConfig(of, anyServiceChoices);
}

export const anyDestinationConfig: Arbitrary<DestinationConfig> = destinationConfig(anyDestinationChoices);

export const anyOperation: Arbitrary<Operation> = operations(anyFrontend, anyBackend, {
  ...anyServiceChoices,
  ...anyDestinationChoices,
});

function serviceConfig(of: Family, choices: ServiceChoices): Arbitrary<ServiceConfig> {
  const persistence: Arbitrary<KernelPersistence> = record({
    timeoutSeconds: choices.timeouts,
    netmask: of === 'ipv4' ? ipv4 : choices.prefixLengths.map(String),
    engine: fc.option(choices.engines),
  });
  return record({
    scheduler: choices.schedulers,
    schedulerFlags,
    onePacket: fc.boolean(),
    persistence: fc.option(persistence, { freq: 3 }),
  });
}

function destinationConfig({ ports, weights, thresholds }: DestinationChoices): Arbitrary<DestinationConfig> {
  const limits = { weight: weights, upperThreshold: thresholds, lowerThreshold: thresholds };
  const tunnel: Arbitrary<KernelTunnel> = record({
    type: fc.constantFrom('ipip' as const, 'gue' as const, 'gre' as const),
    port: ports,
    checksum: fc.constantFrom('none' as const, 'csum' as const, 'remcsum' as const),
  });
  return fc.oneof(
    record({
      method: fc.constantFrom(...KERNEL_METHODS.filter((method) => method !== 'tun')),
      ...limits,
      tunnel: fc.constant(null),
    }),
    record({ method: fc.constant('tun' as const), ...limits, tunnel }),
  );
}

function operations(
  frontends: Arbitrary<Frontend>,
  backends: Arbitrary<Backend>,
  choices: ServiceChoices & DestinationChoices,
): Arbitrary<Operation> {
  const serviceWrites = frontends.chain((frontend) =>
    fc
      .tuple(fc.constantFrom(newService, setService), serviceConfig(familyOf(frontend), choices))
      .map(([write, config]) => write(frontend, config)),
  );
  const destinationWrites = fc
    .tuple(fc.constantFrom(newDestination, setDestination), frontends, backends, destinationConfig(choices))
    .map(([write, frontend, backend, config]) => write(frontend, backend, config));
  const destinationDeletes = fc
    .tuple(frontends, backends)
    .map(([frontend, backend]) => deleteDestination(frontend, backend));
  return fc.oneof(
    { weight: 12, arbitrary: serviceWrites },
    { weight: 1, arbitrary: frontends.map(deleteService) },
    { weight: 20, arbitrary: destinationWrites },
    { weight: 4, arbitrary: destinationDeletes },
  );
}

/** Few enough to meet again and again; fwmark 0 is the kernel's word for "no mark". */
const nearFrontend = fc.constantFrom<Frontend>(
  { protocol: 'tcp', address: '10.0.0.1', port: 80 },
  { protocol: 'udp', address: '10.0.0.1', port: 80 },
  { protocol: 'sctp', address: '10.0.0.1', port: 0 },
  { protocol: 'tcp', address: '2001:db8::1', port: 80 },
  { protocol: 'tcp', address: '0.0.0.0', port: 0 },
  { fwmark: 1, family: 'ipv4' },
  { fwmark: 1, family: 'ipv6' },
  { fwmark: 0, family: 'ipv4' },
  { fwmark: 0xffffffff, family: 'ipv4' },
);

const nearBackend: Arbitrary<Backend> = record({
  address: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('10.9.0.1', '10.9.0.2', '2001:db8:9::1', '2001:db8:9::2') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        ...[
          '0.0.0.0',
          '0.1.2.3',
          '127.0.0.1',
          '127.255.255.255',
          '224.0.0.1',
          '240.0.0.1',
          '255.255.255.255',
        ],
        ...['::', '::1', '::ffff:10.9.0.1', 'fe80::1', 'fec0::1', 'ff02::1'],
      ),
    },
  ),
  port: fc.constantFrom(0, 80, 8080),
});

/** Valid and invalid operations over a few keys, chosen so that they often meet what an earlier one left. */
export const nearOperation: Arbitrary<Operation> = operations(nearFrontend, nearBackend, {
  schedulers: mostly(
    ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'fo', 'ovf', 'mh', 'none'],
    ['twos', '', 'x'.repeat(15), 'x'.repeat(16)],
  ),
  engines: mostly(['sip'], ['nix', '', 'x'.repeat(16), 'x'.repeat(17)]),
  timeouts: mostly([0, 1, 300, 86_400], [42_949_672, 42_949_673, 0x7fffffff, 0xffffffff, 2 ** 32 + 5]),
  prefixLengths: mostly([1, 64, 128], [0, 129, 0xffffffff]),
  ports: mostly([6080, 65_535], [0]),
  weights: mostly([0, 1, 100, 65_535], [65_536, 0x7fffffff, 0x80000000, 0xffffffff, -1, 2 ** 32 + 5]),
  thresholds: mostly([0, 0, 1, 1000], [0x7fffffff, 0x80000000, 0xffffffff, -1, 2 ** 32 + 5]),
});

/** One in nine is rare. */
function mostly<T>(common: readonly T[], rare: readonly T[]): Arbitrary<T> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...common) },
    { weight: 1, arbitrary: fc.constantFrom(...rare) },
  );
}
