/** Timeouts and synchronisation daemons as desired state, on a real store and the memory kernel. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Control } from '../../src/control/control.js';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import { admin, callOf, createShop, createWorld, failsWith, http, stored } from '../support/control-world.js';

const timeouts = { tcpSeconds: 600, tcpFinSeconds: 30, udpSeconds: 60 };
const first = { tcpSeconds: 900, tcpFinSeconds: 120, udpSeconds: 300 };
const daemon = { interface: 'eth0', syncId: 7, group: '224.0.0.81', port: 8848, ttl: 1, maxLength: null };
const running = { ...daemon, maxLength: 1472 };

/** Kind, action and commands of the events of the director, oldest first. */
async function events(control: Control): Promise<string[]> {
  const { items } = await control.auditEvents.list(admin, { resource: 'directors/local' });
  return items
    .toReversed()
    .map(({ kind, action, operations }: AuditEvent) =>
      [kind, action, ...operations.map(({ command }) => command)].join(' '),
    );
}

test('nothing is managed until somebody says so, and the kernel is shown as it is', async (t) => {
  const { control } = await createWorld(t).start();
  assert.deepEqual(await control.timeouts.get(admin, 'local'), {
    director: 'local',
    spec: null,
    status: { state: 'unmanaged', detail: null, actual: first },
    revision: 0,
    etag: '"0"',
  });
  const { status } = await control.syncDaemons.get(admin, 'local');
  assert.deepEqual(status.actual, { master: null, backup: null });
  await assert.rejects(control.timeouts.get(admin, 'remote'), failsWith('DIRECTOR_NOT_FOUND'));
});

test('timeouts are stored, set in the kernel and audited, and set back when somebody changes them', async (t) => {
  const world = createWorld(t);
  const { control, reconciler } = await world.start();
  const answer = stored(await control.timeouts.replace(admin, 'local', { spec: timeouts }, {}));
  assert.deepEqual([answer.pending, answer.resource.status.state], [false, 'applied']);
  assert.deepEqual(answer.resource.status.actual, timeouts);
  assert.deepEqual((await world.hand.readDirector()).timeouts, timeouts);

  await world.hand.applyDirector([{ command: 'SET_CONFIG', key: 'timeouts', config: first }]);
  const pass = await control.directors.reconcile(admin, 'local');
  assert.deepEqual([pass.outcome, pass.drift, pass.operations], ['repaired', 1, 1]);
  assert.deepEqual((await world.hand.readDirector()).timeouts, timeouts);
  assert.equal((await control.directors.reconcile(admin, 'local')).outcome, 'clean');
  const drift = (await control.auditEvents.list(admin, { kind: ['drift'] })).items[0];
  assert.deepEqual(drift?.before, { key: 'timeouts', ...first });
  assert.deepEqual(drift?.after, { key: 'timeouts', ...timeouts });
  assert.deepEqual(await events(control), [
    'change replaceTimeouts',
    'apply replaceTimeouts SET_CONFIG',
    'drift createReconciliation',
    'apply createReconciliation SET_CONFIG',
  ]);
  assert.equal(reconciler.director.settingProblems.size, 0);
});

test('settings that differ are in the drift report, with what would set them back', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  await control.timeouts.replace(admin, 'local', { spec: timeouts }, {});
  await control.syncDaemons.replace(admin, 'local', { spec: { master: daemon } }, {});
  assert.deepEqual((await control.directors.drift(admin, 'local')).differences, []);
  await world.hand.applyDirector([
    { command: 'SET_CONFIG', key: 'timeouts', config: first },
    { command: 'DEL_DAEMON', key: 'sync-daemons/master', state: 'master' },
    {
      command: 'NEW_DAEMON',
      key: 'sync-daemons/backup',
      state: 'backup',
      config: { ...daemon, interface: 'lo' },
    },
  ]);
  const { differences, operations } = await control.directors.drift(admin, 'local');
  const resource = 'directors/local';
  assert.deepEqual(differences, [
    { type: 'different', key: 'timeouts', resource, desired: timeouts, actual: first },
    { type: 'missing', key: 'sync-daemons/master', resource, desired: daemon, actual: null },
    {
      ...{ type: 'unwanted', key: 'sync-daemons/backup', resource, desired: null },
      actual: { ...running, interface: 'lo' },
    },
  ]);
  assert.deepEqual(
    operations.map(({ command, key }) => `${command} ${key}`),
    ['SET_CONFIG timeouts', 'NEW_DAEMON sync-daemons/master', 'DEL_DAEMON sync-daemons/backup'],
  );
});

