// What somebody does by hand to entries of ours is noticed within an interval, repaired and written down.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Director, Reconciliation } from '../../src/domain/schema/director.js';
import { assertIntact, auditFromNow } from '../support/audit-events.js';
import { createRestDoor } from '../support/doors.js';
import { ipvsadm, savedLines, thresholds } from '../support/ipvsadm.js';
import { eventually, explained, type KernelServer, startKernelServer } from '../support/kernel-server.js';

const INTERVAL_SECONDS = 1;
/** One interval, the pass itself, and what a slow guest needs to look. */
const REPAIR_LIMIT_MS = INTERVAL_SECONDS * 1000 + 3000;
/** What a quick pass does not see, the next one does. */
const DEEP_REPAIR_LIMIT_MS = REPAIR_LIMIT_MS + INTERVAL_SECONDS * 1000;

const DNS = ['-u', '10.99.0.1:5000'];
const FOREIGN_DESTINATION = '-a -u 10.99.0.1:5000 -r 10.99.1.9:5000 -m -w 9';
const FOREIGN_SERVICE = ['-A -t 10.9.9.9:9 -s rr', '-a -t 10.9.9.9:9 -r 10.9.9.1:9 -m -w 4'];
const DNS_KEY = 'udp/10.99.0.1:5000';
const DNS_PATH = 'projects/default/clusters/c/virtual-services/dns';

/** What the definition below must lead to, foreign entries left out. */
const MANAGED = [
  '-A -u 10.99.0.1:5000 -s rr',
  '-a -u 10.99.0.1:5000 -r 10.99.1.1:5000 -m -w 1',
  '-a -u 10.99.0.1:5000 -r 10.99.1.2:5000 -m -w 2',
  '-A -u 10.99.0.1:5060 -s wlc -p 60 -M 255.255.255.0 --pe sip -o',
  '-A -t [2001:db8::1]:443 -s mh -p 300 -M 64 -b mh-fallback,mh-port',
  '-a -t [2001:db8::1]:443 -r 10.99.1.1:443 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum',
  '-A -f 7 -s sh -b sh-port',
  '-a -f 7 -r 10.99.1.1:0 -g -w 0',
];
const DEFINITION = {
  spec: { forwarding: { method: 'nat' } },
  virtualServices: {
    dns: {
      spec: { protocol: 'udp', address: '10.99.0.1', port: 5000, scheduler: 'rr' },
      realServers: {
        a: { spec: { address: '10.99.1.1', upperThreshold: 100, lowerThreshold: 50 } },
        b: { spec: { address: '10.99.1.2', weight: 2 } },
      },
    },
    sip: {
      spec: {
        protocol: 'udp',
        address: '10.99.0.1',
        port: 5060,
        onePacket: true,
        persistence: { timeoutSeconds: 60, prefixLength: 24, engine: 'sip' },
      },
    },
    web: {
      spec: {
        protocol: 'tcp',
        address: '2001:db8::1',
        port: 443,
        scheduler: 'mh',
        schedulerFlags: ['mh-fallback', 'mh-port'],
        persistence: { prefixLength: 64 },
        forwarding: { method: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'remcsum' } },
      },
      realServers: { a: { spec: { address: '10.99.1.1' } } },
    },
    mark: {
      spec: {
        fwmark: 7,
        family: 'ipv4',
        scheduler: 'sh',
        schedulerFlags: ['sh-port'],
        forwarding: { method: 'dr' },
      },
      realServers: { a: { spec: { address: '10.99.1.1', weight: 0 } } },
    },
  },
};

let server: KernelServer;

before(async () => {
  server = await startKernelServer({ intervalSeconds: INTERVAL_SECONDS });
  for (const line of FOREIGN_SERVICE) await ipvsadm(...line.split(' '));
  assert.deepEqual(await createRestDoor(server.rest).replaceDefinition('c', DEFINITION), {
    outcome: 'created',
  });
  await ipvsadm(...FOREIGN_DESTINATION.split(' '));
  await twoCleanPasses();
});

interface Found {
  readonly resource: string;
  /** What the kernel had: a part of it. */
  readonly before: Readonly<Record<string, unknown>> | null;
}

