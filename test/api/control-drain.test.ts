// Removal and drain on a real database and a memory kernel, whose connections and clock the tests set.
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { type TestContext, test } from 'node:test';
import type { Control } from '../../src/control/control.js';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import type { Drain } from '../../src/domain/schema/drain.js';
import type { IpvsDriver } from '../../src/driver/driver.js';
import { KernelError } from '../../src/driver/kernel-error.js';
import {
  admin,
  callOf,
  createShop,
  createWorld,
  eventually,
  failsWith,
  frontend,
  frontendText,
  http,
  type Life,
  project,
  shop,
  stored,
  summary,
  type World,
  web1,
} from '../support/control-world.js';

const KEY = `${frontendText}->10.0.0.1:80`;
const PATH = 'projects/default/clusters/shop/virtual-services/http/real-servers/web1';
const START = Date.parse('2026-01-01T00:00:00.000Z');

interface Scene extends World {
  readonly life: Life;
  readonly control: Control;
  /** Lets the time pass; the drains are looked at. */
  pass(seconds: number): Promise<void>;
  table(): Promise<Record<string, string | number>>;
  drains(): Promise<Drain[]>;
  /** Kernel operations since the last call, by the audit log. */
  told(): Promise<string[]>;
}

/** The shop, whose real server has one connection. */
async function createScene(t: TestContext): Promise<Scene> {
  let time = START;
  const world = createWorld(t, { now: () => new Date(time) });
  const life = await world.start();
  const { control } = life;
  await createShop(control);
  world.kernel.setConnectionCounts(KEY, { active: 1 });
  let seen = life.store.read((reader) => reader.revision());
  return {
    ...world,
    life,
    control,
    async pass(seconds) {
      time += seconds * 1000;
      await control.directors.reconcile(admin, 'local');
    },
    table: async () => summary(await world.hand.read()),
    drains: async () => [...(await control.directors.drains(admin, 'local', {})).items],
    async told() {
      const events = await eventsAfter(control, seen);
      seen = life.store.read((reader) => reader.revision());
      return events.flatMap(({ operations }) => operations.map(({ command, key }) => `${command} ${key}`));
    },
  };
}

/** Oldest first. */
async function eventsAfter(control: Control, id: number): Promise<AuditEvent[]> {
  const { items } = await control.auditEvents.list(admin, { pageSize: 1000 });
  return items.filter((event) => event.id > id).reverse();
}

test('a real server without connections leaves the kernel before the answer, under the request id of the deletion', async (t) => {
  const { control, kernel, table, life } = await createScene(t);
  kernel.setConnectionCounts(KEY, {});
  const before = life.store.read((reader) => reader.revision());
  assert.deepEqual(await control.realServers.delete(admin, web1, {}), { pending: false });
  assert.deepEqual(await table(), { [frontendText]: 'wlc' });
  const events = await eventsAfter(control, before);
  assert.deepEqual(
    events.map(({ kind, action, actor, requestId }) => [kind, action, actor.principal, requestId]),
    [
      ['change', 'deleteRealServer', 'tester', 'request-1'],
      ['apply', 'deleteRealServer', 'tester', 'request-1'],
      ['drain', 'drain', 'system', 'request-1'],
      ['apply', 'drain', 'system', 'request-1'],
    ],
  );
  assert.equal(events[2]?.detail, `${KEY} has no connections left.`);
  assert.ok(events.every(({ resource }) => resource === PATH));
});

for (const kind of ['active', 'inactive', 'persistent'] as const) {
  test(`a real server with ${kind} connections gets weight 0 and leaves by itself when they have ended`, async (t) => {
    const { control, kernel, table, drains } = await createScene(t);
    kernel.setConnectionCounts(KEY, { [kind]: 2 });
    await control.realServers.delete(admin, web1, {});
    await assert.rejects(control.realServers.get(admin, web1), failsWith('REAL_SERVER_NOT_FOUND'));
    assert.deepEqual(await table(), { [frontendText]: 'wlc', [KEY]: 0 });
    const connections = { active: 0, inactive: 0, persistent: 0, [kind]: 2 };
    assert.deepEqual(await drains(), [
      {
        ...{ key: KEY, resource: PATH, state: 'draining', leaving: true },
        ...{ deadline: '2026-01-01T00:05:00.000Z', connections },
      },
    ]);
    kernel.setConnectionCounts(KEY, {});
    await eventually(async () => !(KEY in (await table())));
    assert.deepEqual(await drains(), []);
  });
}

