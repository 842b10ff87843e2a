import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  admin,
  createShop,
  createWorld,
  eventually,
  failsWith,
  frontend,
  frontendText,
  http,
  project,
  shop,
  stored,
  summary,
  web1,
} from '../support/control-world.js';

const other = { protocol: 'tcp', address: '192.0.2.20', port: 80 } as const;
const broadcast = { localBroadcasts: ['10.0.0.255'] };
const nat = { forwarding: { method: 'nat' } };

test('two services swap their frontends in one definition', async (t) => {
  const world = createWorld(t);
  const { control, store } = await world.start();
  const one = {
    spec: { ...frontend, scheduler: 'rr' },
    realServers: { a: { spec: { address: '10.0.0.1' } } },
  };
  const two = { spec: { ...other, scheduler: 'lc' }, realServers: { b: { spec: { address: '10.0.0.2' } } } };
  await control.definitions.replace(admin, shop, { virtualServices: { one, two } }, {});
  const swapped = {
    one: { ...one, spec: { ...one.spec, ...other } },
    two: { ...two, spec: { ...two.spec, ...frontend } },
  };
  const answer = stored(await control.definitions.replace(admin, shop, { virtualServices: swapped }, {}));
  assert.equal(answer.pending, false);
  assert.deepEqual(summary(await world.hand.read()), {
    'tcp/192.0.2.10:80': 'lc',
    'tcp/192.0.2.10:80->10.0.0.2:80': 1,
    'tcp/192.0.2.20:80': 'rr',
    'tcp/192.0.2.20:80->10.0.0.1:80': 1,
  });
  const owners = store.read((reader) =>
    reader.entries({ after: '', limit: 9 }).map(({ key, path }) => [key, path]),
  );
  assert.deepEqual(
    owners.filter(([key]) => !key?.includes('->')).map(([, path]) => path?.split('/').at(-1)),
    ['two', 'one'],
  );
});

test('a service that moves to another address takes its real servers along', async (t) => {
  const world = createWorld(t);
  const { control, store } = await world.start();
  await createShop(control);
  await control.virtualServices.update(admin, http, { spec: { address: other.address } }, {});
  const moved = { 'tcp/192.0.2.20:80': 'wlc', 'tcp/192.0.2.20:80->10.0.0.1:80': 1 };
  assert.deepEqual(summary(await world.hand.read()), moved);
  assert.equal(
    store.read((reader) => reader.entryCount()),
    2,
  );
  assert.equal((await control.realServers.get(admin, web1)).status.key, 'tcp/192.0.2.20:80->10.0.0.1:80');
});

test('the frontend that a service left is free for another at once', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  await control.clusters.create(admin, project, { name: 'blog' }, {});
  const blog = { ...project, cluster: 'blog' };
  const [moved, made] = await Promise.all([
    control.virtualServices.update(admin, http, { spec: { port: 81 } }, {}),
    control.virtualServices.create(admin, blog, { name: 'http', spec: frontend }, {}),
  ]);
  assert.equal(stored(moved).pending, false);
  assert.equal(stored(made).resource.status.key, frontendText);
});

test('a write that takes a key left by one that is then refused is told that it is taken', async (t) => {
  const world = createWorld(t, { capabilities: { schedulers: null } });
  const { control, store } = await world.start();
  await createShop(control);
  await control.clusters.create(admin, project, { name: 'blog' }, {});
  const blog = { ...project, cluster: 'blog' };
  const answers = await Promise.allSettled([
    control.virtualServices.update(admin, http, { spec: { port: 81, scheduler: 'twos' } }, {}),
    control.virtualServices.create(admin, blog, { name: 'http', spec: frontend }, {}),
  ]);
  assert.deepEqual(
    answers.map((one) => (one.status === 'rejected' ? one.reason.reason : 'done')),
    ['KERNEL_REFUSED', 'FRONTEND_TAKEN'],
  );
  assert.deepEqual(summary(await world.hand.read()), {
    [frontendText]: 'wlc',
    [`${frontendText}->10.0.0.1:80`]: 1,
  });
  assert.equal(
    store.read((reader) => reader.entryCount()),
    2,
  );
});

test('forwarding is inherited from the nearest of real server, service and cluster', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  await createShop(control);
  const methodInKernel = async () => {
    const entry = (await world.hand.read()).get(`${frontendText}->10.0.0.1:80`);
    return entry?.kind === 'destination' && entry.config.method;
  };
  const effective = async () =>
    (await control.realServers.get(admin, web1)).status.effectiveForwarding.method;
  assert.deepEqual([await methodInKernel(), await effective()], ['dr', 'dr']);
  await control.clusters.update(admin, shop, { spec: nat }, {});
  assert.deepEqual([await methodInKernel(), await effective()], ['nat', 'nat']);
  await control.virtualServices.update(admin, http, { spec: { forwarding: { method: 'tun' } } }, {});
  assert.deepEqual([await methodInKernel(), await effective()], ['tun', 'tun']);
  await control.realServers.update(admin, web1, { spec: { forwarding: { method: 'dr' } } }, {});
  assert.deepEqual([await methodInKernel(), await effective()], ['dr', 'dr']);
  await control.clusters.update(admin, shop, { spec: { forwarding: { method: 'tun' } } }, {});
  assert.deepEqual([await methodInKernel(), await effective()], ['dr', 'dr']);
  await control.realServers.update(admin, web1, { spec: { forwarding: null } }, {});
  await control.virtualServices.update(admin, http, { spec: { forwarding: null } }, {});
  assert.deepEqual([await methodInKernel(), await effective()], ['tun', 'tun']);
});

