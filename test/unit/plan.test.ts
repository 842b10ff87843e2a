import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc, { type Arbitrary } from 'fast-check';
import {
  type AddressEntry,
  type DirectorEntry,
  type DirectorTable,
  type EntryConfig,
  type EntryOperation,
  isHostOperation,
} from '../../src/domain/entry.js';
import type { AddressConfig, SnatConfig } from '../../src/domain/host-operation.js';
import { addressKey, destinationKey, frontendKey, frontendKeyOf, snatKey } from '../../src/domain/keys.js';
import {
  type DesiredEntry,
  describeDifference,
  differences,
  inOneBatch,
  operationsFor,
  tableEntryOf,
} from '../../src/domain/plan.js';
import type { DestinationConfig, ServiceConfig } from '../../src/domain/table.js';
import { plainDestination, plainService } from '../support/operations.js';

const FRONTENDS = [
  { protocol: 'tcp', address: '192.0.2.1', port: 80 },
  { protocol: 'udp', address: '2001:db8::1', port: 53 },
  { fwmark: 7, family: 'ipv4' },
] as const;
const BACKENDS = [
  { address: '10.0.0.1', port: 80 },
  { address: '10.0.0.2', port: 80 },
] as const;

const serviceConfig: Arbitrary<ServiceConfig> = fc
  .tuple(fc.constantFrom('wlc', 'rr'), fc.boolean(), fc.constantFrom(null, 60, 300))
  .map(([scheduler, onePacket, timeoutSeconds]) => ({
    ...plainService,
    scheduler,
    onePacket,
    persistence:
      timeoutSeconds === null ? null : { timeoutSeconds, netmask: '255.255.255.255', engine: null },
  }));
const destinationConfig: Arbitrary<DestinationConfig> = fc
  .tuple(fc.constantFrom('nat' as const, 'dr' as const, 'tun' as const), fc.nat(2))
  .map(([method, weight]) => ({
    ...plainDestination,
    method,
    weight,
    tunnel: method === 'tun' ? { type: 'ipip', port: 0, checksum: 'none' } : null,
  }));

const snatConfig: Arbitrary<SnatConfig> = fc.constantFrom(
  { addresses: null },
  { addresses: ['198.51.100.1'] },
  { addresses: ['198.51.100.1', '198.51.100.2'] },
);
const addressConfig: Arbitrary<AddressConfig> = fc
  .constantFrom('eth0', 'eth1')
  .map((name) => ({ interface: name, prefixLength: 32 }));

interface Drawn {
  readonly service: ServiceConfig | null;
  readonly removing: boolean;
  readonly destinations: readonly ({ config: DestinationConfig; removing: boolean } | null)[];
}

const drawn: Arbitrary<Drawn[]> = fc.tuple(
  ...FRONTENDS.map(() =>
    fc.record(
      {
        service: fc.option(serviceConfig, { freq: 4 }),
        removing: fc.boolean(),
        destinations: fc.tuple(
          ...BACKENDS.map(() =>
            fc.option(
              fc.record({ config: destinationConfig, removing: fc.boolean() }, { noNullPrototype: true }),
            ),
          ),
        ),
      },
      { noNullPrototype: true },
    ),
  ),
);

/** Owned entries outside the IPVS table. */
const hostEntries: Arbitrary<DesiredEntry[]> = fc
  .tuple(
    ...FRONTENDS.map((frontend) => hostEntry(snatKey(frontendKey(frontend)), snatConfig)),
    ...['192.0.2.1', '2001:db8::1'].map((address) => hostEntry(addressKey(address), addressConfig)),
  )
  .map((all) => all.flatMap((one) => one ?? []));

function hostEntry(key: string, config: Arbitrary<EntryConfig>): Arbitrary<DesiredEntry | null> {
  const state = fc.constantFrom('living' as const, 'living' as const, 'removing' as const);
  return fc.option(fc.tuple(config, state).map(([some, wanted]) => ({ key, config: some, state: wanted })));
}

/** Owned entries: a service with some destinations; what goes with a service is to go like it. */
const ipvsEntries: Arbitrary<DesiredEntry[]> = drawn.map((all) =>
  all.flatMap(({ service, removing, destinations }, n) => {
    const frontend = FRONTENDS[n];
    if (!service || !frontend) return [];
    const key = frontendKey(frontend);
    const entries: DesiredEntry[] = [{ key, state: removing ? 'removing' : 'living', config: service }];
    destinations.forEach((one, m) => {
      const backend = BACKENDS[m];
      if (!one || !backend) return;
      const state = removing || one.removing ? 'removing' : 'living';
      entries.push({ key: destinationKey(key, backend), state, config: one.config });
    });
    return entries;
  }),
);

const desiredEntries: Arbitrary<DesiredEntry[]> = fc
  .tuple(ipvsEntries, hostEntries)
  .map(([ipvs, host]) => [...host, ...ipvs]);