interface ByHand {
  readonly title: string;
  readonly commands: readonly string[];
  readonly found: readonly Found[];
  /** Only every second pass sees it. */
  readonly isDeep?: boolean;
  /** Foreign lines that the command itself takes away. */
  readonly lost?: readonly string[];
}

const a = `${DNS_PATH}/real-servers/a`;
const b = `${DNS_PATH}/real-servers/b`;
const A_KEY = `${DNS_KEY}->10.99.1.1:5000`;
const B_KEY = `${DNS_KEY}->10.99.1.2:5000`;

const BY_HAND: readonly ByHand[] = [
  {
    title: 'ipvsadm -e of a weight',
    commands: ['-e -u 10.99.0.1:5000 -r 10.99.1.2:5000 -m -w 77'],
    found: [{ resource: b, before: { key: B_KEY, weight: 77, method: 'nat' } }],
  },
  {
    title: 'ipvsadm -e of method and thresholds',
    commands: ['-e -u 10.99.0.1:5000 -r 10.99.1.1:5000 -g -w 1 -x 7 -y 3'],
    found: [{ resource: a, before: { key: A_KEY, method: 'dr', upperThreshold: 7, lowerThreshold: 3 } }],
  },
  {
    title: 'ipvsadm -E of a scheduler and persistence',
    commands: ['-E -u 10.99.0.1:5000 -s wrr -p 60'],
    found: [
      {
        resource: DNS_PATH,
        before: {
          key: DNS_KEY,
          scheduler: 'wrr',
          persistence: { timeoutSeconds: 60, netmask: '255.255.255.255', engine: null },
        },
      },
    ],
  },
  {
    title: 'ipvsadm -E of flags, mask and one-packet scheduling',
    commands: ['-E -u 10.99.0.1:5060 -s sh -b sh-fallback'],
    found: [
      {
        resource: 'projects/default/clusters/c/virtual-services/sip',
        before: { scheduler: 'sh', schedulerFlags: ['flag-1'], onePacket: false, persistence: null },
      },
    ],
  },
  {
    title: 'ipvsadm -e of thresholds alone',
    commands: ['-e -u 10.99.0.1:5000 -r 10.99.1.1:5000 -m -w 1 -x 7 -y 3'],
    found: [{ resource: a, before: { key: A_KEY, upperThreshold: 7, lowerThreshold: 3 } }],
    isDeep: true,
  },
  {
    title: 'ipvsadm -e of a tunnel type',
    commands: ['-e -t [2001:db8::1]:443 -r 10.99.1.1:443 -i -w 1 --tun-type gre --tun-csum'],
    found: [
      {
        resource: 'projects/default/clusters/c/virtual-services/web/real-servers/a',
        before: { method: 'tun', tunnel: { type: 'gre', port: 0, checksum: 'csum' } },
      },
    ],
    isDeep: true,
  },
  {
    title: 'ipvsadm -E of the time of a persistence',
    commands: ['-E -t [2001:db8::1]:443 -s mh -p 77 -M 64 -b mh-fallback,mh-port'],
    found: [
      {
        resource: 'projects/default/clusters/c/virtual-services/web',
        before: { persistence: { timeoutSeconds: 77, netmask: '64', engine: null } },
      },
    ],
    isDeep: true,
  },
  {
    title: 'ipvsadm -d',
    commands: ['-d -u 10.99.0.1:5000 -r 10.99.1.1:5000'],
    found: [{ resource: a, before: null }],
  },
  {
    title: 'several edits between two passes',
    commands: [
      '-d -u 10.99.0.1:5000 -r 10.99.1.1:5000',
      '-e -u 10.99.0.1:5000 -r 10.99.1.2:5000 -m -w 0',
      '-E -u 10.99.0.1:5000 -s lc',
    ],
    found: [
      { resource: DNS_PATH, before: { scheduler: 'lc' } },
      { resource: a, before: null },
      { resource: b, before: { weight: 0 } },
    ],
  },
  {
    title: 'ipvsadm -D',
    commands: ['-D -u 10.99.0.1:5000'],
    found: [
      { resource: DNS_PATH, before: null },
      { resource: a, before: null },
      { resource: b, before: null },
    ],
    lost: [FOREIGN_DESTINATION],
  },
];