test('at the deadline the last connections are cut, and the audit log says how many', async (t) => {
  const { control, pass, table } = await createScene(t);
  await control.realServers.update(admin, web1, { spec: { drainTimeoutSeconds: 60 } }, {});
  await control.realServers.delete(admin, web1, {});
  await pass(59);
  assert.equal((await table())[KEY], 0);
  await pass(1);
  assert.deepEqual(await table(), { [frontendText]: 'wlc' });
  const { items } = await control.auditEvents.list(admin, { kind: ['drain'], resource: PATH });
  assert.match(items[0]?.detail ?? '', /deadline .* 2026-01-01T00:01:00.000Z, has passed: its last 1 conn/);
});

test("behind UDP nobody waits for more than the director's UDP timeout, wanted or seen", async (t) => {
  const { control, kernel, hand, pass, drains } = await createScene(t);
  const dns = { ...shop, virtualService: 'dns' };
  const spec = { protocol: 'udp', address: '192.0.2.10', port: 53 };
  await control.virtualServices.create(admin, shop, { name: 'dns', spec }, {});
  const secondsOf = async (n: number, drainTimeoutSeconds: number) => {
    const server = { name: `ns${n}`, spec: { address: `10.0.0.${n}`, drainTimeoutSeconds } };
    await control.realServers.create(admin, dns, server, {});
    const key = `udp/192.0.2.10:53->10.0.0.${n}:53`;
    kernel.setConnectionCounts(key, { inactive: 1 });
    await control.realServers.delete(admin, { ...dns, realServer: `ns${n}` }, {});
    const drain = (await drains()).find((one) => one.key === key);
    return (Date.parse(drain?.deadline ?? '') - START) / 1000;
  };
  assert.equal(await secondsOf(1, 3600), 300);
  const config = { tcpSeconds: 900, tcpFinSeconds: 120, udpSeconds: 700 };
  await hand.applyDirector([{ command: 'SET_CONFIG', key: 'timeouts', config }]);
  assert.equal(await secondsOf(2, 3600), 300);
  await pass(0);
  assert.equal(await secondsOf(3, 3600), 700);
  assert.equal(await secondsOf(4, 650), 650);
  await control.timeouts.replace(admin, 'local', { spec: { ...config, udpSeconds: 45 } }, {});
  assert.equal(await secondsOf(5, 3600), 45);
});

test('a UDP drain that stays is bounded too, from its beginning', async (t) => {
  const { control, pass } = await createScene(t);
  const dns = { ...shop, virtualService: 'dns' };
  const spec = { protocol: 'udp', address: '192.0.2.10', port: 53 };
  await control.virtualServices.create(admin, shop, { name: 'dns', spec }, {});
  const server = { address: '10.0.0.1', drainTimeoutSeconds: 3600 };
  await control.realServers.create(admin, dns, { name: 'ns1', spec: server }, {});
  const ns1 = { ...dns, realServer: 'ns1' };
  const deadlineAfter = async (patch: object) => {
    const { resource } = stored(await control.realServers.update(admin, ns1, { spec: patch }, {}));
    return resource.status.drain?.deadline;
  };
  assert.equal(await deadlineAfter({ adminState: 'drain' }), '2026-01-01T00:05:00.000Z');
  await pass(20);
  assert.equal(await deadlineAfter({ drainTimeoutSeconds: 100 }), '2026-01-01T00:01:40.000Z');
});

test('nobody waits for a real server whose drain timeout is 0, or with drain false', async (t) => {
  const { control, kernel, told } = await createScene(t);
  await control.realServers.delete(admin, web1, { drain: false });
  assert.deepEqual(await told(), [`DEL_DEST ${KEY}`]);
  const server = { name: 'web1', spec: { address: '10.0.0.1', drainTimeoutSeconds: 0 } };
  await control.realServers.create(admin, http, server, {});
  kernel.setConnectionCounts(KEY, { active: 1 });
  await control.realServers.delete(admin, web1, {});
  assert.deepEqual(await told(), [`NEW_DEST ${KEY}`, `DEL_DEST ${KEY}`]);
});