test('a change of a parent that a real server cannot follow is refused, and names it', async (t) => {
  const { control } = await createWorld(t).start();
  await control.clusters.create(admin, project, { name: 'shop', spec: nat }, {});
  await control.virtualServices.create(admin, shop, { name: 'http', spec: frontend }, {});
  const mapped = { name: 'web1', spec: { address: '10.0.0.1', port: 8080 } };
  await control.realServers.create(admin, http, mapped, {});
  await assert.rejects(
    control.clusters.update(admin, shop, { spec: { forwarding: { method: 'dr' } } }, {}),
    failsWith('PORT_MAPPING_UNSUPPORTED', ({ violations }) => {
      assert.match(violations[0]?.detail ?? '', /^Real server web1: /);
      assert.ok(violations[0]?.pointer.startsWith('/spec'));
    }),
  );
  await assert.rejects(
    control.virtualServices.update(admin, http, { spec: { address: '2001:db8::1' } }, {}),
    failsWith('FAMILY_MISMATCH'),
  );
});

test('all violations of a definition are reported before a key that is taken', async (t) => {
  const { control } = await createWorld(t).start();
  const twice = { spec: frontend };
  const wrong = { spec: other, realServers: { v6: { spec: { address: '2001:db8::1' } } } };
  await assert.rejects(
    control.definitions.replace(admin, shop, { virtualServices: { a: twice, b: twice, c: wrong } }, {}),
    failsWith('FAMILY_MISMATCH', ({ violations }) =>
      assert.equal(violations[0]?.pointer, '/virtualServices/c/realServers/v6/spec/address'),
    ),
  );
  await assert.rejects(
    control.definitions.replace(admin, shop, { virtualServices: { a: twice, b: twice } }, {}),
    failsWith('FRONTEND_TAKEN'),
  );
});

test('a definition that the kernel refuses in the middle leaves nothing but events', async (t) => {
  const world = createWorld(t, broadcast);
  const { control, store } = await world.start();
  const realServers = {
    a: { spec: { address: '10.0.0.1' } },
    b: { spec: { address: '10.0.0.255' } },
    c: { spec: { address: '10.0.0.3' } },
  };
  const virtualServices = { http: { spec: frontend, realServers } };
  await assert.rejects(
    control.definitions.replace(admin, shop, { virtualServices }, {}),
    failsWith('KERNEL_REFUSED', ({ metadata }) => {
      const { command, errnoName, key } = metadata;
      assert.deepEqual([command, errnoName, key], ['NEW_DEST', 'EINVAL', `${frontendText}->10.0.0.255:80`]);
    }),
  );
  assert.equal((await world.hand.read()).size, 0);
  assert.equal(
    store.read((reader) => reader.entryCount()),
    0,
  );
  await assert.rejects(control.clusters.get(admin, shop), failsWith('CLUSTER_NOT_FOUND'));
  assert.equal((await control.directors.get(admin, 'local')).driftCount, 0);
  const { items } = await control.auditEvents.list(admin, {});
  const refused = items.find(({ kind }) => kind === 'refused');
  assert.deepEqual(
    refused?.operations.map(({ command, errnoName }) => [command, errnoName]),
    [
      ['NEW_SERVICE', null],
      ['NEW_DEST', null],
      ['NEW_DEST', 'EINVAL'],
      ['NEW_DEST', null],
    ],
  );
});

test('the event of a refusal names it even after a thousand operations that went well', async (t) => {
  const world = createWorld(t, broadcast);
  const { control } = await world.start();
  const names = Array.from({ length: 1000 }, (_, n) => `s${n}`);
  const realServers = Object.fromEntries([
    ...names.map((name, n) => [name, { spec: { address: `10.1.${n >> 8}.${n & 255 || 1}`, port: n + 1 } }]),
    ['z', { spec: { address: '10.0.0.255' } }],
  ]);
  const virtualServices = { http: { spec: { ...frontend, ...nat }, realServers } };
  await assert.rejects(
    control.definitions.replace(admin, shop, { virtualServices }, {}),
    failsWith('KERNEL_REFUSED'),
  );
  const { items } = await control.auditEvents.list(admin, { kind: ['refused'] });
  assert.equal(items[0]?.operations[0]?.errnoName, 'EINVAL');
  assert.equal((await world.hand.read()).size, 0);
});

