import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc, { type Arbitrary } from 'fast-check';
import type { Control } from '../../src/control/control.js';
import type { EntryConfig } from '../../src/domain/entry.js';
import { DomainError } from '../../src/domain/errors.js';
import { addressKey, entryKindOf, frontendKey, frontendKeyOf, snatKey } from '../../src/domain/keys.js';
import { mergePatch } from '../../src/domain/merge-patch.js';
import { type Names, nameOf, namesOf, parentPath, pathOf } from '../../src/domain/names.js';
import type { ClusterSpec } from '../../src/domain/schema/cluster.js';
import type { VirtualServiceSpec } from '../../src/domain/schema/virtual-service.js';
import type { Operation, TableEntry } from '../../src/domain/table.js';
import type { OwnedEntry } from '../../src/store/store.js';
import {
  changedKeys,
  childrenOf,
  depthOf,
  desiredOf,
  documentOf,
  handedOver,
  isInvalid,
  isUnwelcome,
  type Model,
  type ModelEntry,
  normalised,
  servedKeys,
  vipsOf,
} from '../support/cluster-model.js';
import { admin, createWorld, type Life, type World } from '../support/control-world.js';
import { newDestination, newService, plainDestination, plainService } from '../support/operations.js';

const BROADCAST = '10.0.0.255';
const FRONTENDS = [
  { protocol: 'tcp', address: '192.0.2.1', port: 80 },
  { protocol: 'tcp', address: '192.0.2.2', port: 80 },
  { protocol: 'udp', address: '2001:db8::1', port: 53 },
  { fwmark: 7, family: 'ipv4' },
] as const;

type Node = { spec: object; virtualServices?: Nodes; realServers?: Nodes };
type Nodes = Record<string, Node>;

type Step =
  | { readonly do: 'create' | 'replace' | 'update'; readonly path: string; readonly spec: object }
  | { readonly do: 'delete'; readonly path: string; readonly cascade: boolean }
  | { readonly do: 'define'; readonly path: string; readonly document: Node }
  | { readonly do: 'outage' | 'recovery' | 'reconcile' }
  | { readonly do: 'spoil'; readonly pick: number; readonly by: 'edit' | 'delete' }
  | { readonly do: 'intrude' | 'leave' | 'spoil-host'; readonly pick: number };

const optional = <T>(value: Arbitrary<T>) => fc.option(value, { nil: undefined });

function spec(members: Record<string, Arbitrary<unknown>>): Arbitrary<object> {
  return fc
    .record(members, { noNullPrototype: true })
    .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));
}

const pool = { addresses: ['198.51.100.1', '2001:db8:9::1'] };
const forwarding = fc.constantFrom(
  { method: 'nat' },
  { method: 'nat' },
  { method: 'dr' },
  { method: 'fullnat' },
  { method: 'fullnat', snat: pool },
);
const vip = fc.constantFrom(null, 'eth0', 'eth0', 'eth1').map((name) => ({ interface: name }));
const persistence = fc.constantFrom(null, null, { timeoutSeconds: 60 });
const scheduler = fc.constantFrom('wlc', 'rr');
const clusterSpec = spec({ forwarding, vip: optional(vip), description: fc.constantFrom('', 'text') });
const serviceSpec = fc
  .tuple(fc.constantFrom(...FRONTENDS), spec({ scheduler, persistence, forwarding: optional(forwarding) }))
  .map(([frontend, rest]) => ({ ...frontend, ...rest }));
