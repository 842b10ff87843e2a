import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesOf } from '../../src/domain/names.js';
import {
  adopt,
  all,
  createScene,
  dns,
  leftOut,
  legacy,
  nat,
  preview,
  rip,
  rip2,
  webFarm,
} from '../support/adoption-scene.js';
import {
  admin,
  callOf,
  failsWith,
  frontend,
  frontendText,
  project,
  stored,
  summary,
} from '../support/control-world.js';
import { deleteDestination, newDestination, newService, setDestination } from '../support/operations.js';
import { watchDriver } from '../support/watched-driver.js';

test('adopted entries are resources with the attributes that the kernel has, and the kernel is told nothing', async (t) => {
  const { control, driver, table, store, reconciler } = await createScene(t, [
    ...webFarm,
    newService(dns, { onePacket: true }),
    newDestination(dns, { address: '10.0.0.3', port: 53 }),
  ]);
  const before = await table();
  await control.directors.reconcile(admin, 'local');
  const body = { labels: { team: 'web' }, description: 'made by hand', select: all };
  const adoption = await adopt(control, body, callOf({ name: 'anna', role: 'editor' }));
  const path = 'projects/default/clusters/legacy/virtual-services';
  assert.deepEqual(adoption, {
    director: 'local',
    ...legacy,
    adopted: [
      { key: frontendText, resource: `${path}/tcp-192-0-2-10-80` },
      {
        key: `${frontendText}->10.0.0.2:8080`,
        resource: `${path}/tcp-192-0-2-10-80/real-servers/10-0-0-2-8080`,
      },
      { key: `${frontendText}->10.0.0.1:80`, resource: `${path}/tcp-192-0-2-10-80/real-servers/10-0-0-1-80` },
      { key: 'udp/192.0.2.20:53', resource: `${path}/udp-192-0-2-20-53` },
      {
        key: 'udp/192.0.2.20:53->10.0.0.3:53',
        resource: `${path}/udp-192-0-2-20-53/real-servers/10-0-0-3-53`,
      },
    ],
    leftOut: [],
  });
  assert.equal(driver.told, 0);
  assert.deepEqual(await table(), before);
  const { managedEntries, foreignEntries } = await control.directors.get(admin, 'local');
  assert.deepEqual([managedEntries, foreignEntries], [5, 0]);

  const cluster = await control.clusters.get(admin, legacy);
  assert.deepEqual([cluster.labels, cluster.spec.description], [{ team: 'web' }, 'made by hand']);
  assert.equal(cluster.status.state, 'applied');
  assert.deepEqual(cluster.spec.forwarding, nat);
  const { items } = await control.virtualServices.list(admin, legacy, {});
  assert.deepEqual(
    items.map(({ spec: { forwarding, scheduler, onePacket } }) => [forwarding, scheduler, onePacket]),
    [
      [undefined, 'wrr', false],
      [{ method: 'dr' }, 'wlc', true],
    ],
  );
  const events = (await control.auditEvents.list(admin, { action: 'createAdoption' })).items;
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['apply', ...Array.from({ length: 6 }, () => 'change')],
  );
  const [summed] = events;
  assert.deepEqual(
    [summed?.actor.principal, summed?.resource, summed?.director, summed?.operations, summed?.after],
    ['anna', 'directors/local', 'local', [], { ...legacy, select: all, adopted: 5, leftOut: 0 }],
  );
  const entries = store.read((reader) => reader.entries({ after: '', limit: 9 }));
  assert.deepEqual(new Set(entries.map(({ origin }) => origin)), new Set(['found']));
  assert.equal((await reconciler.reconcile({ ...contextOf(), action: 'test' })).outcome, 'clean');
  assert.equal(driver.told, 0);
});

function contextOf() {
  const actor = { principal: 'tester', credentialId: null, roles: [] };
  return { actor, transport: 'system', sourceAddress: null, requestId: 'r', reason: null } as const;
}

test('what was adopted is managed: changed in place, repaired, deleted; a restart finds nothing to do', async (t) => {
  const { control, driver, world, byHand, stop } = await createScene(t, webFarm);
  await adopt(control, { select: all });
  await stop();
  const second = watchDriver(world.kernel.open());
  const life = await world.start(second);
  assert.equal((await life.control.directors.get(admin, 'local')).lastReconciliation?.outcome, 'clean');
  assert.deepEqual([driver.told, second.told], [0, 0]);

  const server = { ...legacy, virtualService: 'tcp-192-0-2-10-80', realServer: '10-0-0-1-80' };
  stored(await life.control.realServers.update(admin, server, { spec: { weight: 9 } }, {}));
  assert.equal(second.told, 1);
  await byHand([deleteDestination(frontend, rip2), setDestination(frontend, rip, { ...nat, weight: 1 })]);
  await life.control.directors.reconcile(admin, 'local');
  assert.deepEqual(summary(await world.hand.read()), {
    [frontendText]: 'wrr',
    [`${frontendText}->10.0.0.1:80`]: 9,
    [`${frontendText}->10.0.0.2:8080`]: 5,
  });
  await life.control.clusters.delete(admin, legacy, { cascade: true, drain: false });
  assert.equal((await world.hand.read()).size, 0);
});