/** Any kernel table: destinations stand behind services that are there. */
const actualTable: Arbitrary<DirectorTable> = desiredEntries.map(
  (entries) => new Map(entries.map((entry) => [entry.key, tableEntryOf(entry)])),
);

const foreignTable: Arbitrary<DirectorTable> = fc
  .tuple(serviceConfig, destinationConfig)
  .map(([service, destination]) => {
    const key = 'tcp/198.51.100.1:443';
    const entries: DesiredEntry[] = [
      { key, state: 'living', config: service },
      { key: `${key}->10.9.9.9:443`, state: 'living', config: destination },
    ];
    return new Map(entries.map((entry) => [entry.key, tableEntryOf(entry)]));
  });

/** A kernel in its simplest form; anything that a kernel would refuse fails. */
function interpret(table: DirectorTable, operations: readonly EntryOperation[]): DirectorTable {
  const after = new Map(table);
  for (const operation of operations) {
    const { command, key } = operation;
    const serviceKey = frontendKeyOf(key);
    if (key !== serviceKey) assert.ok(after.has(serviceKey), `${command} ${key}: no service`);
    assert.equal(after.has(key), !command.startsWith('NEW'), `${command} ${key}`);
    if ('config' in operation) {
      after.set(key, tableEntryOf({ key, state: 'living', config: operation.config }));
    } else {
      for (const held of [...after.keys()])
        if (held === key || frontendKeyOf(held) === key) after.delete(held);
    }
  }
  return after;
}

/** What must be there in the end: the desired entries, and whatever is not owned, but for what stood in a service that went. */
function wantedTable(desired: readonly DesiredEntry[], actual: DirectorTable): Map<string, DirectorEntry> {
  const wanted = new Map(actual);
  const going = new Set(desired.filter(({ state }) => state === 'removing').map(({ key }) => key));
  for (const key of actual.keys()) if (going.has(key) || going.has(frontendKeyOf(key))) wanted.delete(key);
  for (const entry of desired) if (entry.state === 'living') wanted.set(entry.key, tableEntryOf(entry));
  return wanted;
}

test('the operations make any table what is desired, and leave what is foreign alone', () => {
  fc.assert(
    fc.property(desiredEntries, actualTable, foreignTable, (desired, actual, foreign) => {
      const table = new Map([...actual, ...foreign]);
      const after = interpret(table, operationsFor(differences(desired, table)));
      assert.deepEqual(after, wantedTable(desired, table));
      for (const [key, entry] of foreign) assert.equal(after.get(key), entry);
      assert.deepEqual(differences(desired, after), []);
    }),
    { numRuns: 1000 },
  );
});

/** The order of operations: what carries a service before it, what makes it known after it, and back again. */
const PHASES = [
  ['NEW_SNAT', 'SET_SNAT'],
  ['NEW_SERVICE', 'SET_SERVICE'],
  ['NEW_DEST', 'SET_DEST'],
  ['NEW_ADDRESS', 'SET_ADDRESS'],
  ['DEL_ADDRESS'],
  ['DEL_DEST'],
  ['DEL_SERVICE'],
  ['DEL_SNAT'],
];
const phaseOf = ({ command }: EntryOperation) => PHASES.findIndex((phase) => phase.includes(command));

test('what is made comes first, what goes goes last, each in its order, and nothing twice', () => {
  fc.assert(
    fc.property(desiredEntries, actualTable, (desired, actual) => {
      const operations = operationsFor(differences(desired, actual));
      const phases = operations.map(phaseOf);
      assert.ok(phases.every((phase) => phase >= 0));
      assert.deepEqual(phases, phases.toSorted());
      assert.equal(new Set(operations.map(({ key }) => key)).size, operations.length);
    }),
  );
});

test('several writes in one batch keep their orders, and the host has its turn at most three times', () => {
  const plan = fc
    .tuple(desiredEntries, actualTable)
    .map(([desired, actual]) => operationsFor(differences(desired, actual)));
  fc.assert(
    fc.property(fc.array(plan, { maxLength: 5 }), (plans) => {
      const batch = inOneBatch(plans.flat());
      for (const one of plans) {
        const own = new Set<EntryOperation>(one);
        assert.deepEqual(
          batch.filter((operation) => own.has(operation)),
          one,
        );
      }
      assert.equal(batch.length, plans.flat().length);
      const onHost = batch.map(isHostOperation);
      assert.ok(onHost.filter((host, i) => host && !onHost[i - 1]).length <= 3);
    }),
  );
});