test('a real server that is made again while it drains is edited in place, whoever makes it', async (t) => {
  const { control, told, drains } = await createScene(t);
  const spec = { address: '10.0.0.1', weight: 7 };
  await control.realServers.delete(admin, web1, {});
  await control.realServers.create(admin, http, { name: 'web1', spec }, {});
  await control.virtualServices.delete(admin, http, { cascade: true });
  await control.clusters.create(admin, project, { name: 'other' }, {});
  const other = { ...project, cluster: 'other' };
  await control.virtualServices.create(admin, other, { name: 'web', spec: frontend }, {});
  assert.equal((await drains())[0]?.resource, PATH);
  const names = { ...other, virtualService: 'web' };
  await control.realServers.create(admin, names, { name: 'mine', spec }, {});
  assert.deepEqual(await told(), [
    `SET_DEST ${KEY}`,
    `SET_DEST ${KEY}`,
    `SET_DEST ${KEY}`,
    `SET_DEST ${KEY}`,
  ]);
  assert.deepEqual(await drains(), []);
  const { services } = await control.directors.table(admin, 'local', {});
  const [destination] = services[0]?.destinations ?? [];
  assert.equal(services[0]?.resource, 'projects/default/clusters/other/virtual-services/web');
  assert.deepEqual([destination?.weight, destination?.activeConnections], [7, 1]);
});

test('a restart in the middle goes on with the same deadline', async (t) => {
  let time = START;
  const world = createWorld(t, { now: () => new Date(time) });
  const first = await world.start();
  await createShop(first.control);
  world.kernel.setConnectionCounts(KEY, { active: 1 });
  await first.control.realServers.delete(admin, web1, {});
  await first.stop();
  time += 200_000;
  const second = await world.start();
  assert.deepEqual(summary(await world.hand.read()), { [frontendText]: 'wlc', [KEY]: 0 });
  const { items } = await second.control.directors.drains(admin, 'local', {});
  assert.equal(items[0]?.deadline, '2026-01-01T00:05:00.000Z');
  await second.stop();
  time += 100_000;
  const third = await world.start();
  assert.deepEqual(summary(await world.hand.read()), { [frontendText]: 'wlc' });
  assert.equal(
    third.store.read((reader) => reader.entryCount()),
    1,
  );
});

test('a service goes after its last real server, which keeps its connections until then', async (t) => {
  const { control, kernel, table, pass, told, drains } = await createScene(t);
  const second = `${frontendText}->10.0.0.2:80`;
  await control.realServers.create(admin, http, { name: 'web2', spec: { address: '10.0.0.2' } }, {});
  await control.clusters.delete(admin, shop, { cascade: true });
  assert.deepEqual(await table(), { [frontendText]: 'wlc', [KEY]: 0 });
  assert.deepEqual(
    (await drains()).map(({ key, state, deadline }) => [key, state, deadline]),
    [
      [frontendText, 'draining', null],
      [KEY, 'draining', '2026-01-01T00:05:00.000Z'],
    ],
  );
  kernel.setConnectionCounts(KEY, {});
  await pass(1);
  assert.deepEqual(await table(), {});
  assert.deepEqual(await told(), [
    ...[`NEW_DEST ${second}`, `SET_DEST ${KEY}`, `SET_DEST ${second}`, `DEL_DEST ${second}`],
    `DEL_SERVICE ${frontendText}`,
  ]);
});

test('drain false of a parent cuts what drains below it too', async (t) => {
  const { control, table } = await createScene(t);
  await control.realServers.delete(admin, web1, {});
  await control.virtualServices.delete(admin, http, { drain: false });
  assert.deepEqual(await table(), {});
});

test('what a definition leaves out drains, unless it may not', async (t) => {
  const { control, table } = await createScene(t);
  const spec = { address: '10.0.0.2' };
  const definition = { virtualServices: { http: { spec: frontend, realServers: { web2: { spec } } } } };
  await control.definitions.replace(admin, shop, definition, {});
  assert.deepEqual(await table(), { [frontendText]: 'wlc', [KEY]: 0, [`${frontendText}->10.0.0.2:80`]: 1 });
  await control.definitions.replace(admin, shop, definition, { drain: false });
  assert.deepEqual(await table(), { [frontendText]: 'wlc', [`${frontendText}->10.0.0.2:80`]: 1 });
});