test('a preview shows the definition and the changes, and stores nothing', async (t) => {
  const { control, driver } = await createScene(t, [...webFarm, newService(dns, { scheduler: '' })]);
  const { adoption, definition, preview: shown } = await preview(control, { select: all });
  assert.deepEqual(adoption.adopted.length, 3);
  assert.deepEqual(leftOut(adoption), { 'udp/192.0.2.20:53': 'NOT_EXPRESSIBLE' });
  assert.deepEqual(
    [shown.changes.map(({ type }) => type), shown.operations],
    [['create', 'create', 'create', 'create'], []],
  );
  assert.equal(driver.told, 0);
  await assert.rejects(control.clusters.get(admin, legacy), failsWith('CLUSTER_NOT_FOUND'));
  assert.deepEqual(await adopt(control, { select: all }), adoption);
  assert.deepEqual((await control.definitions.get(admin, legacy)).definition, definition);
});

test('where there is nothing to adopt, nothing is stored, and no cluster is made', async (t) => {
  const { control, store } = await createScene(t, [newService(frontend, { scheduler: '' })]);
  const revision = store.read((reader) => reader.revision());
  const shown = await preview(control, { select: all });
  assert.deepEqual([shown.definition, shown.preview.changes], [null, []]);
  assert.deepEqual((await adopt(control, { select: all })).adopted, []);
  assert.equal(
    store.read((reader) => reader.revision()),
    revision,
  );
});

test('names keep out of the way of those that are taken', async (t) => {
  const { control } = await createScene(t, webFarm);
  await control.clusters.create(admin, project, { name: 'legacy' }, {});
  const other = { name: 'tcp-192-0-2-10-80', spec: { ...dns, port: 99 } };
  await control.virtualServices.create(admin, legacy, other, {});
  const { adopted } = await adopt(control, { select: { prefixes: ['192.0.2.10'] } });
  assert.equal(namesOf(adopted[0]?.resource ?? '').virtualService, 'tcp-192-0-2-10-80-2');
});

test('forwarding is said once where most have it, at the cluster, the virtual service or the real server', async (t) => {
  const web = (port: number) => ({ ...frontend, port });
  const gre = { method: 'tun', tunnel: { type: 'gre', port: 0, checksum: 'csum' } } as const;
  const table = [81, 82, 83, 84].flatMap((port) => [
    newService(web(port)),
    newDestination(web(port), { address: '10.0.0.1', port }, port === 83 ? gre : nat),
    newDestination(web(port), { address: '10.0.0.2', port }, port === 83 ? gre : nat),
    newDestination(web(port), { address: '10.0.0.3', port }, port === 82 ? {} : port === 83 ? gre : nat),
  ]);
  const { control, driver } = await createScene(t, table);
  const methods = async (name: string) => {
    const { definition } = await preview(control, { cluster: name, select: all });
    assert.ok(definition);
    const own = Object.entries(definition.virtualServices).flatMap(([service, { spec, realServers }]) => [
      ...(spec.forwarding ? [[service.slice(-2), spec.forwarding.method]] : []),
      ...Object.entries(realServers).flatMap(([server, one]) =>
        one.spec.forwarding ? [[`${service.slice(-2)} ${server}`, one.spec.forwarding.method]] : [],
      ),
    ]);
    return { '': definition.spec.forwarding.method, ...Object.fromEntries(own) };
  };
  assert.deepEqual(await methods('legacy'), { '': 'nat', 83: 'tun', '82 10-0-0-3-82': 'dr' });
  await control.clusters.create(admin, project, { name: 'direct' }, {});
  assert.deepEqual(await methods('direct'), {
    '': 'dr',
    81: 'nat',
    82: 'nat',
    83: 'tun',
    84: 'nat',
    '82 10-0-0-3-82': 'dr',
  });
  await adopt(control, { cluster: 'direct', select: all });
  assert.equal(driver.told, 0);
  assert.deepEqual((await control.directors.drift(admin, 'local')).differences, []);
});

test('only an editor of the whole server adopts', async (t) => {
  const { control } = await createScene(t, webFarm);
  for (const call of [callOf({ role: 'operator' }), callOf({ role: 'admin', project: 'default' })]) {
    await assert.rejects(adopt(control, { select: all }, call), failsWith('PERMISSION_DENIED'));
  }
});