const serverAddress = fc.constantFrom('10.0.0.1', '10.0.0.2', '2001:db8::9', BROADCAST);
const serverSpec = spec({
  address: serverAddress,
  port: fc.constantFrom(undefined, undefined, 8080),
  weight: fc.nat(3),
  adminState: fc.constantFrom('active', 'active', 'drain', 'disabled'),
  forwarding: fc.constantFrom(undefined, undefined, undefined, { method: 'dr' }, { method: 'fullnat' }),
});
const specs = [clusterSpec, serviceSpec, serverSpec];
const patches = [
  spec({
    forwarding: optional(forwarding),
    vip: optional(vip),
    description: optional(fc.constant('patched')),
  }),
  spec({
    scheduler: optional(scheduler),
    port: fc.constantFrom(undefined, 81),
    persistence: optional(persistence),
  }),
  spec({
    weight: optional(fc.nat(3)),
    adminState: fc.constantFrom(undefined, 'active', 'disabled'),
    address: optional(serverAddress),
  }),
];

const clusterPath = fc.constantFrom('a', 'b').map((cluster) => pathOf({ project: 'default', cluster }));
const servicePath = fc
  .tuple(clusterPath, fc.constantFrom('x', 'y'))
  .map(([at, name]) => `${at}/virtual-services/${name}`);
const serverPath = fc
  .tuple(servicePath, fc.constantFrom('m', 'n'))
  .map(([at, name]) => `${at}/real-servers/${name}`);
const anyPath = fc.oneof(clusterPath, servicePath, servicePath, serverPath, serverPath, serverPath);

function withSpec(
  method: 'create' | 'replace' | 'update',
  choices: readonly Arbitrary<object>[],
): Arbitrary<Step> {
  return anyPath.chain((path) =>
    (choices[depthOf(path)] ?? fc.constant({})).map((chosen) => ({ do: method, path, spec: chosen })),
  );
}

function dictionary(names: readonly string[], node: Arbitrary<Node>): Arbitrary<Nodes> {
  return fc.dictionary(fc.constantFrom(...names), node, { maxKeys: 2, noNullPrototype: true });
}

const serverNodes = dictionary(
  ['m', 'n'],
  serverSpec.map((one) => ({ spec: one })),
);
const serviceNodes = dictionary(
  ['x', 'y'],
  fc.tuple(serviceSpec, serverNodes).map(([one, realServers]) => ({ spec: one, realServers })),
);
const definition = fc
  .tuple(clusterSpec, serviceNodes)
  .map(([one, virtualServices]) => ({ spec: one, virtualServices }));
const pick = fc.nat(20);

const step: Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: withSpec('create', specs) },
  { weight: 6, arbitrary: withSpec('replace', specs) },
  { weight: 6, arbitrary: withSpec('update', patches) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('delete' as const), path: anyPath, cascade: fc.boolean() }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('define' as const), path: clusterPath, document: definition }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'outage' as const }) },
  { weight: 2, arbitrary: fc.constantFrom({ do: 'recovery' as const }, { do: 'reconcile' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('spoil' as const), pick, by: fc.constantFrom('edit', 'delete') }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('intrude' as const, 'leave' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('spoil-host' as const), pick }) },
);

/** Everything that a run knows. */
interface Run {
  readonly world: World;
  readonly life: Life;
  model: Model;
  available: boolean;
  /** Entries of somebody else, as they were made. */
  readonly foreign: Map<string, TableEntry>;
}

type Expected = 'done' | 'CREATED_ALREADY' | 'NOT_FOUND' | 'HAS_CHILDREN' | 'INVALID' | 'TAKEN' | 'REFUSED';

const CODES: Record<Exclude<Expected, 'done'>, readonly string[]> = {
  CREATED_ALREADY: ['NAME_TAKEN'],
  NOT_FOUND: ['CLUSTER_NOT_FOUND', 'VIRTUAL_SERVICE_NOT_FOUND', 'REAL_SERVER_NOT_FOUND'],
  HAS_CHILDREN: ['HAS_CHILDREN'],
  INVALID: [
    'VALIDATION_FAILED',
    'FAMILY_MISMATCH',
    'PORT_MAPPING_UNSUPPORTED',
    'FRONTEND_AMBIGUOUS',
    'FULLNAT_NOT_SHARED',
    'SNAT_NEEDS_FULLNAT',
    'SNAT_NOT_SHARED',
  ],
  TAKEN: ['FRONTEND_TAKEN', 'REAL_SERVER_TAKEN', 'VIP_INTERFACE_TAKEN'],
  REFUSED: ['KERNEL_REFUSED', 'FOREIGN_ENTRY'],
};

