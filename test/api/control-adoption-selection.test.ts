import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Frontend, frontendKey } from '../../src/domain/keys.js';
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
  createShop,
  failsWith,
  frontend,
  frontendText,
  http,
  project,
  shop,
  stored,
} from '../support/control-world.js';
import { newDestination, newService } from '../support/operations.js';

test('a virtual service that is left out keeps its real servers out; one real server does not keep out the others', async (t) => {
  const { control } = await createScene(t, [
    newService(dns, { scheduler: '' }),
    newDestination(dns, { address: '10.0.0.3', port: 53 }),
    newService(frontend),
    newDestination(frontend, rip),
    newDestination(frontend, { address: '10.0.0.2', port: 81 }),
    newDestination(frontend, { address: '10.0.0.4', port: 80 }, { weight: 65_536 }),
  ]);
  const adoption = await adopt(control, { select: all });
  assert.deepEqual(leftOut(adoption), {
    'udp/192.0.2.20:53': 'NOT_EXPRESSIBLE',
    'udp/192.0.2.20:53->10.0.0.3:53': 'SERVICE_LEFT_OUT',
    [`${frontendText}->10.0.0.2:81`]: 'PORT_MAPPING_UNSUPPORTED',
    [`${frontendText}->10.0.0.4:80`]: 'NOT_EXPRESSIBLE',
  });
  assert.deepEqual(
    adoption.adopted.map(({ key }) => key),
    [frontendText, `${frontendText}->10.0.0.1:80`],
  );
  const { foreign } = await control.directors.drift(admin, 'local');
  assert.deepEqual(foreign.toSorted(), Object.keys(leftOut(adoption)).toSorted());
});

test('entries are selected by prefix, and by key with what is below it', async (t) => {
  const six = { protocol: 'tcp', address: '2001:db8::1', port: 80 } as const;
  const mark: Frontend = { fwmark: 7, family: 'ipv4' };
  const { control } = await createScene(t, [
    ...webFarm,
    newService(dns),
    newService(six),
    newService(mark),
    newDestination(mark, { address: '10.0.0.3', port: 0 }),
  ]);
  const adopted = async (select: object) =>
    (await preview(control, { select })).adoption.adopted
      .map(({ key }) => key)
      .filter((key) => !key.includes('->'));
  assert.deepEqual(await adopted({ prefixes: ['192.0.2.0/28'] }), [frontendText]);
  assert.deepEqual(await adopted({ prefixes: ['192.0.2.20', '2001:DB8::/32'] }), [
    frontendKey(dns),
    frontendKey(six),
  ]);
  assert.deepEqual(await adopted({ prefixes: ['0.0.0.0/0', '::/0'] }), [
    frontendText,
    frontendKey(dns),
    frontendKey(six),
  ]);
  assert.deepEqual(await adopted(all), [frontendText, frontendKey(dns), frontendKey(six), 'fwmark/ipv4/7']);
  const { adoption } = await preview(control, {
    select: {
      keys: [
        'fwmark/ipv4/7',
        'tcp/198.51.100.1:1',
        `${frontendText}->10.0.0.1:80`,
        `${frontendText}->10.9.9.9:80`,
      ],
    },
  });
  assert.deepEqual(
    adoption.adopted.map(({ key }) => key),
    ['fwmark/ipv4/7', 'fwmark/ipv4/7->10.0.0.3:0'],
  );
  assert.deepEqual(leftOut(adoption), {
    'tcp/198.51.100.1:1': 'KERNEL_ENTRY_NOT_FOUND',
    [`${frontendText}->10.9.9.9:80`]: 'KERNEL_ENTRY_NOT_FOUND',
    [`${frontendText}->10.0.0.1:80`]: 'SERVICE_NOT_SELECTED',
  });
});

test('foreign real servers behind a managed virtual service are adopted into that, whatever it is called', async (t) => {
  const { control, byHand, driver } = await createScene(t, []);
  await createShop(control);
  await byHand([
    newDestination(frontend, { address: '10.0.0.9', port: 80 }, { weight: 7 }),
    newDestination(frontend, { address: '10.0.0.8', port: 8080 }, nat),
  ]);
  const told = driver.told;
  const elsewhere = await adopt(control, { select: all });
  assert.deepEqual(
    [elsewhere.adopted, new Set(Object.values(leftOut(elsewhere)))],
    [[], new Set(['OTHER_CLUSTER'])],
  );
  assert.match(elsewhere.leftOut[0]?.detail ?? '', /cluster shop of project default/);

  const { definition } = await preview(control, { ...shop, select: { prefixes: [frontend.address] } });
  assert.deepEqual(Object.keys(definition?.virtualServices.http?.realServers ?? {}).toSorted(), [
    '10-0-0-8-8080',
    '10-0-0-9-80',
  ]);
  const keys = [frontendText, `${frontendText}->10.0.0.1:80`];
  const adoption = await adopt(control, { ...shop, select: { keys } });
  assert.deepEqual(leftOut(adoption), { [`${frontendText}->10.0.0.1:80`]: 'ALREADY_MANAGED' });
  const { items } = await control.realServers.list(admin, http, {});
  assert.deepEqual(
    items.map(({ name, spec: { weight, forwarding, port } }) => [name, weight, port, forwarding?.method]),
    [
      ['10-0-0-8-8080', 1, 8080, 'nat'],
      ['10-0-0-9-80', 7, undefined, undefined],
      ['web1', 1, undefined, undefined],
    ],
  );
  assert.equal(driver.told, told);
  const again = await adopt(control, { ...shop, select: { keys: [frontendText] } });
  assert.deepEqual(leftOut(again), { [frontendText]: 'ALREADY_MANAGED' });
});