test('a refused edit restores the former state under a new revision', async (t) => {
  const world = createWorld(t, { capabilities: { schedulers: null } });
  const { control } = await world.start();
  await createShop(control);
  const before = await control.virtualServices.get(admin, http);
  await assert.rejects(
    control.virtualServices.update(admin, http, { spec: { scheduler: 'twos' } }, {}),
    failsWith('KERNEL_REFUSED', ({ metadata }) => assert.equal(metadata.errnoName, 'ENOENT')),
  );
  const after = await control.virtualServices.get(admin, http);
  assert.deepEqual({ ...after.spec }, { ...before.spec });
  assert.ok(after.revision > before.revision);
  assert.equal(after.status.state, 'applied');
  assert.deepEqual(summary(await world.hand.read()), {
    [frontendText]: 'wlc',
    [`${frontendText}->10.0.0.1:80`]: 1,
  });
});

test('what is written while the kernel is away is pending and applied by itself', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  world.kernel.setAvailable(false, 'no ip_vs');
  await control.clusters.create(admin, project, { name: 'shop' }, {});
  const made = stored(
    await control.virtualServices.create(admin, shop, { name: 'http', spec: frontend }, {}),
  );
  assert.equal(made.pending, true);
  const [director] = made.resource.status.directors;
  assert.deepEqual(
    [director?.state, director?.reason, director?.observedRevision],
    ['pending', 'KERNEL_UNAVAILABLE', 0],
  );
  assert.match(director?.detail ?? '', /no ip_vs/);
  assert.equal((await control.readiness()).ready, false);
  world.kernel.setAvailable(true);
  await eventually(async () => (await control.virtualServices.get(admin, http)).status.state === 'applied');
  assert.deepEqual(summary(await world.hand.read()), { [frontendText]: 'wlc' });
});

test('the first write after an outage also settles what was pending beside it', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  await createShop(control);
  world.kernel.setAvailable(false);
  await control.virtualServices.update(admin, http, { spec: { scheduler: 'rr' } }, {});
  world.kernel.setAvailable(true);
  const web2 = { name: 'web2', spec: { address: '10.0.0.2' } };
  assert.equal(stored(await control.realServers.create(admin, http, web2, {})).pending, false);
  assert.equal((await control.virtualServices.get(admin, http)).status.state, 'applied');
});

test('drift that a write stumbles upon is repaired and audited', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  await createShop(control);
  await world.hand.apply([{ command: 'DEL_SERVICE', key: frontendText, frontend }]);
  await control.realServers.create(admin, http, { name: 'web2', spec: { address: '10.0.0.2' } }, {});
  assert.deepEqual(summary(await world.hand.read()), {
    [frontendText]: 'wlc',
    [`${frontendText}->10.0.0.1:80`]: 1,
    [`${frontendText}->10.0.0.2:80`]: 1,
  });
  const { items } = await control.auditEvents.list(admin, { kind: ['drift'] });
  const found = items.map(({ after, before }) => [after?.key, before]);
  assert.deepEqual(found, [
    [`${frontendText}->10.0.0.1:80`, null],
    [frontendText, null],
  ]);
});

test('an entry that stays refused does not fill the audit log', async (t) => {
  const world = createWorld(t, broadcast);
  const { control, store } = await world.start();
  await createShop(control);
  world.kernel.setAvailable(false);
  await control.realServers.create(admin, http, { name: 'bad', spec: { address: '10.0.0.255' } }, {});
  world.kernel.setAvailable(true);
  await control.directors.reconcile(admin, 'local');
  const revision = store.read((reader) => reader.revision());
  assert.equal((await control.directors.reconcile(admin, 'local')).outcome, 'refused');
  assert.equal(
    store.read((reader) => reader.revision()),
    revision,
  );
  assert.equal((await control.clusters.get(admin, shop)).status.state, 'refused');
});

test('names that are members of every object are names like any other', async (t) => {
  const { control } = await createWorld(t).start();
  const realServers = { constructor: { spec: { address: '10.0.0.1' } } };
  const virtualServices = { constructor: { spec: frontend, realServers } };
  await control.definitions.replace(admin, shop, { virtualServices }, {});
  const { definition } = await control.definitions.get(admin, shop);
  assert.deepEqual(Object.keys(definition.virtualServices), ['constructor']);
  assert.deepEqual(
    Object.values(definition.virtualServices).flatMap((one) => Object.keys(one.realServers)),
    ['constructor'],
  );
});

test('a preview tells everything and changes nothing', async (t) => {
  const world = createWorld(t);
  const { control, store } = await world.start();
  await createShop(control);
  const revision = store.read((reader) => reader.revision());
  const answer = await control.virtualServices.update(
    admin,
    http,
    { spec: { port: 81 } },
    { validateOnly: true },
  );
  assert.ok('preview' in answer);
  assert.deepEqual(
    answer.preview.operations.map(({ command, key }) => `${command} ${key}`),
    [
      'NEW_SERVICE tcp/192.0.2.10:81',
      'NEW_DEST tcp/192.0.2.10:81->10.0.0.1:81',
      'SET_DEST tcp/192.0.2.10:80->10.0.0.1:80',
      'DEL_SERVICE tcp/192.0.2.10:80',
    ],
  );
  assert.equal(
    store.read((reader) => reader.revision()),
    revision,
  );
  assert.deepEqual(summary(await world.hand.read()), {
    [frontendText]: 'wlc',
    [`${frontendText}->10.0.0.1:80`]: 1,
  });
});