type WriteStep = Extract<Step, { path: string }>;

/** What the model becomes when the step succeeds, or why it cannot. */
function next(model: Model, one: WriteStep): Model | 'CREATED_ALREADY' | 'NOT_FOUND' | 'HAS_CHILDREN' {
  const { path } = one;
  if (depthOf(path) > 0 && !model.has(parentPath(path))) return 'NOT_FOUND';
  if (one.do === 'create' && model.has(path)) return 'CREATED_ALREADY';
  if ((one.do === 'update' || one.do === 'delete') && !model.has(path)) return 'NOT_FOUND';
  const after = new Map(model);
  if (one.do === 'delete') {
    const children = childrenOf(model, path);
    if (children.length > 0 && !one.cascade) return 'HAS_CHILDREN';
    for (const gone of [path, ...children]) after.delete(gone);
  } else if (one.do === 'define') {
    for (const gone of childrenOf(model, path)) after.delete(gone);
    addTree(after, path, one.document);
  } else {
    const chosen = one.do === 'update' ? mergePatch(model.get(path), one.spec) : one.spec;
    after.set(path, normalised(path, chosen as object));
  }
  return after;
}

function addTree(model: Map<string, unknown>, path: string, node: Node): void {
  model.set(path, normalised(path, node.spec));
  for (const [name, child] of Object.entries(node.virtualServices ?? {}))
    addTree(model, `${path}/virtual-services/${name}`, child);
  for (const [name, child] of Object.entries(node.realServers ?? {}))
    addTree(model, `${path}/real-servers/${name}`, child);
}

function desired(model: Model): Map<string, ModelEntry> {
  return desiredOf(model) ?? assert.fail('the model holds two entries of one key');
}

async function write(run: Run, one: WriteStep): Promise<void> {
  const after = next(run.model, one);
  const foreign = new Set(run.foreign.keys());
  let expected: Expected = 'done';
  let changed: string[] = [];
  let unclear = false;
  if (typeof after === 'string') expected = after;
  else if (isInvalid(after)) expected = 'INVALID';
  else if (!desiredOf(after) || !vipsOf(after)) expected = 'TAKEN';
  else {
    changed = changedKeys(desired(run.model), desired(after));
    // an address may pass on to another service, or be left until its last one goes, without a change of the host
    unclear =
      hasAddresses(run.life) ||
      vipsOf(after)?.size !== 0 ||
      (changed.length > 0 &&
        handedOver(changed, desired(run.model), desired(after)).length === changed.length);
    const refused = changed.some((key) => desired(after).has(key) && isUnwelcome(key, foreign, BROADCAST));
    if (run.available && refused) expected = 'REFUSED';
  }
  try {
    const pending = await perform(run.life.control, one);
    assert.equal('done', expected);
    // What is only handed over is pending when it was before.
    if (run.available || !unclear) assert.equal(pending, !run.available && changed.length > 0);
    run.model = after as Model;
  } catch (error) {
    if (!(error instanceof DomainError) || expected === 'done') throw error;
    assert.ok(
      CODES[expected].includes(error.reason),
      `${error.reason} instead of ${expected}: ${error.message}`,
    );
  }
}

/** Carries it out; whether it is pending. */
async function perform(control: Control, one: WriteStep): Promise<boolean> {
  const names = namesOf(one.path);
  const resources = [control.clusters, control.virtualServices, control.realServers][depthOf(one.path)];
  assert.ok(resources);
  if (one.do === 'delete') {
    const answer = await resources.delete(admin, names, { cascade: one.cascade });
    return 'pending' in answer && answer.pending;
  }
  if (one.do === 'define') {
    const answer = await control.definitions.replace(admin, names, one.document, {});
    return 'resource' in answer && answer.pending;
  }
  const body = { spec: one.spec };
  const answer =
    one.do === 'create'
      ? await resources.create(admin, namesOf(parentPath(one.path)), { name: nameOf(one.path), ...body }, {})
      : await resources[one.do](admin, names, body, {});
  assert.ok('resource' in answer);
  const { status } = answer.resource;
  if (answer.pending) assert.notEqual(status.state, 'applied');
  return answer.pending;
}