test('behind a virtual service that is leaving, or that is somebody else’s, nothing is adopted', async (t) => {
  const { control, world, byHand } = await createScene(t, []);
  await createShop(control);
  world.kernel.setConnectionCounts(`${frontendText}->10.0.0.1:80`, { active: 1 });
  await control.virtualServices.delete(admin, http, { cascade: true });
  await byHand([newDestination(frontend, rip2, nat)]);
  const server = `${frontendText}->10.0.0.2:8080`;
  assert.deepEqual(leftOut(await adopt(control, { select: all })), { [server]: 'SERVICE_LEAVING' });

  const mine = { ...dns, port: 54 };
  await byHand([
    newService(mine, { scheduler: 'rr' }),
    newDestination(mine, { address: '10.0.0.3', port: 54 }),
  ]);
  world.kernel.setAvailable(false);
  stored(await control.virtualServices.create(admin, shop, { name: 'mine', spec: mine }, {}));
  world.kernel.setAvailable(true);
  const adoption = await adopt(control, { ...shop, select: { keys: [frontendKey(mine)] } });
  assert.deepEqual(leftOut(adoption), { 'udp/192.0.2.20:54->10.0.0.3:54': 'SERVICE_NOT_APPLIED' });
});

test('with synchronised connections, real servers of the other family are left out', async (t) => {
  const scene = await createScene(t, [
    newService(frontend),
    newDestination(
      frontend,
      { address: '2001:db8::1', port: 80 },
      { method: 'tun', tunnel: { type: 'ipip', port: 0, checksum: 'none' } },
    ),
  ]);
  const spec = { master: { interface: 'eth0', syncId: 1 }, backup: null };
  // the kernel would refuse a daemon beside what it has; it has not been asked yet
  scene.world.kernel.setAvailable(false);
  await scene.control.syncDaemons.replace(admin, 'local', { spec }, {});
  scene.world.kernel.setAvailable(true);
  const adoption = await adopt(scene.control, { select: all });
  assert.deepEqual(leftOut(adoption), {
    [`${frontendText}->[2001:db8::1]:80`]: 'SYNC_EXCLUDES_MIXED_FAMILIES',
  });
  assert.equal(adoption.adopted.length, 1);
});

test('what the body says wrongly is named, field by field', async (t) => {
  const { control } = await createScene(t, []);
  const pointers = async (body: object) => {
    const failure = await control.directors.adopt(admin, 'local', body, {}).catch((error) => error);
    return failure.violations.map(({ pointer }: { pointer: string }) => pointer);
  };
  assert.deepEqual(await pointers({ select: all }), ['/cluster']);
  assert.deepEqual(await pointers({ cluster: 'c' }), ['/select']);
  for (const select of [{}, { all: false }, { all: true, keys: ['tcp/192.0.2.1:80'] }]) {
    assert.deepEqual(await pointers({ cluster: 'c', select }), ['/select']);
  }
  const prefixes = ['192.0.2.0/24', '192.0.2.1/24', 'web'];
  assert.deepEqual(await pointers({ cluster: 'c', select: { prefixes } }), [
    '/select/prefixes/1',
    '/select/prefixes/2',
  ]);
  const keys = [
    'tcp/192.0.2.1:80',
    '192.0.2.1:80',
    'tcp/192.0.2.1:080',
    'tcp/[2001:DB8::1]:80',
    'tcp/192.0.2.1:70000',
    'fwmark/ipv4/x',
    'tcp/192.0.2.1:80->10.0.0.300:1',
    'tcp/192.0.2.1:80->10.0.0.3:1',
    'fwmark/ipv4/4294967296',
    'tcp/999.0.2.1:80',
  ];
  assert.deepEqual(
    await pointers({ cluster: 'c', select: { keys } }),
    [1, 2, 3, 4, 5, 6, 8, 9].map((index) => `/select/keys/${index}`),
  );
  await assert.rejects(adopt(control, { project: 'nix', select: all }), failsWith('PROJECT_NOT_FOUND'));
  await assert.rejects(
    control.directors.adopt(admin, 'elsewhere', { cluster: 'c', select: all }, {}),
    failsWith('DIRECTOR_NOT_FOUND'),
  );
  await control.clusters.create(admin, project, { name: 'legacy', labels: { a: 'b' } }, {});
  assert.deepEqual(await pointers({ ...legacy, labels: { a: 'c' }, description: 'x', select: all }), [
    '/labels',
    '/description',
  ]);
  assert.deepEqual((await adopt(control, { labels: { a: 'b' }, description: '', select: all })).adopted, []);
});