test('what gets another key drains under its old one', async (t) => {
  const { control, table, drains } = await createScene(t);
  await control.realServers.update(admin, web1, { spec: { address: '10.0.0.9' } }, {});
  assert.deepEqual(await table(), { [frontendText]: 'wlc', [KEY]: 0, [`${frontendText}->10.0.0.9:80`]: 1 });
  assert.equal((await control.realServers.get(admin, web1)).status.drain, null);
  await control.virtualServices.update(admin, http, { spec: { port: 81 } }, {});
  assert.deepEqual(await table(), {
    ...{ [frontendText]: 'wlc', [KEY]: 0 },
    ...{ 'tcp/192.0.2.10:81': 'wlc', 'tcp/192.0.2.10:81->10.0.0.9:81': 1 },
  });
  assert.deepEqual(
    (await drains()).map(({ key }) => key),
    [frontendText, KEY],
  );
});

test('a kernel that is away in the middle neither loses nor hurries a drain', async (t) => {
  const { control, kernel, pass, table } = await createScene(t);
  kernel.setAvailable(false);
  assert.deepEqual(await control.realServers.delete(admin, web1, {}), { pending: true });
  await assert.rejects(control.directors.drains(admin, 'local', {}), failsWith('KERNEL_UNAVAILABLE'));
  kernel.setAvailable(true);
  await pass(1);
  assert.deepEqual(await table(), { [frontendText]: 'wlc', [KEY]: 0 });
  kernel.setAvailable(false);
  await pass(1);
  kernel.setConnectionCounts(KEY, {});
  kernel.setAvailable(true);
  await pass(1);
  assert.deepEqual(await table(), { [frontendText]: 'wlc' });
});

test('a service without real servers that is deleted while the kernel is away is pending', async (t) => {
  const { control, kernel, pass, table } = await createScene(t);
  await control.realServers.delete(admin, web1, { drain: false });
  kernel.setAvailable(false);
  assert.deepEqual(await control.virtualServices.delete(admin, http, {}), { pending: true });
  kernel.setAvailable(true);
  await pass(1);
  assert.deepEqual(await table(), {});
});

test('a removal that the kernel refuses stays on the way, without an event for every try', async (t) => {
  const world = createWorld(t);
  let refusing = true;
  const { control, store } = await world.start(refusingRemovals(world.kernel.open(), () => refusing));
  await createShop(control);
  assert.deepEqual(await control.realServers.delete(admin, web1, {}), { pending: true });
  await control.directors.reconcile(admin, 'local');
  const revision = store.read((reader) => reader.revision());
  await control.directors.reconcile(admin, 'local');
  await control.directors.reconcile(admin, 'local');
  assert.equal(
    store.read((reader) => reader.revision()),
    revision,
  );
  refusing = false;
  await control.directors.reconcile(admin, 'local');
  assert.deepEqual(summary(await world.hand.read()), { [frontendText]: 'wlc' });
});

/** A kernel that answers ENOTSUPP-like to DEL_DEST for as long as it is told. */
function refusingRemovals(driver: IpvsDriver, isRefusing: () => boolean): IpvsDriver {
  return {
    ...driver,
    async apply(operations) {
      const refusals = [];
      for (const operation of operations) {
        const { command, key } = operation;
        if (command === 'DEL_DEST' && isRefusing()) {
          refusals.push(new KernelError({ errno: constants.errno.EOPNOTSUPP, command, key }));
        } else refusals.push(...(await driver.apply([operation])));
      }
      return refusals;
    },
  };
}

test('a destination that the kernel gives its weight to again has not drained, though it has no connections', async (t) => {
  const { control, hand, kernel, table } = await createScene(t);
  await control.realServers.delete(admin, web1, {});
  const present = (await hand.read()).get(KEY);
  assert.ok(present?.kind === 'destination');
  const { key, backend, config } = present;
  await hand.apply([{ command: 'SET_DEST', key, frontend, backend, config: { ...config, weight: 5 } }]);
  kernel.setConnectionCounts(KEY, {});
  // longer than the time between two looks at the drains
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal((await table())[KEY], 5);
  await control.directors.reconcile(admin, 'local');
  assert.deepEqual(await table(), { [frontendText]: 'wlc' });
  const { items } = await control.auditEvents.list(admin, { kind: ['drift'] });
  assert.equal(items[0]?.after?.weight, 0);
});