test('an address of others is used where it is wanted, and neither moved nor removed', () => {
  const key = addressKey('192.0.2.1');
  const on = (name: string) => ({ interface: name, prefixLength: 32 });
  const withLongerPrefix = { interface: 'eth0', prefixLength: 24 };
  const commandsFor = (state: DesiredEntry['state'], held: Partial<AddressEntry>) => {
    const entry: AddressEntry = {
      ...{ kind: 'address', key, address: '192.0.2.1', config: on('eth0'), ours: false, elsewhere: [] },
      ...held,
    };
    const found = differences([{ key, state, config: on('eth0') }], new Map([[key, entry]]));
    return operationsFor(found).map(({ command }) => command);
  };
  assert.deepEqual(commandsFor('living', {}), []);
  assert.deepEqual(commandsFor('living', { config: withLongerPrefix }), []);
  assert.deepEqual(commandsFor('living', { config: on('lo'), elsewhere: ['eth0'] }), []);
  assert.deepEqual(commandsFor('living', { config: on('lo') }), ['NEW_ADDRESS']);
  for (const state of ['draining', 'removing'] as const) {
    assert.deepEqual(commandsFor(state, {}), []);
    assert.deepEqual(commandsFor(state, { config: on('lo') }), []);
  }
  assert.deepEqual(commandsFor('removing', { ours: true }), ['DEL_ADDRESS']);
  assert.deepEqual(commandsFor('living', { ours: true, elsewhere: ['eth1'] }), ['SET_ADDRESS']);
  assert.deepEqual(commandsFor('living', { ours: true, config: withLongerPrefix }), ['SET_ADDRESS']);
});

test('an entry that differs is edited in place, never removed and made again', () => {
  fc.assert(
    fc.property(desiredEntries, actualTable, (desired, actual) => {
      const living = new Set(desired.filter(({ state }) => state === 'living').map(({ key }) => key));
      for (const { command, key } of operationsFor(differences(desired, actual))) {
        if (command.startsWith('DEL')) assert.ok(!living.has(key));
        if (command.startsWith('NEW')) assert.ok(!actual.has(key));
      }
    }),
  );
});

test('every attribute counts', () => {
  const key = 'tcp/192.0.2.1:80';
  const persistence = { timeoutSeconds: 300, netmask: '255.255.255.255', engine: null };
  const service: ServiceConfig = { ...plainService, scheduler: 'sh', persistence };
  const services: Partial<ServiceConfig>[] = [
    { scheduler: 'rr' },
    { schedulerFlags: ['flag-1'] },
    { onePacket: true },
    { persistence: null },
    { persistence: { ...persistence, timeoutSeconds: 301 } },
    { persistence: { ...persistence, netmask: '255.255.255.0' } },
    { persistence: { ...persistence, engine: 'sip' } },
  ];
  const tunnel = { type: 'gue', port: 6080, checksum: 'none' } as const;
  const destination: DestinationConfig = { ...plainDestination, method: 'tun', tunnel };
  const destinations: Partial<DestinationConfig>[] = [
    { method: 'dr' },
    { weight: 2 },
    { upperThreshold: 1 },
    { lowerThreshold: 1 },
    { tunnel: null },
    { tunnel: { ...tunnel, type: 'gre' } },
    { tunnel: { ...tunnel, port: 6081 } },
    { tunnel: { ...tunnel, checksum: 'csum' } },
  ];
  const commandsFor = (at: string, have: DesiredEntry['config'], want: DesiredEntry['config']) => {
    const entry = (config: DesiredEntry['config']): DesiredEntry => ({ key: at, state: 'living', config });
    const table = new Map([[at, tableEntryOf(entry(have))]]);
    return operationsFor(differences([entry(want)], table)).map(({ command }) => command);
  };
  assert.deepEqual(commandsFor(key, service, service), []);
  for (const change of services) {
    assert.deepEqual(
      commandsFor(key, { ...service, ...change }, service),
      ['SET_SERVICE'],
      JSON.stringify(change),
    );
    assert.deepEqual(
      commandsFor(key, service, { ...service, ...change }),
      ['SET_SERVICE'],
      JSON.stringify(change),
    );
  }
  for (const change of destinations) {
    const at = `${key}->10.0.0.1:80`;
    assert.deepEqual(
      commandsFor(at, { ...destination, ...change }, destination),
      ['SET_DEST'],
      JSON.stringify(change),
    );
    assert.deepEqual(
      commandsFor(at, destination, { ...destination, ...change }),
      ['SET_DEST'],
      JSON.stringify(change),
    );
  }
});

test('a difference is told in the words of the definition', () => {
  const key = frontendKey(FRONTENDS[0]);
  const desired = { key, state: 'living', config: plainService } as const;
  const told = (actual: DirectorTable, state: DesiredEntry['state'] = 'living') =>
    differences([{ ...desired, state }], actual).map(describeDifference);
  const present = tableEntryOf(desired);
  assert.deepEqual(told(new Map()), ['is not in the kernel']);
  assert.deepEqual(told(new Map([[key, present]]), 'removing'), ['is still in the kernel']);
  const persistence = { timeoutSeconds: 60, netmask: '255.255.255.255', engine: null };
  const other = tableEntryOf({ ...desired, config: { ...plainService, scheduler: 'rr', persistence } });
  assert.deepEqual(told(new Map([[key, other]])), [
    'has scheduler rr in the kernel, not wlc, ' +
      'persistence {"timeoutSeconds":60,"netmask":"255.255.255.255","engine":null} in the kernel, not null',
  ]);
});
