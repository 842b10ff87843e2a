/** What a director needs outside its IPVS table, on a model of the kernel and its host. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Control } from '../../src/control/control.js';
import type { Names } from '../../src/domain/names.js';
import type { HostAddress } from '../../src/driver/host.js';
import {
  admin,
  createWorld,
  failsWith,
  http,
  type Life,
  shop,
  stored,
  type World,
  type WorldOptions,
} from '../support/control-world.js';
import { newService } from '../support/operations.js';

const VIP = '192.0.2.10';
const onEth0 = { interface: 'eth0' };
const vipOnEth0 = { interface: 'eth0', address: VIP, prefixLength: 32 };
const frontend = { protocol: 'tcp', address: VIP, port: 80 } as const;
const OWN_ADDRESSES = 4;

async function start(t: TestContext, options: WorldOptions = {}): Promise<{ world: World; life: Life }> {
  const world = createWorld(t, { ...options, host: { interfaces: ['eth0', 'eth1'], ...options.host } });
  return { world, life: await world.start() };
}

async function createCluster(control: Control, names: Names, spec: object): Promise<void> {
  const { cluster: name = '', ...parent } = names;
  await control.clusters.create(admin, parent, { name, spec }, {});
}

async function createService(control: Control, names: Names, spec: object): Promise<void> {
  const { virtualService: name = '', ...parent } = names;
  await control.virtualServices.create(admin, parent, { name, spec }, {});
}

/** Cluster shop, whose VIPs are on eth0, with service http. */
async function createBoundShop(control: Control): Promise<void> {
  await createCluster(control, shop, { vip: onEth0 });
  await createService(control, http, frontend);
}

/** What the host has beyond what it had from the start, without ::1 and the like. */
async function vips({ host }: World): Promise<HostAddress[]> {
  return (await host.open().readAddresses()).slice(OWN_ADDRESSES);
}

async function snat({ host }: World): Promise<Record<string, unknown>> {
  return Object.fromEntries(await host.open().readSnat());
}

async function operations({ control }: Life, kind: 'apply' | 'drift' = 'apply'): Promise<string[]> {
  const { items } = await control.auditEvents.list(admin, { kind: [kind], pageSize: 1000 });
  return items
    .toReversed()
    .flatMap((event) => event.operations.map(({ command, key }) => `${command} ${key}`));
}

async function stateOf({ control }: Life, names: Names) {
  const { status } = await control.virtualServices.get(admin, names);
  return status;
}

test('a VIP is bound after its service was made and unbound before it goes, and both are audited', async (t) => {
  const { world, life } = await start(t);
  await createBoundShop(life.control);
  assert.deepEqual(await vips(world), [{ ...vipOnEth0, ours: true }]);
  assert.deepEqual((await stateOf(life, http)).vip, { address: VIP, interface: 'eth0', boundBy: 'lvsd' });
  await life.control.clusters.delete(admin, shop, { cascade: true });
  assert.deepEqual(await vips(world), []);
  assert.deepEqual(await operations(life), [
    'NEW_SERVICE tcp/192.0.2.10:80',
    'NEW_ADDRESS address/192.0.2.10',
    'DEL_ADDRESS address/192.0.2.10',
    'DEL_SERVICE tcp/192.0.2.10:80',
  ]);
  assert.equal(
    life.store.read((reader) => reader.entryCount()),
    0,
  );
});