for (const { title, commands, found, isDeep = false, lost = [] } of BY_HAND) {
  test(`${title} is noticed, repaired and audited within ${isDeep ? 'two intervals' : 'an interval'}`, (t) =>
    explained(t, server, async () => {
      const eventsSince = await auditFromNow(server.rest);
      const foreign = await foreignLines();
      for (const command of commands) await ipvsadm(...command.split(' '));
      const started = performance.now();
      await eventually(isDeep ? DEEP_REPAIR_LIMIT_MS : REPAIR_LIMIT_MS, expectRepaired);
      t.diagnostic(`repaired after ${Math.round(performance.now() - started)} ms`);
      assert.deepEqual(
        await foreignLines(),
        foreign.filter((line) => !lost.includes(line)),
      );
      await twoCleanPasses();

      const events = await eventsSince();
      const drift = events.filter(({ kind }) => kind === 'drift');
      assert.deepEqual(
        drift.map(({ resource }) => resource).sort(),
        found.map(({ resource }) => resource).sort(),
      );
      for (const { resource, before } of found) {
        const event = drift.find((one) => one.resource === resource);
        assert.equal(event?.actor.principal, 'system');
        assert.ok(event?.after, 'the event shows what was put back');
        if (before === null) assert.equal(event.before, null);
        else assertHas(event.before, before);
      }
      assert.ok(events.some(({ kind, operations }) => kind === 'apply' && operations.length > 0));
      assert.ok(events.every(({ kind }) => kind === 'drift' || kind === 'apply'));
      for (const line of lost) await ipvsadm(...line.split(' '));
    }));
}

test('ipvsadm -C is noticed and repaired within an interval; what was not ours stays away', (t) =>
  explained(t, server, async () => {
    const eventsSince = await auditFromNow(server.rest);
    await ipvsadm('-C');
    await eventually(REPAIR_LIMIT_MS, expectRepaired);
    assert.deepEqual(await foreignLines(), []);
    await twoCleanPasses();
    const drift = (await eventsSince()).filter(({ kind }) => kind === 'drift');
    assert.equal(drift.length, MANAGED.length);
    assert.ok(drift.every(({ before }) => before === null));
  }));

test('a pass that is asked for repairs at once, and the audit chain verifies', async () => {
  await ipvsadm('-e', ...DNS, '-r', '10.99.1.2:5000', '-m', '-w', '5');
  const pass = await server.rest.call<Reconciliation>('POST', '/v1/directors/local/reconciliations');
  assert.equal(pass.status, 201);
  await expectRepaired();
  await assertIntact(server.rest);
});

async function expectRepaired(): Promise<void> {
  const lines = await savedLines();
  assert.deepEqual(
    lines.filter((line) => !isForeign(line)),
    MANAGED,
  );
  assert.deepEqual(await thresholds(), ['10.99.1.1:5000 100 50']);
}

function assertHas(actual: Found['before'], expected: Readonly<Record<string, unknown>>): void {
  const named = Object.keys(expected).map((name) => [name, actual?.[name]]);
  assert.deepEqual(Object.fromEntries(named), expected);
}

async function foreignLines(): Promise<string[]> {
  return (await savedLines()).filter(isForeign);
}

function isForeign(line: string): boolean {
  return line === FOREIGN_DESTINATION || FOREIGN_SERVICE.includes(line);
}

/** Rejects when a pass still finds something to do: drift without end. */
async function twoCleanPasses(): Promise<void> {
  let seen = '';
  for (let clean = 0; clean < 2; ) {
    await sleep(200);
    const { lastReconciliation: last } = await server.rest.get<Director>('/v1/directors/local');
    if (last === null || last.time === seen) continue;
    if (seen !== '') {
      assert.equal(last.outcome, 'clean', `a pass still found ${last.drift} differences`);
      clean += 1;
    }
    seen = last.time;
  }
}