/** Somebody with ipvsadm; nothing gets through while the kernel is away. */
async function byHand(run: Run, one: Extract<Step, { pick: number }>): Promise<void> {
  if (!run.available) return;
  const table = [...(await run.world.hand.read()).values()];
  // While a write is pending its key may be ours in the store and somebody else's in the kernel.
  const owned = table.filter(
    ({ key }) => !run.foreign.has(frontendKeyOf(key)) && run.life.store.read((reader) => reader.entry(key)),
  );
  const target = owned[one.pick % Math.max(1, owned.length)];
  if (one.do === 'spoil' && target) await run.world.hand.apply([spoiling(target, one.by)]);
  if (one.do === 'spoil-host') await spoilHost(run, one.pick);
  const frontend = FRONTENDS[one.pick % FRONTENDS.length];
  assert.ok(frontend);
  const key = frontendKey(frontend);
  if (one.do === 'intrude' && run.life.store.read((reader) => reader.entriesOfFrontend(key)).length === 0) {
    const mine = [
      newService(frontend, { scheduler: 'dh' }),
      newDestination(frontend, { address: '10.0.0.1', port: 80 }, { weight: 77 }),
    ];
    await run.world.hand.apply(mine);
    for (const [held, entry] of await run.world.hand.readServices([key])) run.foreign.set(held, entry);
  }
  if (one.do === 'leave' && run.foreign.has(key)) {
    await run.world.hand.apply([{ command: 'DEL_SERVICE', key, frontend }]);
    for (const held of [...run.foreign.keys()]) if (frontendKeyOf(held) === key) run.foreign.delete(held);
  }
}

/** Takes away one address or spoils the source NAT of one frontend. */
async function spoilHost({ world: { host } }: Run, pick: number): Promise<void> {
  const driver = host.open();
  const addresses = (await driver.readAddresses()).filter(({ ours }) => ours);
  const frontends = [...(await driver.readSnat()).keys()];
  const index = pick % Math.max(1, addresses.length + frontends.length);
  const [address, frontend] = [addresses[index], frontends[index - addresses.length]];
  if (address) host.removeAddress(address.address, address.interface);
  if (frontend !== undefined)
    host.editSnat(frontend, pick % 2 === 0 ? null : { addresses: ['198.51.100.9'] });
}

function spoiling(target: TableEntry, by: 'edit' | 'delete'): Operation {
  const { key, frontend } = target;
  if (target.kind === 'service') {
    return by === 'delete'
      ? { command: 'DEL_SERVICE', key, frontend }
      : { command: 'SET_SERVICE', key, frontend, config: { ...plainService, scheduler: 'sed' } };
  }
  const { backend } = target;
  return by === 'delete'
    ? { command: 'DEL_DEST', key, frontend, backend }
    : {
        command: 'SET_DEST',
        key,
        frontend,
        backend,
        config: { ...plainDestination, method: 'nat', weight: 99 },
      };
}

async function take(run: Run, one: Step): Promise<void> {
  if ('path' in one) await write(run, one);
  else if ('pick' in one) await byHand(run, one);
  else if (one.do === 'reconcile') await run.life.control.directors.reconcile(admin, 'local');
  else {
    run.available = one.do === 'recovery';
    run.world.kernel.setAvailable(run.available);
    run.world.host.setAvailable(run.available);
  }
}