test('the services at one address share it, whichever goes first, and the last one takes it away', async (t) => {
  const { world, life } = await start(t);
  const { control } = life;
  const mail = { project: 'default', cluster: 'mail' };
  await createBoundShop(control);
  await createService(control, { ...shop, virtualService: 'https' }, { ...frontend, port: 443 });
  await createCluster(control, mail, { vip: onEth0 });
  await createService(control, { ...mail, virtualService: 'smtp' }, { ...frontend, port: 25 });
  const owner = () => life.store.read((reader) => reader.entry(`address/${VIP}`)?.path.split('/').at(-1));
  assert.equal(owner(), 'http');
  await control.virtualServices.delete(admin, http, {});
  assert.equal(owner(), 'smtp');
  await control.clusters.delete(admin, mail, { cascade: true });
  assert.equal(owner(), 'https');
  assert.deepEqual(await vips(world), [{ ...vipOnEth0, ours: true }]);
  await control.clusters.delete(admin, shop, { cascade: true });
  assert.deepEqual(await vips(world), []);
  assert.deepEqual(
    (await operations(life)).filter((one) => one.includes('ADDRESS')),
    [`NEW_ADDRESS address/${VIP}`, `DEL_ADDRESS address/${VIP}`],
  );
});

test('a VIP moves when the interface of its cluster changes, and when the service changes its address', async (t) => {
  const { world, life } = await start(t);
  const { control } = life;
  await createBoundShop(control);
  await control.clusters.update(admin, shop, { spec: { vip: { interface: 'eth1' } } }, {});
  assert.deepEqual(await vips(world), [{ ...vipOnEth0, interface: 'eth1', ours: true }]);
  await control.virtualServices.update(admin, http, { spec: { address: '2001:db8::5' } }, { drain: false });
  assert.deepEqual(await vips(world), [
    { address: '2001:db8::5', interface: 'eth1', prefixLength: 128, ours: true },
  ]);
});

test('two clusters cannot have one VIP on different interfaces', async (t) => {
  const { world, life } = await start(t);
  const { control } = life;
  const other = { project: 'default', cluster: 'other' };
  await createBoundShop(control);
  await createCluster(control, other, { vip: { interface: 'eth1' } });
  const https = createService(control, { ...other, virtualService: 'https' }, { ...frontend, port: 443 });
  await assert.rejects(
    https,
    failsWith('VIP_INTERFACE_TAKEN', ({ message, metadata }) => {
      assert.match(message, /192\.0\.2\.10 is bound to eth0 for .*\/http .*set vip\.interface to eth0/);
      assert.equal(metadata.interface, 'eth0');
    }),
  );
  await control.clusters.update(admin, other, { spec: { vip: onEth0 } }, {});
  await createService(control, { ...other, virtualService: 'https' }, { ...frontend, port: 443 });
  await assert.rejects(
    control.clusters.update(admin, shop, { spec: { vip: { interface: 'eth1' } } }, {}),
    failsWith('VIP_INTERFACE_TAKEN'),
  );
  assert.deepEqual(await vips(world), [{ ...vipOnEth0, ours: true }]);
});