test('adminState drain keeps the real server with weight 0, and its status tells how far it is', async (t) => {
  const { control, kernel, pass, table, told, drains } = await createScene(t);
  const status = async () => (await control.realServers.get(admin, web1, { connections: true })).status;
  assert.deepEqual((await status()).drain, null);
  assert.deepEqual((await status()).connections, { active: 1, inactive: 0, persistent: 0 });

  await control.realServers.update(admin, web1, { spec: { adminState: 'drain' } }, {});
  const deadline = '2026-01-01T00:05:00.000Z';
  assert.deepEqual((await control.realServers.get(admin, web1)).status.drain, { deadline });
  assert.deepEqual((await status()).drain, { deadline, state: 'draining' });
  assert.equal((await drains())[0]?.leaving, false);
  await pass(300);
  assert.deepEqual((await status()).drain, { deadline, state: 'drained' });

  await control.realServers.update(admin, web1, { spec: { drainTimeoutSeconds: 900 } }, {});
  assert.deepEqual((await status()).drain, { deadline: '2026-01-01T00:15:00.000Z', state: 'draining' });
  kernel.setConnectionCounts(KEY, {});
  const { items } = await control.realServers.list(admin, http, { connections: true });
  assert.equal(items[0]?.status.drain?.state, 'drained');
  await pass(1);
  assert.equal((await table())[KEY], 0);

  await control.realServers.update(admin, web1, { spec: { adminState: 'active' } }, {});
  assert.deepEqual(await told(), [`SET_DEST ${KEY}`, `SET_DEST ${KEY}`]);
  assert.deepEqual([(await table())[KEY], (await status()).drain], [1, null]);
});

test('adminState disabled drains, then takes the real server out of the kernel', async (t) => {
  const { control, kernel, pass, table } = await createScene(t);
  await control.realServers.update(admin, web1, { spec: { adminState: 'disabled' } }, {});
  const { status } = await control.realServers.get(admin, web1, { connections: true });
  assert.deepEqual(status.drain, { deadline: '2026-01-01T00:05:00.000Z', state: 'draining' });
  assert.equal(status.connections?.active, 1);
  kernel.setConnectionCounts(KEY, {});
  await pass(1);
  assert.deepEqual(await table(), { [frontendText]: 'wlc' });
  const after = (await control.realServers.get(admin, web1, { connections: true })).status;
  assert.deepEqual([after.drain, after.connections], [null, undefined]);
});

test('a deletion that the kernel refuses to begin leaves the real server as it was', async (t) => {
  const world = createWorld(t);
  const driver = world.kernel.open();
  let refusing = false;
  const { control } = await world.start({
    ...driver,
    async apply(operations) {
      if (!refusing) return driver.apply(operations);
      return operations.map(
        ({ command, key }) => new KernelError({ errno: constants.errno.EINVAL, command, key }),
      );
    },
  });
  await createShop(control);
  world.kernel.setConnectionCounts(KEY, { active: 1 });
  refusing = true;
  await assert.rejects(control.realServers.delete(admin, web1, {}), failsWith('KERNEL_REFUSED'));
  refusing = false;
  const { status } = await control.realServers.get(admin, web1);
  assert.deepEqual([status.state, status.drain], ['applied', null]);
  await control.directors.reconcile(admin, 'local');
  assert.equal(summary(await world.hand.read())[KEY], 1);
});

test('drains are listed a page at a time', async (t) => {
  const { control, kernel } = await createScene(t);
  for (const last of [2, 3, 4]) {
    const spec = { address: `10.0.0.${last}`, adminState: 'drain' };
    await control.realServers.create(admin, http, { name: `web${last}`, spec }, {});
  }
  kernel.setConnectionCounts(`${frontendText}->10.0.0.3:80`, { active: 3 });
  const first = await control.directors.drains(admin, 'local', { pageSize: 2 });
  const rest = await control.directors.drains(admin, 'local', { pageToken: first.nextPageToken });
  assert.deepEqual(
    [first, rest].map(({ items }) => items.map(({ resource, state }) => [resource.slice(-4), state])),
    [
      [
        ['web2', 'drained'],
        ['web3', 'draining'],
      ],
      [['web4', 'drained']],
    ],
  );
  assert.equal(rest.nextPageToken, '');
  const bound = callOf({ role: 'admin', project: 'default' });
  await assert.rejects(control.directors.drains(bound, 'local', {}), failsWith('PERMISSION_DENIED'));
});

