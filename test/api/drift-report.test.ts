/** Drift policy `report`: lvsd writes to the kernel when somebody asked for it, and not otherwise. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Control } from '../../src/control/control.js';
import { pathOf } from '../../src/domain/names.js';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';
import {
  admin,
  createShop,
  createWorld,
  eventually,
  frontend,
  frontendText,
  http,
  shop,
  stored,
  summary,
  web1,
} from '../support/control-world.js';
import { deleteDestination, deleteService, setDestination } from '../support/operations.js';
import { lastPass, nextPass } from '../support/passes.js';

const WEB1 = `${frontendText}->10.0.0.1:80`;
const WEB2 = `${frontendText}->10.0.0.2:80`;
const backend1 = { address: '10.0.0.1', port: 80 };
const backend2 = { address: '10.0.0.2', port: 80 };
const complete = { [frontendText]: 'wlc', [WEB1]: 1, [WEB2]: 1 };
const web2 = { ...http, realServer: 'web2' };

async function report(control: Control): Promise<void> {
  await control.driftPolicies.replace(admin, 'local', { spec: { mode: 'report' } }, {});
}

async function reportingWorld(t: TestContext) {
  const world = createWorld(t, { intervalSeconds: 0.05 });
  const life = await world.start();
  await createShop(life.control);
  await life.control.realServers.create(admin, http, { name: 'web2', spec: { address: '10.0.0.2' } }, {});
  await report(life.control);
  return { world, ...life };
}

async function driftEvents(control: Control): Promise<AuditEvent[]> {
  return [...(await control.auditEvents.list(admin, { kind: ['drift'] })).items];
}

test('drift is told once and shown for as long as it is there, and nothing is written', async (t) => {
  const { world, control } = await reportingWorld(t);
  await world.hand.apply([setDestination(frontend, backend1, { weight: 7 })]);
  const drifted = { ...complete, [WEB1]: 7 };
  for (let passes = 0; passes < 3; passes += 1) {
    const { outcome, drift, operations } = await nextPass(control);
    assert.deepEqual([outcome, drift, operations], ['reported', 1, 0]);
  }
  assert.match((await lastPass(control)).detail ?? '', /1 differences are left as they are/);
  assert.deepEqual(summary(await world.hand.read()), drifted);
  const [event, ...others] = await driftEvents(control);
  assert.deepEqual([event?.before?.weight, event?.after?.weight, others], [7, 1, []]);
  assert.match(event?.detail ?? '', /has weight 7 in the kernel, not 1: left as it is/);

  const { status } = await control.realServers.get(admin, web1);
  const { revision } = await control.realServers.get(admin, web1);
  assert.deepEqual(
    [status.state, status.directors[0]?.reason, status.directors[0]?.observedRevision],
    ['drifted', 'DRIFT_REPORTED', revision],
  );
  assert.equal((await control.clusters.get(admin, shop)).status.state, 'drifted');
  assert.equal((await control.realServers.get(admin, web2)).status.state, 'applied');
  assert.deepEqual(
    (await control.directors.drift(admin, 'local')).differences.map(({ key }) => key),
    [WEB1],
  );
  assert.equal((await control.directors.get(admin, 'local')).driftCount, 1);
  assert.equal((await control.readiness()).ready, true);
});

test('other drift is told anew, and what is put right by hand is applied again', async (t) => {
  const { world, control } = await reportingWorld(t);
  await world.hand.apply([setDestination(frontend, backend1, { weight: 7 })]);
  await nextPass(control);
  await world.hand.apply([setDestination(frontend, backend1, { weight: 8 })]);
  await nextPass(control);
  await world.hand.apply([deleteDestination(frontend, backend1)]);
  await nextPass(control);
  const details = (await driftEvents(control)).map(({ detail }) => detail ?? '');
  assert.deepEqual(details.map((detail) => /weight \d|not in the kernel/.exec(detail)?.[0]).toReversed(), [
    'weight 7',
    'weight 8',
    'not in the kernel',
  ]);
  await world.hand.apply([{ ...setDestination(frontend, backend1), command: 'NEW_DEST' }] as never);
  assert.equal((await nextPass(control)).outcome, 'clean');
  assert.equal((await control.clusters.get(admin, shop)).status.state, 'applied');
});

test('a requested reconciliation repairs it, with the request in the audit log, and it is not told twice', async (t) => {
  const { world, control } = await reportingWorld(t);
  await world.hand.apply([deleteService(frontend)]);
  await nextPass(control);
  assert.equal((await driftEvents(control)).length, 3);
  const { outcome, drift, operations } = await control.directors.reconcile(admin, 'local');
  assert.deepEqual([outcome, drift, operations], ['repaired', 3, 3]);
  assert.deepEqual(summary(await world.hand.read()), complete);
  assert.equal((await driftEvents(control)).length, 3);
  const { items } = await control.auditEvents.list(admin, { kind: ['apply'], actor: 'tester', pageSize: 1 });
  assert.deepEqual(
    items.map(({ action, resource, operations }) => [action, resource, operations.length]),
    [['createReconciliation', pathOf(http), 3]],
  );
  assert.equal((await control.clusters.get(admin, shop)).status.state, 'applied');
});

test('writes are applied, and leave the drift beside them alone', async (t) => {
  const { world, control } = await reportingWorld(t);
  await world.hand.apply([
    setDestination(frontend, backend1, { weight: 7 }),
    deleteDestination(frontend, backend2),
  ]);
  await nextPass(control);
  const patch = { spec: { weight: 3 } };
  assert.equal(stored(await control.realServers.update(admin, web2, patch, {})).pending, false);
  assert.deepEqual(summary(await world.hand.read()), { ...complete, [WEB1]: 7, [WEB2]: 3 });
  assert.equal((await control.realServers.get(admin, web2)).status.state, 'applied');
  assert.equal((await control.realServers.get(admin, web1)).status.state, 'drifted');

  await control.realServers.create(admin, http, { name: 'web3', spec: { address: '10.0.0.3' } }, {});
  await control.realServers.delete(admin, web2, {});
  await eventually(async () => !(await world.hand.read()).has(WEB2));
  await control.virtualServices.update(admin, http, { spec: { scheduler: 'rr' } }, {});
  const expected = { [frontendText]: 'rr', [WEB1]: 7, [`${frontendText}->10.0.0.3:80`]: 1 };
  assert.deepEqual(summary(await world.hand.read()), expected);
  await nextPass(control);
  assert.deepEqual(summary(await world.hand.read()), expected);

  await control.realServers.update(admin, web1, { spec: { weight: 2 } }, {});
  assert.deepEqual(summary(await world.hand.read()), { ...expected, [WEB1]: 2 });
  assert.equal((await nextPass(control)).outcome, 'clean');
});

test('a refused write is undone without touching the drift beside it', async (t) => {
  const world = createWorld(t, { intervalSeconds: 0.05, localBroadcasts: ['10.0.0.255'] });
  const { control } = await world.start();
  await createShop(control);
  await report(control);
  await world.hand.apply([setDestination(frontend, backend1, { weight: 7 })]);
  await nextPass(control);
  const bad = { name: 'bad', spec: { address: '10.0.0.255' } };
  await assert.rejects(control.realServers.create(admin, http, bad, {}), { reason: 'KERNEL_REFUSED' });
  assert.deepEqual(summary(await world.hand.read()), { [frontendText]: 'wlc', [WEB1]: 7 });
  assert.equal((await control.realServers.get(admin, web1)).status.state, 'drifted');
});

test('what was accepted while the kernel was away is done when it is back, over a restart too', async (t) => {
  const { world, control, stop } = await reportingWorld(t);
  await world.hand.apply([setDestination(frontend, backend1, { weight: 7 })]);
  await nextPass(control);
  world.kernel.setAvailable(false);
  assert.equal(
    stored(await control.realServers.update(admin, web2, { spec: { weight: 4 } }, {})).pending,
    true,
  );
  await control.realServers.create(admin, http, { name: 'web3', spec: { address: '10.0.0.3' } }, {});
  await stop();
  world.kernel.setAvailable(true);
  const second = await world.start();
  const expected = { ...complete, [WEB1]: 7, [WEB2]: 4, [`${frontendText}->10.0.0.3:80`]: 1 };
  assert.deepEqual(summary(await world.hand.read()), expected);
  const first = await lastPass(second.control);
  assert.deepEqual(
    [first.trigger, first.outcome, first.drift, first.operations],
    ['start', 'reported', 1, 2],
  );
  assert.deepEqual(
    second.store.read((reader) => reader.owed()),
    [],
  );

  await world.hand.apply([setDestination(frontend, backend2, { weight: 9 })]);
  await nextPass(second.control);
  assert.deepEqual(summary(await world.hand.read()), { ...expected, [WEB2]: 9 });
});

test('a kernel that lost everything while lvsd was down is told of in one event, and left to a person', async (t) => {
  const { world, stop } = await reportingWorld(t);
  await stop();
  await world.hand.apply([deleteService(frontend)]);
  const { control } = await world.start();
  await nextPass(control);
  assert.equal((await world.hand.read()).size, 0);
  assert.deepEqual(
    (await driftEvents(control)).map(({ resource }) => resource),
    ['directors/local'],
  );
  await control.directors.reconcile(admin, 'local');
  assert.deepEqual(summary(await world.hand.read()), complete);
});

test('a real server of a service that is missing waits for the service, and says so', async (t) => {
  const { world, control } = await reportingWorld(t);
  await world.hand.apply([deleteService(frontend)]);
  await nextPass(control);
  const web3 = { name: 'web3', spec: { address: '10.0.0.3' } };
  const { pending, resource } = stored(await control.realServers.create(admin, http, web3, {}));
  assert.equal(pending, true);
  assert.match(resource.status.directors[0]?.detail ?? '', /its service tcp\/192.0.2.10:80 is missing/);
  assert.equal((await world.hand.read()).size, 0);
  await control.directors.reconcile(admin, 'local');
  assert.deepEqual(summary(await world.hand.read()), { ...complete, [`${frontendText}->10.0.0.3:80`]: 1 });
  assert.equal((await control.clusters.get(admin, shop)).status.state, 'applied');
});

test('timeouts and daemons follow the mode, and what was asked for while the kernel was away', async (t) => {
  const { world, control, stop } = await reportingWorld(t);
  const wanted = { tcpSeconds: 600, tcpFinSeconds: 30, udpSeconds: 60 };
  const others = { tcpSeconds: 1, tcpFinSeconds: 2, udpSeconds: 3 };
  const setTimeouts = (config: typeof wanted) =>
    world.hand.applyDirector([{ command: 'SET_CONFIG', key: 'timeouts', config }]);
  await control.timeouts.replace(admin, 'local', { spec: wanted }, {});
  await setTimeouts(others);
  for (let passes = 0; passes < 2; passes += 1) {
    const { outcome, drift, operations } = await nextPass(control);
    assert.deepEqual([outcome, drift, operations], ['reported', 1, 0]);
  }
  const { status } = await control.timeouts.get(admin, 'local');
  assert.equal(status.state, 'drifted');
  assert.match(status.detail ?? '', /left so until a reconciliation is requested/);
  assert.equal((await driftEvents(control)).length, 1);
  assert.equal((await control.directors.reconcile(admin, 'local')).operations, 1);
  assert.deepEqual((await world.hand.readDirector()).timeouts, wanted);
  assert.equal((await control.timeouts.get(admin, 'local')).status.state, 'applied');

  world.kernel.setAvailable(false);
  await control.timeouts.replace(admin, 'local', { spec: { ...wanted, udpSeconds: 90 } }, {});
  await stop();
  world.kernel.setAvailable(true);
  const second = await world.start();
  assert.deepEqual((await world.hand.readDirector()).timeouts, { ...wanted, udpSeconds: 90 });
  await setTimeouts(others);
  await nextPass(second.control);
  assert.deepEqual((await world.hand.readDirector()).timeouts, others);
});

test('back to enforce, what was left is repaired by itself', async (t) => {
  const { world, control } = await reportingWorld(t);
  await world.hand.apply([setDestination(frontend, backend1, { weight: 7 })]);
  await nextPass(control);
  await control.driftPolicies.replace(admin, 'local', { spec: {} }, {});
  await eventually(async () => summary(await world.hand.read())[WEB1] === 1);
  assert.equal((await nextPass(control)).outcome, 'clean');
});