test('writes of one moment that share an address each count on it, and a refused one takes it from nobody', async (t) => {
  const { world, life } = await start(t, { schedulers: ['wlc'], capabilities: { schedulers: null } });
  const { control } = life;
  const names = ['a', 'b', 'c', 'd'];
  for (const cluster of names) await createCluster(control, { project: 'default', cluster }, { vip: onEth0 });
  const answers = await Promise.allSettled(
    names.map((cluster, i) =>
      createService(
        control,
        { project: 'default', cluster, virtualService: 'x' },
        { ...frontend, port: 80 + i, ...(i % 2 === 0 && { scheduler: 'rr' }) },
      ),
    ),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['rejected', 'fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(await vips(world), [{ ...vipOnEth0, ours: true }]);
  await control.clusters.delete(admin, { project: 'default', cluster: 'b' }, { cascade: true });
  assert.deepEqual(await vips(world), [{ ...vipOnEth0, ours: true }]);
  await control.clusters.delete(admin, { project: 'default', cluster: 'd' }, { cascade: true });
  assert.deepEqual(await vips(world), []);
});

test('an address that the host had before is used, with whatever prefix, and stays', async (t) => {
  const { world, life } = await start(t);
  const own = { interface: 'eth0', address: VIP, prefixLength: 24 };
  world.host.addAddress(own);
  const cluster = { spec: { vip: onEth0 }, virtualServices: { http: { spec: frontend } } };
  const preview = await life.control.definitions.replace(admin, shop, cluster, { validateOnly: true });
  assert.ok('preview' in preview);
  assert.deepEqual(
    preview.preview.operations.map(({ command }) => command),
    ['NEW_SERVICE'],
  );
  await createBoundShop(life.control);
  assert.deepEqual((await stateOf(life, http)).vip, { address: VIP, interface: 'eth0', boundBy: 'others' });
  await life.control.clusters.delete(admin, shop, { cascade: true });
  assert.deepEqual(await vips(world), [{ ...own, ours: false }]);
  assert.deepEqual(await operations(life), [
    'NEW_SERVICE tcp/192.0.2.10:80',
    'DEL_SERVICE tcp/192.0.2.10:80',
  ]);
  assert.equal(
    life.store.read((reader) => reader.entryCount()),
    0,
  );
});

test('an address that another interface has for somebody else is foreign, and the write is undone', async (t) => {
  const { world, life } = await start(t);
  world.host.addAddress({ ...vipOnEth0, interface: 'lo' });
  await createCluster(life.control, shop, { vip: onEth0 });
  for (const validateOnly of [true, false]) {
    await assert.rejects(
      life.control.virtualServices.create(admin, shop, { name: 'http', spec: frontend }, { validateOnly }),
      failsWith('FOREIGN_ENTRY', ({ metadata }) => assert.equal(metadata.key, `address/${VIP}`)),
    );
  }
  assert.deepEqual(await vips(world), [{ ...vipOnEth0, interface: 'lo', ours: false }]);
  assert.equal((await world.hand.read()).size, 0);
  assert.equal(
    life.store.read((reader) => reader.entryCount()),
    0,
  );
});

test('an interface that is not there refuses the service, and nothing of it stays', async (t) => {
  const { world, life } = await start(t);
  await createCluster(life.control, shop, { vip: { interface: 'eth9' } });
  await assert.rejects(
    createService(life.control, http, frontend),
    failsWith('KERNEL_REFUSED', ({ metadata }) => {
      assert.equal(metadata.command, 'NEW_ADDRESS');
      assert.equal(metadata.errnoName, 'ENODEV');
    }),
  );
  assert.equal((await world.hand.read()).size, 0);
  assert.equal(
    life.store.read((reader) => reader.entryCount()),
    0,
  );
});

test('an address stays while a service of it drains, and goes with the last one', async (t) => {
  const { world, life } = await start(t);
  const { control } = life;
  await createCluster(control, shop, { vip: onEth0, forwarding: { method: 'fullnat' } });
  await createService(control, http, frontend);
  await control.realServers.create(admin, http, { name: 'web1', spec: { address: '10.0.0.1' } }, {});
  const key = 'tcp/192.0.2.10:80->10.0.0.1:80';
  world.kernel.setConnectionCounts(key, { active: 1 });
  await control.clusters.delete(admin, shop, { cascade: true });
  assert.deepEqual(await vips(world), [{ ...vipOnEth0, ours: true }]);
  assert.deepEqual(await snat(world), { 'tcp/192.0.2.10:80': { addresses: null } });
  const drains = await control.directors.drains(admin, 'local', {});
  assert.deepEqual(
    drains.items.map((one) => [one.key, one.state]),
    [
      [`address/${VIP}`, 'draining'],
      [`snat/${frontendText}`, 'draining'],
      [frontendText, 'draining'],
      [key, 'draining'],
    ],
  );
  world.kernel.setConnectionCounts(key, { active: 0 });
  await control.directors.reconcile(admin, 'local');
  assert.deepEqual(await vips(world), []);
  assert.deepEqual(await snat(world), {});
  assert.equal((await world.hand.read()).size, 0);
  assert.deepEqual((await operations(life)).slice(-3), [
    `DEL_ADDRESS address/${VIP}`,
    `DEL_SERVICE ${frontendText}`,
    `DEL_SNAT snat/${frontendText}`,
  ]);
});

const frontendText = 'tcp/192.0.2.10:80';

test('fullnat has source NAT of its frontend, made first and gone last, and edited in place', async (t) => {
  const { world, life } = await start(t);
  const { control } = life;
  const forwarding = {
    method: 'fullnat',
    snat: { addresses: ['198.51.100.2', '198.51.100.1', '2001:DB8::1'] },
  };
  await createCluster(control, shop, { forwarding });
  await createService(control, http, frontend);
  await control.realServers.create(
    admin,
    http,
    { name: 'web1', spec: { address: '10.0.0.1', port: 8080 } },
    {},
  );
  const pool = { addresses: ['198.51.100.1', '198.51.100.2'] };
  assert.deepEqual(await snat(world), { [frontendText]: pool });
  const spec = { forwarding: { method: 'fullnat', snat: { addresses: ['198.51.100.3'] } } };
  await control.clusters.update(admin, shop, { spec }, {});
  assert.deepEqual(await snat(world), { [frontendText]: { addresses: ['198.51.100.3'] } });
  await control.clusters.update(admin, shop, { spec: { forwarding: { method: 'nat', snat: null } } }, {});
  assert.deepEqual(await snat(world), {});
  assert.deepEqual(await operations(life), [
    `NEW_SNAT snat/${frontendText}`,
    `NEW_SERVICE ${frontendText}`,
    `NEW_DEST ${frontendText}->10.0.0.1:8080`,
    `SET_SNAT snat/${frontendText}`,
    `DEL_SNAT snat/${frontendText}`,
  ]);
});

test('a firewall mark may be fullnat too', async (t) => {
  const { world, life } = await start(t);
  await createCluster(life.control, shop, { forwarding: { method: 'fullnat' }, vip: onEth0 });
  await createService(life.control, http, { fwmark: 7, family: 'ipv4' });
  assert.deepEqual(await snat(world), { 'fwmark/ipv4/7': { addresses: null } });
  assert.deepEqual(await vips(world), []);
  assert.equal((await stateOf(life, http)).vip, null);
});

test('who takes over a frontend that drains has its own source NAT, or none', async (t) => {
  const { world, life } = await start(t);
  const { control } = life;
  await createCluster(control, shop, { forwarding: { method: 'fullnat' } });
  await createService(control, http, frontend);
  await control.realServers.create(admin, http, { name: 'web1', spec: { address: '10.0.0.1' } }, {});
  world.kernel.setConnectionCounts(`${frontendText}->10.0.0.1:80`, { active: 1 });
  await control.virtualServices.delete(admin, http, { cascade: true });
  assert.deepEqual(await snat(world), { [frontendText]: { addresses: null } });
  await createService(control, http, { ...frontend, forwarding: { method: 'nat' } });
  assert.deepEqual(await snat(world), {});
});

test('real servers of one service are source-NATed alike', async (t) => {
  const { life } = await start(t);
  const { control } = life;
  await createCluster(control, shop, { forwarding: { method: 'fullnat' } });
  await createService(control, http, frontend);
  const create = (name: string, forwarding: object) =>
    control.realServers.create(admin, http, { name, spec: { address: '10.0.0.1', forwarding } }, {});
  await assert.rejects(
    create('web1', { method: 'nat' }),
    failsWith('FULLNAT_NOT_SHARED', ({ violations }) =>
      assert.equal(violations[0]?.pointer, '/spec/forwarding/method'),
    ),
  );
  await assert.rejects(
    create('web1', { method: 'fullnat', snat: { addresses: ['198.51.100.1'] } }),
    failsWith('SNAT_NOT_SHARED', ({ violations }) =>
      assert.equal(violations[0]?.pointer, '/spec/forwarding/snat/addresses'),
    ),
  );
  await create('web1', { method: 'dr' });
  await assert.rejects(
    control.clusters.update(
      admin,
      shop,
      {
        spec: { forwarding: { method: 'fullnat', snat: { addresses: ['2001:db8::1'] } } },
      },
      {},
    ),
    failsWith('FAMILY_MISMATCH'),
  );
  await control.realServers.update(
    admin,
    { ...http, realServer: 'web1' },
    { spec: { forwarding: { method: 'fullnat' } } },
    {},
  );
  await assert.rejects(
    control.virtualServices.update(admin, http, { spec: { forwarding: { method: 'nat' } } }, {}),
    failsWith('FULLNAT_NOT_SHARED', ({ message }) => assert.match(message, /^Real server web1: /)),
  );
});

test('what the director cannot do is refused with what is missing', async (t) => {
  const missing = { addresses: 'run it with CAP_NET_ADMIN.', snat: 'install ipset.' };
  const { life } = await start(t, { host: { capabilities: missing } });
  const { capabilities } = await life.control.directors.get(admin, 'local');
  assert.deepEqual(
    [
      capabilities?.vipBinding,
      capabilities?.vipBindingMissing,
      capabilities?.fullnat,
      capabilities?.fullnatMissing,
    ],
    [false, missing.addresses, false, missing.snat],
  );
  await assert.rejects(
    createCluster(life.control, shop, { vip: onEth0, forwarding: { method: 'fullnat' } }),
    failsWith('CAPABILITY_MISSING', ({ violations }) =>
      assert.deepEqual(
        violations.map(({ pointer, detail }) => `${pointer} ${detail}`),
        [
          '/spec/vip/interface The director cannot bind VIPs: run it with CAP_NET_ADMIN.',
          '/spec/forwarding/method The director cannot do fullnat: install ipset.',
        ],
      ),
    ),
  );
});

test('drift of addresses and source NAT shows, is repaired and audited', async (t) => {
  const { world, life } = await start(t);
  const { control } = life;
  await createCluster(control, shop, { vip: onEth0, forwarding: { method: 'fullnat' } });
  await createService(control, http, frontend);
  const repaired = [{ ...vipOnEth0, ours: true }];

  world.host.removeAddress(VIP, 'eth0');
  world.host.editSnat(frontendText, { addresses: ['198.51.100.66'] });
  const drift = await control.directors.drift(admin, 'local');
  assert.deepEqual(
    drift.differences.map(({ type, key, actual }) => [type, key, actual]),
    [
      ['missing', `address/${VIP}`, null],
      ['different', `snat/${frontendText}`, { addresses: ['198.51.100.66'] }],
    ],
  );
  assert.deepEqual(
    drift.operations.map(({ command }) => command),
    ['SET_SNAT', 'NEW_ADDRESS'],
  );
  await control.directors.reconcile(admin, 'local');
  assert.deepEqual(await vips(world), repaired);
  assert.deepEqual(await snat(world), { [frontendText]: { addresses: null } });
  const { items } = await control.auditEvents.list(admin, { kind: ['drift'] });
  assert.deepEqual(items.map(({ detail }) => detail).sort(), [
    `address/${VIP} was not in the kernel: made again.`,
    `snat/${frontendText} had other attributes in the kernel: set back.`,
  ]);

  world.host.removeAddress(VIP, 'eth0');
  world.host.addAddress({ ...vipOnEth0, interface: 'eth1' });
  world.host.editSnat(frontendText, null);
  await control.directors.reconcile(admin, 'local');
  assert.deepEqual(await vips(world), [{ ...vipOnEth0, interface: 'eth1', ours: false }, ...repaired]);
  assert.deepEqual(await snat(world), { [frontendText]: { addresses: null } });
});

test('what others have is shown and left alone: their addresses are not foreign, leftovers of lvsd are', async (t) => {
  const { world, life } = await start(t);
  await createBoundShop(life.control);
  world.host.editSnat('udp/192.0.2.99:53', { addresses: null });
  const leftover = { command: 'NEW_ADDRESS', key: 'address/192.0.2.98', address: '192.0.2.98' } as const;
  await world.host.open().apply([{ ...leftover, config: { interface: 'eth1', prefixLength: 32 } }]);
  await life.control.directors.reconcile(admin, 'local');
  const { foreign, differences } = await life.control.directors.drift(admin, 'local');
  assert.deepEqual([foreign, differences], [['address/192.0.2.98', 'snat/udp/192.0.2.99:53'], []]);
  assert.equal((await life.control.directors.get(admin, 'local')).foreignEntries, 2);
  const table = await life.control.directors.table(admin, 'local', {});
  assert.deepEqual(
    table.addresses.map(({ address, managed, boundBy, resource }) => [address, managed, boundBy, resource]),
    [
      [VIP, true, 'lvsd', 'projects/default/clusters/shop/virtual-services/http'],
      ['192.0.2.98', false, 'lvsd', null],
    ],
  );
  assert.deepEqual(
    table.snat.map(({ key, managed }) => [key, managed]),
    [['snat/udp/192.0.2.99:53', false]],
  );
});

test('what could not be done while the host was away is done when it is back', async (t) => {
  const { world, life } = await start(t);
  const { control } = life;
  await createCluster(control, shop, { vip: onEth0, forwarding: { method: 'fullnat' } });
  world.host.setAvailable(false);
  const answer = await control.virtualServices.create(admin, shop, { name: 'http', spec: frontend }, {});
  assert.equal(stored(answer).pending, true);
  assert.equal((await stateOf(life, http)).state, 'pending');
  world.host.setAvailable(true);
  await control.directors.reconcile(admin, 'local');
  assert.equal((await stateOf(life, http)).state, 'applied');
  assert.deepEqual(await vips(world), [{ ...vipOnEth0, ours: true }]);
  assert.deepEqual(await snat(world), { [frontendText]: { addresses: null } });
});

test('a move of an address that was cut off half-way is finished by the next start', async (t) => {
  const { world, life } = await start(t);
  await createBoundShop(life.control);
  await life.stop();
  const key = `address/${VIP}`;
  const config = { interface: 'eth1', prefixLength: 32 };
  await world.host.open().apply([{ command: 'NEW_ADDRESS', key, address: VIP, config }]);
  await world.start();
  assert.deepEqual(await vips(world), [{ ...vipOnEth0, ours: true }]);
});

test('without an interface a VIP is not for lvsd to bind, and its status says whether it is there', async (t) => {
  const { world, life } = await start(t);
  await createCluster(life.control, shop, {});
  await createService(life.control, http, frontend);
  assert.deepEqual((await stateOf(life, http)).vip, { address: VIP, interface: null, boundBy: null });
  world.host.addAddress(vipOnEth0);
  await life.control.directors.reconcile(admin, 'local');
  assert.deepEqual((await stateOf(life, http)).vip, { address: VIP, interface: 'eth0', boundBy: 'others' });
  assert.deepEqual(await operations(life), [`NEW_SERVICE ${frontendText}`]);
});

test('what is adopted needs nothing that is not there', async (t) => {
  const { world, life } = await start(t);
  await world.hand.apply([newService(frontend)]);
  await createCluster(life.control, shop, { vip: onEth0 });
  const body = { cluster: 'shop', select: { all: true } };
  for (const validateOnly of [true, false]) {
    await assert.rejects(
      life.control.directors.adopt(admin, 'local', body, { validateOnly }),
      failsWith('ADOPTION_NEEDS_MORE', ({ metadata }) => assert.equal(metadata.key, `address/${VIP}`)),
    );
  }
  assert.equal(
    life.store.read((reader) => reader.entryCount()),
    0,
  );
  world.host.addAddress(vipOnEth0);
  await life.control.directors.adopt(admin, 'local', body, {});
  assert.equal(
    life.store.read((reader) => reader.entry(`address/${VIP}`)?.origin),
    'found',
  );
  assert.deepEqual(await operations(life), []);
});