test('one call drains an address in all virtual services of the project, as one write', async (t) => {
  const { control, kernel, table, life, told } = await createScene(t);
  const dns = { ...shop, virtualService: 'dns' };
  const spec = { protocol: 'udp', address: '192.0.2.10', port: 53 };
  await control.virtualServices.create(admin, shop, { name: 'dns', spec }, {});
  await control.realServers.create(admin, dns, { name: 'ns1', spec: { address: '10.0.0.1' } }, {});
  await control.realServers.create(admin, dns, { name: 'ns2', spec: { address: '10.0.0.2' } }, {});
  const names = { ...project, address: '10.0.0.1' };
  const before = await control.realServerAddresses.get(admin, names, { connections: true });
  assert.deepEqual(
    before.realServerAddress.realServers.map(({ name, status }) => [name, status.connections?.active]),
    [
      ['ns1', 0],
      ['web1', 1],
    ],
  );
  const revision = life.store.read((reader) => reader.revision());
  await told();

  const operator = callOf({ role: 'operator', project: 'default' });
  const drain = { spec: { adminState: 'drain' } };
  const preview = await control.realServerAddresses.update(operator, names, drain, { validateOnly: true });
  assert.ok('preview' in preview);
  assert.equal(preview.preview.changes.length, 2);
  const options = { ifMatch: before.etag };
  const { resource } = stored(await control.realServerAddresses.update(operator, names, drain, options));
  assert.deepEqual(
    resource.realServerAddress.realServers.map(({ name, spec: { adminState } }) => [name, adminState]),
    [
      ['ns1', 'drain'],
      ['web1', 'drain'],
    ],
  );
  const udp = 'udp/192.0.2.10:53';
  assert.deepEqual(await told(), [`SET_DEST ${udp}->10.0.0.1:53`, `SET_DEST ${KEY}`]);
  assert.equal((await table())[`${udp}->10.0.0.2:53`], 1);
  const changes = (await eventsAfter(control, revision)).filter(({ kind }) => kind === 'change');
  assert.deepEqual(
    changes.map(({ action, requestId }) => [action, requestId]),
    [
      ['updateRealServerAddress', 'request-1'],
      ['updateRealServerAddress', 'request-1'],
    ],
  );

  await control.realServers.update(admin, web1, { spec: { adminState: 'active' } }, {});
  await assert.rejects(
    control.realServerAddresses.update(operator, names, drain, options),
    failsWith('ETAG_MISMATCH'),
  );
  const again = stored(await control.realServerAddresses.update(operator, names, drain, {}));
  assert.deepEqual(
    again.resource.realServerAddress.realServers.map(({ name }) => name),
    ['web1'],
  );
  kernel.setAvailable(false);
  const active = { spec: { adminState: 'active' } };
  assert.equal(stored(await control.realServerAddresses.update(operator, names, active, {})).pending, true);
});

test('an address that no real server has, that is none, or a body without an admin state is refused', async (t) => {
  const { control } = await createScene(t);
  const { realServerAddresses: addresses } = control;
  const at = (address: string) => ({ ...project, address });
  const drain = { spec: { adminState: 'drain' } };
  await assert.rejects(addresses.get(admin, at('10.9.9.9')), failsWith('REAL_SERVER_NOT_FOUND'));
  await assert.rejects(
    addresses.update(admin, at('10.9.9.9'), drain, {}),
    failsWith('REAL_SERVER_NOT_FOUND'),
  );
  await assert.rejects(addresses.get(admin, at('web1')), failsWith('ADDRESS_INVALID'));
  await assert.rejects(addresses.update(admin, at('10.0.0.1'), {}, {}), failsWith('FIELD_REQUIRED'));
  const more = { spec: { adminState: 'drain', weight: 3 } };
  await assert.rejects(addresses.update(admin, at('10.0.0.1'), more, {}), failsWith('FIELD_UNKNOWN'));
  const nowhere = { project: 'nowhere', address: '10.0.0.1' };
  await assert.rejects(addresses.get(admin, nowhere), failsWith('PROJECT_NOT_FOUND'));
  const viewer = callOf({ role: 'viewer' });
  await assert.rejects(addresses.update(viewer, at('10.0.0.1'), drain, {}), failsWith('PERMISSION_DENIED'));
  const elsewhere = callOf({ role: 'admin', project: 'other' });
  await assert.rejects(addresses.get(elsewhere, at('10.0.0.1')), failsWith('PROJECT_NOT_FOUND'));
});