test('settings are put back after a restart, and left alone when they are no longer managed', async (t) => {
  const world = createWorld(t);
  const life = await world.start();
  await life.control.timeouts.replace(admin, 'local', { spec: timeouts }, {});
  await life.control.syncDaemons.replace(admin, 'local', { spec: { backup: { interface: 'lo' } } }, {});
  await life.stop();
  await world.hand.applyDirector([
    { command: 'SET_CONFIG', key: 'timeouts', config: first },
    { command: 'DEL_DAEMON', key: 'sync-daemons/backup', state: 'backup' },
  ]);
  const { control } = await world.start();
  const { timeouts: now, syncDaemons } = await world.hand.readDirector();
  assert.deepEqual(now, timeouts);
  assert.deepEqual(syncDaemons, { master: null, backup: { ...running, interface: 'lo', syncId: 0 } });

  await control.timeouts.replace(admin, 'local', { spec: null }, {});
  assert.deepEqual((await world.hand.readDirector()).timeouts, timeouts);
  await world.hand.applyDirector([{ command: 'SET_CONFIG', key: 'timeouts', config: first }]);
  assert.equal((await control.directors.reconcile(admin, 'local')).outcome, 'clean');
});

test('a daemon is started, changed by stopping and starting it, and stopped', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  const replace = (spec: object) => control.syncDaemons.replace(admin, 'local', { spec }, {});
  await replace({ master: daemon });
  assert.deepEqual((await world.hand.readDirector()).syncDaemons, { master: running, backup: null });
  await replace({ master: { ...daemon, ttl: 9 } });
  assert.deepEqual((await world.hand.readDirector()).syncDaemons.master, { ...running, ttl: 9 });
  await replace({});
  assert.deepEqual((await world.hand.readDirector()).syncDaemons, { master: null, backup: null });
  assert.deepEqual(await events(control), [
    'change replaceSyncDaemons',
    'apply replaceSyncDaemons NEW_DAEMON',
    'change replaceSyncDaemons',
    'apply replaceSyncDaemons DEL_DAEMON NEW_DAEMON',
    'change replaceSyncDaemons',
    'apply replaceSyncDaemons DEL_DAEMON',
  ]);
});

test('what the kernel refuses is undone, in the kernel too', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  await control.syncDaemons.replace(admin, 'local', { spec: { master: daemon } }, {});
  const before = await control.syncDaemons.get(admin, 'local');
  const wanted = { spec: { master: { ...daemon, interface: 'nowhere0' } } };
  await assert.rejects(
    control.syncDaemons.replace(admin, 'local', wanted, {}),
    failsWith('KERNEL_REFUSED', ({ metadata }) => {
      assert.deepEqual([metadata.errnoName, metadata.command], ['ENODEV', 'NEW_DAEMON']);
    }),
  );
  const after = await control.syncDaemons.get(admin, 'local');
  assert.deepEqual([after.spec, after.status], [before.spec, before.status]);
  assert.deepEqual((await world.hand.readDirector()).syncDaemons.master, running);
  assert.deepEqual((await events(control)).slice(2), [
    'change replaceSyncDaemons',
    'refused replaceSyncDaemons DEL_DAEMON NEW_DAEMON',
    'change undo',
    'apply undo NEW_DAEMON',
  ]);
});

test('a refusal in one section does not stand in the way of the other', async (t) => {
  const world = createWorld(t, { interfaces: ['eth0'] });
  const life = await world.start();
  await life.control.syncDaemons.replace(admin, 'local', { spec: { master: daemon } }, {});
  await life.stop();
  const other = createWorld(t, { interfaces: [] });
  const { control } = await world.start(other.kernel.open());
  const { status } = await control.syncDaemons.get(admin, 'local');
  assert.deepEqual([status.state, status.actual], ['refused', { master: null, backup: null }]);
  assert.match(status.detail ?? '', /NEW_DAEMON sync-daemons\/master: ENODEV/);
  const { pending, resource } = stored(
    await control.timeouts.replace(admin, 'local', { spec: timeouts }, {}),
  );
  assert.deepEqual([pending, resource.status.state], [false, 'applied']);
  const heard = (await events(control)).length;
  assert.equal((await control.directors.reconcile(admin, 'local')).outcome, 'refused');
  assert.equal((await events(control)).length, heard, 'the same refusal is told once');
});

