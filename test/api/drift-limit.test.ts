/** The limit of the drift policy: what a pass that nobody requested may change, and what it counts. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Control } from '../../src/control/control.js';
import type { IpvsDriver } from '../../src/driver/driver.js';
import {
  admin,
  callOf,
  createWorld,
  failsWith,
  frontend,
  frontendText,
  http,
  stored,
  summary,
  systemContext,
  type World,
} from '../support/control-world.js';
import { deleteDestination, deleteService } from '../support/operations.js';
import { addressOf, defineServers, lastPass, nextPass } from '../support/passes.js';

/** With the service, 40 entries: the default limit is 12. */
const SERVERS = 39;
const interval = { intervalSeconds: 0.05 };

async function removeByHand(world: World, count: number): Promise<void> {
  const backends = Array.from({ length: count }, (_, n) => ({ address: addressOf(n), port: 80 }));
  await world.hand.apply(backends.map((backend) => deleteDestination(frontend, backend)));
}

async function sizeOf(world: World): Promise<number> {
  return (await world.hand.read()).size;
}

function driftEvents(control: Control, action = 'reconcile') {
  return control.auditEvents.list(admin, { kind: ['drift'], action, pageSize: 100 });
}

test('drift within the limit is repaired, and beyond it is left to a person', async (t) => {
  const lines: { level: number; outcome?: string }[] = [];
  const log = new Writable({
    write(line, _encoding, done) {
      lines.push(JSON.parse(String(line)));
      done();
    },
  });
  const world = createWorld(t, { ...interval, logger: pino({ level: 'error' }, log) });
  const { control } = await world.start();
  await defineServers(control, SERVERS);
  await removeByHand(world, 12);
  await nextPass(control);
  assert.equal(await sizeOf(world), 40);
  assert.deepEqual(lines, []);
  const toldBefore = (await driftEvents(control)).items.length;

  await removeByHand(world, 13);
  for (let passes = 0; passes < 2; passes += 1) {
    const { outcome, drift, operations, detail } = await nextPass(control);
    assert.deepEqual([outcome, drift, operations], ['held', 13, 0]);
    assert.match(detail ?? '', /13 of 40 entries .* 30 % or 10 .* until a reconciliation is requested/);
  }
  assert.equal(await sizeOf(world), 27);
  const events = (await driftEvents(control)).items;
  assert.deepEqual([events.length - toldBefore, events[0]?.resource], [1, 'directors/local']);
  assert.ok(lines.length > 0);
  assert.ok(lines.every(({ level, outcome }) => level === 50 && outcome === 'held'));
  const { status } = await control.realServers.get(admin, { ...http, realServer: 'web0' });
  assert.deepEqual([status.state, status.directors[0]?.reason], ['drifted', 'DRIFT_HELD']);
  const policy = await control.driftPolicies.get(admin, 'local');
  assert.deepEqual([policy.status.held, policy.status.detail], [true, (await lastPass(control)).detail]);
  const { ready, checks } = await control.readiness();
  const check = checks.find(({ name }) => name === 'drift local');
  assert.deepEqual([ready, check?.ok, check?.detail], [true, false, policy.status.detail]);

  const { outcome, drift, operations } = await control.directors.reconcile(admin, 'local');
  assert.deepEqual([outcome, drift, operations], ['repaired', 13, 13]);
  assert.equal(await sizeOf(world), 40);
  assert.equal((await driftEvents(control, 'createReconciliation')).items.length, 13);
  assert.equal((await nextPass(control)).outcome, 'clean');
  assert.equal((await control.driftPolicies.get(admin, 'local')).status.held, false);
});

test('in a small table ten entries may always be changed', async (t) => {
  const world = createWorld(t, interval);
  const { control } = await world.start();
  await defineServers(control, 9);
  await world.hand.apply([deleteService(frontend)]);
  await nextPass(control);
  assert.equal(await sizeOf(world), 10);
});

