/** Random change-sets against a model, and against the same single writes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc, { type Arbitrary } from 'fast-check';
import type { Control } from '../../src/control/control.js';
import { DomainError } from '../../src/domain/errors.js';
import { isWithin, namesOf, parentPath, pathOf } from '../../src/domain/names.js';
import {
  changedKeys,
  childrenOf,
  depthOf,
  desiredOf,
  documentOf,
  isInvalid,
  isUnwelcome,
  type Model,
  type ModelEntry,
  normalised,
} from '../support/cluster-model.js';
import { admin, createWorld, type Life, type World } from '../support/control-world.js';

const BROADCAST = '10.0.0.255';
const FRONTENDS = [
  { protocol: 'tcp', address: '192.0.2.1', port: 80 },
  { protocol: 'tcp', address: '192.0.2.2', port: 80 },
  { protocol: 'tcp', address: '192.0.2.3', port: 80 },
  { protocol: 'tcp', address: '192.0.2.3', port: 81 },
  { protocol: 'udp', address: '192.0.2.1', port: 80 },
  { protocol: 'udp', address: '192.0.2.2', port: 53 },
] as const;

interface Nodes {
  readonly [name: string]: { readonly spec: object; readonly realServers?: Nodes };
}

type Change =
  | { readonly do: 'put'; readonly path: string; readonly spec: object }
  | { readonly do: 'define'; readonly path: string; readonly spec: object; readonly virtualServices: Nodes }
  | { readonly do: 'delete'; readonly path: string; readonly cascade: boolean };

const method = fc.constantFrom('nat', 'nat', 'nat', 'dr').map((one) => ({ method: one }));
const specs: readonly Arbitrary<object>[] = [
  fc.record({ forwarding: method, description: fc.constantFrom('', 'text') }),
  fc
    .tuple(fc.constantFrom(...FRONTENDS), fc.constantFrom('rr', 'wlc'))
    .map(([frontend, scheduler]) => ({ ...frontend, scheduler })),
  fc.record({
    address: fc.constantFrom(
      '10.0.0.1',
      '10.0.0.2',
      '10.0.0.3',
      '10.0.0.4',
      '10.0.0.5',
      '10.0.0.6',
      '10.0.0.7',
      BROADCAST,
    ),
    weight: fc.nat(3),
    adminState: fc.constantFrom('active', 'active', 'active', 'drain', 'disabled'),
  }),
];
const specOf = (depth: number) => specs[depth] ?? fc.constant({});

const cluster = fc.constantFrom('a', 'b').map((name) => pathOf({ project: 'default', cluster: name }));
const below = (parent: Arbitrary<string>, segment: string, names: readonly string[]) =>
  fc.tuple(parent, fc.constantFrom(...names)).map(([at, name]) => `${at}/${segment}/${name}`);
const service = below(cluster, 'virtual-services', ['x', 'y']);
const realServer = below(service, 'real-servers', ['m', 'n']);
const anyPath = fc.oneof(cluster, service, service, realServer, realServer);

const dictionary = <T>(names: readonly string[], value: Arbitrary<T>) =>
  fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 2, noNullPrototype: true });
const servers: Arbitrary<Nodes> = dictionary(
  ['m', 'n'],
  specOf(2).map((spec) => ({ spec })),
);
const services: Arbitrary<Nodes> = dictionary(
  ['x', 'y'],
  fc.tuple(specOf(1), servers).map(([spec, realServers]) => ({ spec, realServers })),
);

const change: Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: anyPath.chain((path) =>
      specOf(depthOf(path)).map((spec): Change => ({ do: 'put', path, spec })),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('delete' as const), path: anyPath, cascade: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('define' as const),
      path: cluster,
      spec: specOf(0),
      virtualServices: services,
    }),
  },
);
const changeSet = fc.uniqueArray(change, {
  minLength: 1,
  maxLength: 8,
  selector: ({ path }) => path,
  size: 'max',
});

const step = fc.record({ isTidy: fc.constantFrom(true, true, true, false), set: changeSet });

/** Without the changes that exclude others, or are about what is not there: most sets would be refused for one of them. */
function tidied(model: Model, changes: readonly Change[]): readonly Change[] {
  const kept: Change[] = [];
  const byDepth = [...changes].sort((a, b) => depthOf(a.path) - depthOf(b.path));
  for (const one of byDepth) {
    const above = kept.filter(({ path }) => one.path.startsWith(`${path}/`));
    if (above.some((other) => other.do === 'define' || (other.do === 'delete' && one.do !== 'delete')))
      continue;
    if (one.do === 'delete' && !model.has(one.path)) continue;
    const parent = parentPath(one.path);
    const isOrphan = depthOf(one.path) > 0 && !model.has(parent) && !kept.some(({ path }) => path === parent);
    if (!isOrphan) kept.push(one);
  }
  return changes.filter((one) => kept.includes(one));
}