test('without the kernel a setting is stored and pending, and follows when it is back', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  world.kernel.setAvailable(false, 'the cable is out');
  const { pending, resource } = stored(
    await control.timeouts.replace(admin, 'local', { spec: timeouts }, {}),
  );
  assert.deepEqual(
    [pending, resource.status],
    [true, { state: 'pending', detail: 'the cable is out', actual: null }],
  );
  world.kernel.setAvailable(true);
  await control.directors.reconcile(admin, 'local');
  assert.equal((await control.timeouts.get(admin, 'local')).status.state, 'applied');
  assert.deepEqual((await world.hand.readDirector()).timeouts, timeouts);
});

test('a preview says what would change, and changes nothing', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  const answer = await control.timeouts.replace(admin, 'local', { spec: timeouts }, { validateOnly: true });
  assert.ok('preview' in answer);
  assert.deepEqual(
    answer.preview.operations.map(({ command, key }) => [command, key]),
    [['SET_CONFIG', 'timeouts']],
  );
  assert.deepEqual(answer.preview.changes[0]?.resource, 'directors/local');
  assert.deepEqual((await world.hand.readDirector()).timeouts, first);
  assert.deepEqual(await events(control), []);
});

test('a write needs the entity tag it names, a role, and values that the kernel can hold', async (t) => {
  const { control } = await createWorld(t).start();
  const setting = await control.timeouts.get(admin, 'local');
  await control.timeouts.replace(admin, 'local', { ...setting, spec: timeouts }, {});
  await assert.rejects(
    control.timeouts.replace(admin, 'local', { ...setting, spec: null }, {}),
    failsWith('ETAG_MISMATCH'),
  );
  await assert.rejects(
    control.timeouts.replace(admin, 'local', { spec: timeouts }, { ifMatch: '"0"' }),
    failsWith('ETAG_MISMATCH'),
  );
  await assert.rejects(
    control.timeouts.replace(callOf({ role: 'operator' }), 'local', { spec: timeouts }, {}),
    failsWith('PERMISSION_DENIED'),
  );
  await assert.rejects(
    control.timeouts.replace(admin, 'local', { spec: { tcpSeconds: 0, udpSeconds: 2_678_401 } }, {}),
    failsWith('VALIDATION_FAILED', ({ violations }) =>
      assert.deepEqual(violations.map(({ pointer }) => pointer).toSorted(), [
        '/spec/tcpFinSeconds',
        '/spec/tcpSeconds',
        '/spec/udpSeconds',
      ]),
    ),
  );
  const spec = { master: { interface: 'eth0', group: '10.0.0.1' }, backup: { interface: 'lo', group: 'x1' } };
  await assert.rejects(
    control.syncDaemons.replace(admin, 'local', { spec }, {}),
    failsWith('GROUP_NOT_MULTICAST', ({ violations }) =>
      assert.deepEqual(
        violations.map(({ pointer }) => pointer),
        ['/spec/master/group', '/spec/backup/group'],
      ),
    ),
  );
});

test('synchronisation and real servers of the other family exclude each other', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  const body = { name: 'six', spec: { address: '2001:db8::5', forwarding: { method: 'tun' } } };
  await control.realServers.create(admin, http, body, {});
  const wanted = { spec: { backup: { interface: 'eth0' } } };
  const refusal = failsWith('SYNC_EXCLUDES_MIXED_FAMILIES');
  await assert.rejects(control.syncDaemons.replace(admin, 'local', wanted, {}), refusal);
  await control.realServers.delete(admin, { ...http, realServer: 'six' }, {});
  await control.syncDaemons.replace(admin, 'local', wanted, {});
  await assert.rejects(control.realServers.create(admin, http, body, {}), refusal);
  await control.syncDaemons.replace(admin, 'local', { spec: {} }, {});
  await control.realServers.create(admin, http, body, {});
});