test('while it is held, writes go on, and do only what they are about', async (t) => {
  const world = createWorld(t, interval);
  const { control } = await world.start();
  await defineServers(control, SERVERS);
  await removeByHand(world, 13);
  await nextPass(control);
  const web0 = { ...http, realServer: 'web0' };
  assert.equal(
    stored(await control.realServers.update(admin, web0, { spec: { weight: 5 } }, {})).pending,
    false,
  );
  await control.realServers.create(admin, http, { name: 'new', spec: { address: '10.9.9.9' } }, {});
  const table = summary(await world.hand.read());
  assert.equal(table[`${frontendText}->10.0.0.1:80`], 5);
  assert.equal(Object.keys(table).length, 29);
  assert.equal((await control.realServers.get(admin, web0)).status.state, 'applied');
  await nextPass(control);
  assert.equal(await sizeOf(world), 41);
  assert.equal((await control.driftPolicies.get(admin, 'local')).status.held, false);
});

test('a kernel that holds nothing of ours at the start, or after it was away, is filled without a limit', async (t) => {
  const world = createWorld(t, interval);
  const first = await world.start();
  await defineServers(first.control, SERVERS);
  await first.stop();
  await world.hand.apply([deleteService(frontend)]);
  const { control } = await world.start();
  assert.equal(await sizeOf(world), 40);
  assert.equal((await lastPass(control)).outcome, 'repaired');

  world.kernel.setAvailable(false);
  assert.equal((await nextPass(control)).outcome, 'unavailable');
  world.kernel.setAvailable(true);
  const hand = world.kernel.open();
  await hand.apply([deleteService(frontend)]);
  await nextPass(control);
  assert.equal(await sizeOf(world), 40);

  await hand.apply([deleteService(frontend)]);
  assert.equal((await nextPass(control)).outcome, 'held');
  assert.equal(await sizeOf(world), 0);
});

test('accepted writes that the kernel has not heard of are no drift, over a restart too', async (t) => {
  const world = createWorld(t, interval);
  const first = await world.start();
  await defineServers(first.control, SERVERS);
  world.kernel.setAvailable(false);
  await defineServers(first.control, SERVERS, 2);
  world.kernel.setAvailable(true);
  await nextPass(first.control);
  assert.equal(new Set(Object.values(summary(await world.hand.read()))).has(1), false);

  world.kernel.setAvailable(false);
  await defineServers(first.control, SERVERS, 3);
  await first.stop();
  world.kernel.setAvailable(true);
  const { control } = await world.start();
  const { outcome, drift, operations } = await lastPass(control);
  assert.deepEqual([outcome, drift, operations], ['repaired', 0, 39]);
  assert.equal((await driftEvents(control)).items.length, 0);
  assert.equal(new Set(Object.values(summary(await world.hand.read()))).has(2), false);
});

test('a large write that was committed when lvsd was killed is finished by the next start', async (t) => {
  const world = createWorld(t, interval);
  const first = await world.start();
  await defineServers(first.control, SERVERS);
  await first.stop();
  const store = world.openStore();
  await store.write(systemContext, (tx) => {
    const cluster = tx.resource('projects/default/clusters/shop');
    assert.ok(cluster);
    tx.put({ ...cluster, labels: { killed: 'here' } });
    for (const entry of tx.entriesOf(cluster.path)) {
      if ('weight' in entry.config) tx.putEntry({ ...entry, config: { ...entry.config, weight: 9 } });
    }
  });
  store.close();
  const { control } = await world.start();
  const { outcome, drift, operations } = await lastPass(control);
  assert.deepEqual([outcome, drift, operations], ['repaired', 0, 39]);
  await removeByHand(world, 13);
  assert.equal((await nextPass(control)).outcome, 'held');
});