const MISSING = ['CLUSTER_NOT_FOUND', 'VIRTUAL_SERVICE_NOT_FOUND', 'REAL_SERVER_NOT_FOUND'];
const INVALID = ['VALIDATION_FAILED', 'PORT_MAPPING_UNSUPPORTED'];

/** What the model becomes by a change-set, or the reasons of which one must be the answer. */
function next(model: Model, changes: readonly Change[]): { after: Model } | { reasons: readonly string[] } {
  /** Deletions go from the leaves up: what is below one may be gone when its turn comes, by another in between. */
  const isGone = (path: string, from: Change) =>
    changes.some(
      (one) =>
        one !== from &&
        one.do === 'delete' &&
        isWithin(one.path, from.path) &&
        (one.path === path || (one.cascade && isWithin(path, one.path))),
    );
  for (const one of changes) {
    for (let above = parentPath(one.path); depthOf(above) >= 0; above = parentPath(above)) {
      const other = changes.find(({ path }) => path === above);
      if (other?.do === 'define' || (other?.do === 'delete' && one.do !== 'delete'))
        return { reasons: ['CHANGES_COLLIDE', ...INVALID] };
    }
  }
  const reasons: string[] = [];
  const after = new Map(model);
  for (const one of changes) {
    if (one.do !== 'delete') continue;
    const children = childrenOf(model, one.path);
    if (!model.has(one.path)) reasons.push(...MISSING);
    if (!one.cascade && children.some((path) => !isGone(path, one))) reasons.push('HAS_CHILDREN');
    for (const gone of [one.path, ...children]) after.delete(gone);
  }
  for (const one of changes) {
    if (one.do === 'delete') continue;
    if (one.do === 'define') for (const gone of childrenOf(model, one.path)) after.delete(gone);
    for (const [path, spec] of resourcesOf(one)) after.set(path, normalised(path, spec));
  }
  const orphans = [...after.keys()].filter((path) => depthOf(path) > 0 && !after.has(parentPath(path)));
  if (orphans.length > 0) reasons.push(...MISSING);
  else if (isInvalid(after)) reasons.push(...INVALID);
  else if (!desiredOf(after)) reasons.push('FRONTEND_TAKEN', 'REAL_SERVER_TAKEN');
  else if (newlyRefused(model, after)) reasons.push('KERNEL_REFUSED');
  return reasons.length > 0 ? { reasons } : { after };
}

function resourcesOf(one: Exclude<Change, { do: 'delete' }>): [path: string, spec: object][] {
  if (one.do === 'put') return [[one.path, one.spec]];
  return [
    [one.path, one.spec],
    ...Object.entries(one.virtualServices).flatMap(([name, { spec, realServers = {} }]) => {
      const path = `${one.path}/virtual-services/${name}`;
      const behind = Object.entries(realServers).map(([server, node]): [string, object] => [
        `${path}/real-servers/${server}`,
        node.spec,
      ]);
      return [[path, spec] as [string, object], ...behind];
    }),
  ];
}

function desired(model: Model): Map<string, ModelEntry> {
  return desiredOf(model) ?? assert.fail('the model holds two entries of one key');
}

function newlyRefused(before: Model, after: Model): boolean {
  const wanted = desired(after);
  return changedKeys(desired(before), wanted).some(
    (key) => wanted.has(key) && isUnwelcome(key, new Set(), BROADCAST),
  );
}

function itemOf(one: Change): object {
  if (one.do === 'put') return { put: { resource: one.path, spec: one.spec } };
  if (one.do === 'delete') return { delete: { resource: one.path, cascade: one.cascade } };
  const definition = { spec: one.spec, virtualServices: one.virtualServices };
  return { putDefinition: { resource: one.path, definition } };
}