async function check(run: Run): Promise<void> {
  const { control, store } = run.life;
  await take(run, { do: 'recovery' });
  await take(run, { do: 'reconcile' });
  const foreign = new Set(run.foreign.keys());
  const wanted = desired(run.model);
  const table = await run.world.hand.read();

  const welcome = [...wanted].filter(([key]) => !isUnwelcome(key, foreign, BROADCAST));
  const expected = new Map(welcome.map(([key, { config }]) => [key, config] as const));
  for (const [key, entry] of run.foreign) expected.set(key, entry.config);
  const host = run.world.host.open();
  const actual = new Map([...table].map(([key, { config }]) => [key, config as EntryConfig]));
  for (const [frontend, config] of await host.readSnat()) actual.set(snatKey(frontend), config);
  assert.deepEqual(actual, expected);
  const asked = vipsOf(run.model) ?? assert.fail('the model has an address on two interfaces');
  const own = (await host.readAddresses()).filter(({ ours }) => ours);
  const bound = new Map(own.map((one) => [addressKey(one.address), one.interface]));
  assert.equal(own.length, bound.size);
  for (const [key, name] of asked) assert.equal(bound.get(key), name, key);
  // what nobody asks for any more is left as long as it has a service
  const left = [...bound.keys()].filter((key) => !asked.has(key));
  assert.deepEqual(
    left.filter((key) => !servedKeys(run.model).has(key)),
    [],
  );

  const entries = store.read((reader) => reader.entries({ after: '', limit: 1000 }));
  const [addresses, others] = [true, false].map((isAddress) =>
    entries.filter(({ key }) => (entryKindOf(key) === 'address') === isAddress),
  ) as [OwnedEntry[], OwnedEntry[]];
  assert.deepEqual(new Map(others.map(({ key, path, config }) => [key, { path, config }])), wanted);
  assert.ok(others.every(({ state }) => state === 'living'));
  for (const { key, path, state } of addresses) {
    assert.equal(state, asked.has(key) ? 'living' : 'draining', key);
    if (!asked.has(key)) continue;
    assert.equal(addressKey((run.model.get(path) as VirtualServiceSpec).address ?? ''), key);
    assert.notEqual((run.model.get(parentPath(path)) as ClusterSpec).vip.interface, null);
  }
  assert.deepEqual(
    addresses.map(({ key }) => key),
    [...bound.keys()].sort(),
  );

  const unwelcome = [...wanted]
    .filter(([key]) => isUnwelcome(key, foreign, BROADCAST))
    .map(([, { path }]) => path);
  for (const path of run.model.keys()) {
    const refused = unwelcome.some((one) => one === path || one.startsWith(`${path}/`));
    assert.equal(await stateOf(control, namesOf(path)), refused ? 'refused' : 'applied', path);
    if (depthOf(path) > 0) continue;
    const { definition: document } = await control.definitions.get(admin, namesOf(path));
    assert.deepEqual(document, documentOf(run.model, path));
  }
  assert.equal((await control.auditEvents.integrity(admin)).intact, true);
}

function hasAddresses({ store }: Life): boolean {
  const [first] = store.read((reader) => reader.entries({ after: addressKey(''), limit: 1 }));
  return first !== undefined && entryKindOf(first.key) === 'address';
}

async function stateOf(control: Control, names: Names): Promise<string> {
  const resources = names.realServer
    ? control.realServers
    : names.virtualService
      ? control.virtualServices
      : control.clusters;
  return (await resources.get(admin, names)).status.state;
}

test('whatever is asked in whatever order, the kernel holds the definitions, what is foreign, and nothing else', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), async (steps) => {
      const world = createWorld(t, { localBroadcasts: [BROADCAST], host: { interfaces: ['eth0', 'eth1'] } });
      const run: Run = {
        world,
        life: await world.start(),
        model: new Map(),
        available: true,
        foreign: new Map(),
      };
      for (const one of steps) await take(run, one);
      await check(run);
      await run.life.stop();
    }),
    { numRuns: 100 },
  );
});