test('what only looks like drift does not hold a pass', async (t) => {
  const world = createWorld(t, interval);
  const driver = world.kernel.open();
  let isFooled = false;
  const fooled: IpvsDriver = {
    ...driver,
    outline: async () => null,
    read: async (options) => (isFooled ? new Map() : driver.read(options)),
  };
  const { control } = await world.start(fooled);
  await defineServers(control, SERVERS);
  isFooled = true;
  const { outcome, drift, operations } = await nextPass(control);
  assert.deepEqual([outcome, drift, operations], ['clean', 0, 0]);
});

test('drift that grows while a pass repairs it stops the pass at its limit', async (t) => {
  const world = createWorld(t, interval);
  const driver = world.kernel.open();
  let isGrowing = false;
  const growing: IpvsDriver = {
    ...driver,
    outline: async () => null,
    async read(options) {
      const table = await driver.read(options);
      if (isGrowing && table.size < SERVERS + 1) await removeByHand(world, 30);
      return table;
    },
  };
  const { control } = await world.start(growing);
  await defineServers(control, SERVERS);
  // A pass that is still looking at the new entries would repair the first loss before any has seen it.
  await nextPass(control);
  isGrowing = true;
  await removeByHand(world, 1);
  const { outcome, operations } = await nextPass(control);
  assert.deepEqual([outcome, operations], ['held', 0]);
  assert.equal(await sizeOf(world), 10);
});

test('a policy is stored, kept over a restart, filled with defaults and guarded like other settings', async (t) => {
  const world = createWorld(t);
  const first = await world.start();
  const { control } = first;
  const defaults = { mode: 'enforce', maxChangePercent: 30, minChangeEntries: 10 } as const;
  const before = await control.driftPolicies.get(admin, 'local');
  assert.deepEqual([before.spec, before.revision, before.etag], [defaults, 0, '"0"']);
  await control.timeouts.replace(admin, 'local', { spec: null }, {});
  const replace = (body: unknown, options = {}) =>
    control.driftPolicies.replace(admin, 'local', body, options);
  const preview = await replace({ spec: { mode: 'report' } }, { validateOnly: true });
  assert.ok('preview' in preview);
  assert.deepEqual([preview.preview.changes.length, preview.preview.operations], [1, []]);
  const { resource } = stored(await replace({ spec: { maxChangePercent: 5 } }));
  assert.deepEqual(resource.spec, { ...defaults, maxChangePercent: 5 });
  assert.equal(
    (await control.auditEvents.list(admin, { action: 'replaceDriftPolicy' })).items[0]?.kind,
    'change',
  );
  assert.deepEqual(stored(await replace(resource)).resource, resource);

  await assert.rejects(replace({ ...resource, etag: '"0"' }), failsWith('ETAG_MISMATCH'));
  await assert.rejects(replace({ spec: {} }, { ifMatch: '"0"' }), failsWith('ETAG_MISMATCH'));
  await assert.rejects(
    replace({ spec: { mode: 'off', maxChangePercent: 101, minChangeEntries: -1 } }),
    failsWith('FIELD_INVALID', ({ violations }) =>
      assert.deepEqual(violations.map(({ pointer }) => pointer).toSorted(), [
        '/spec/maxChangePercent',
        '/spec/minChangeEntries',
        '/spec/mode',
      ]),
    ),
  );
  await assert.rejects(replace({}), failsWith('FIELD_REQUIRED'));
  const operator = callOf({ role: 'operator' });
  await assert.rejects(
    control.driftPolicies.replace(operator, 'local', { spec: {} }, {}),
    failsWith('PERMISSION_DENIED'),
  );
  await assert.rejects(control.driftPolicies.get(admin, 'remote'), failsWith('DIRECTOR_NOT_FOUND'));

  await control.timeouts.replace(
    admin,
    'local',
    { spec: { tcpSeconds: 1, tcpFinSeconds: 2, udpSeconds: 3 } },
    {},
  );
  await first.stop();
  const second = await world.start();
  assert.equal((await second.control.driftPolicies.get(admin, 'local')).spec.maxChangePercent, 5);
});