/** The same by single writes: from the leaves up what goes, from the clusters down what comes. */
async function oneByOne(control: Control, changes: readonly Change[]): Promise<void> {
  const byDepth = [...changes].sort((a, b) => depthOf(a.path) - depthOf(b.path));
  const ofKind = (path: string) =>
    [control.clusters, control.virtualServices, control.realServers][depthOf(path)] ?? control.clusters;
  for (const one of byDepth.toReversed()) {
    if (one.do !== 'delete') continue;
    await ofKind(one.path).delete(admin, namesOf(one.path), { cascade: one.cascade, drain: false });
  }
  for (const one of byDepth) {
    const names = namesOf(one.path);
    if (one.do === 'put') await ofKind(one.path).replace(admin, names, { spec: one.spec }, { drain: false });
    if (one.do !== 'define') continue;
    const { spec, virtualServices } = one;
    await control.definitions.replace(admin, names, { spec, virtualServices }, { drain: false });
  }
}

async function assertIs({ control, store }: Life, world: World, model: Model): Promise<void> {
  const wanted = desired(model);
  const actual = new Map([...(await world.hand.read())].map(([key, { config }]) => [key, config]));
  assert.deepEqual(actual, new Map([...wanted].map(([key, { config }]) => [key, config])));
  const entries = store.read((reader) => reader.entries({ after: '', limit: 1000 }));
  assert.deepEqual(new Map(entries.map(({ key, path, config }) => [key, { path, config }])), wanted);
  const { items } = await control.clusters.list(admin, { project: 'default' }, {});
  const clusters = [...model.keys()].filter((path) => depthOf(path) === 0).sort();
  assert.deepEqual(
    items.map(({ name }) => pathOf({ project: 'default', cluster: name })),
    clusters,
  );
  for (const path of clusters) {
    const { definition } = await control.definitions.get(admin, namesOf(path));
    assert.deepEqual(definition, documentOf(model, path));
  }
}

test('a change-set does what its changes say, or nothing; where single writes can do it, they do the same', async (t) => {
  const seen = { done: 0, refused: 0, kernel: 0, same: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 12, size: 'max' }), async (steps) => {
      const world = createWorld(t, { localBroadcasts: [BROADCAST] });
      const twin = createWorld(t, { localBroadcasts: [BROADCAST] });
      const [life, other] = [await world.start(), await twin.start()];
      let model: Model = new Map();
      for (const { isTidy, set } of steps) {
        const changes = isTidy ? tidied(model, set) : set;
        if (changes.length === 0) continue;
        const body = { changes: changes.map(itemOf) };
        const expected = next(model, changes);
        const before = life.store.read((reader) => reader.revision());
        const answer = await life.control.changeSets
          .create(admin, body, { drain: false })
          .catch((error: unknown) => error);
        if ('reasons' in expected) {
          assert.ok(answer instanceof DomainError, `it was done, and not ${expected.reasons}`);
          assert.ok(expected.reasons.includes(answer.reason), `${answer.stack}, not ${expected.reasons}`);
          assert.ok(answer.violations.every(({ pointer }) => pointer.startsWith('/changes/')));
          seen.refused += 1;
          if (answer.reason === 'KERNEL_REFUSED') seen.kernel += 1;
          else
            assert.equal(
              life.store.read((reader) => reader.revision()),
              before,
            );
        } else {
          if (answer instanceof Error) throw answer;
          model = expected.after;
          seen.done += 1;
          const isSame = await oneByOne(other.control, changes).then(
            () => true,
            (error: unknown) => {
              // one after the other, a frontend is not free when another comes to take it, or the kernel refuses half
              if (!(error instanceof DomainError)) throw error;
              return false;
            },
          );
          if (isSame) seen.same += 1;
          else await catchUp(other.control, model);
          await assertIs(other, twin, model);
        }
        await assertIs(life, world, model);
      }
      assert.equal((await life.control.auditEvents.integrity(admin)).intact, true);
      await Promise.all([life.stop(), other.stop()]);
    }),
    { numRuns: 25 },
  );
  t.diagnostic(JSON.stringify(seen));
  for (const [what, count] of Object.entries(seen)) assert.ok(count >= 3, `${what}: ${count}`);
});

/** Makes it what the model is, from whatever half of the single writes it has. */
async function catchUp(control: Control, model: Model): Promise<void> {
  const { items } = await control.clusters.list(admin, { project: 'default' }, {});
  for (const { name } of items)
    await control.clusters.delete(
      admin,
      { project: 'default', cluster: name },
      { cascade: true, drain: false },
    );
  for (const path of model.keys())
    if (depthOf(path) === 0)
      await control.definitions.replace(admin, namesOf(path), documentOf(model, path), { drain: false });
}
