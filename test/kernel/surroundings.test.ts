// What a director needs outside its IPVS table, on a real host: VIPs bound and announced, source NAT of fullnat, drift by
// hand, kill -9, and a host that is afterwards what it was before. Witnesses: iproute2, iptables, ipset, ipvsadm.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Definition } from '../../src/domain/schema/definition.js';
import type { Director, Drift, KernelTable } from '../../src/domain/schema/director.js';
import type { VirtualService } from '../../src/domain/schema/resource.js';
import { assertIntact, auditFromNow } from '../support/audit-events.js';
import { CLUSTERS } from '../support/doors.js';
import { savedLines } from '../support/ipvsadm.js';
import { eventually, explained, type KernelServer, startKernelServer } from '../support/kernel-server.js';
import { seededRandom } from '../support/random.js';

const run = promisify(execFile);
const REPAIR_LIMIT_MS = 60_000;
const KILLS = 2;

const VIP = '192.0.2.10';
const VIP6 = '2001:db8:1::10';
const FOUND = '192.0.2.77';
const STALE = '02:00:00:00:00:99';
const fullnat = { forwarding: { method: 'fullnat' } };
const web = { protocol: 'tcp', address: VIP, port: 80 };
const realServers = { a: { spec: { address: '10.0.0.1', port: 8080 } } };
const SHOP = {
  spec: { ...fullnat, vip: { interface: 'near' } },
  virtualServices: {
    web: { spec: web, realServers },
    web6: { spec: { ...web, address: VIP6 }, realServers: {} },
    pool: {
      spec: { ...web, port: 81, forwarding: { method: 'fullnat', snat: { addresses: ['192.0.2.1'] } } },
      realServers: {},
    },
  },
};

async function output(command: string, ...args: string[]): Promise<string> {
  return (await run(command, args, { timeout: 20_000 })).stdout;
}

const ip = (...args: string[]) => output('ip', ...args);

/** Rules without counters and comments, of both families. */
async function savedRules(): Promise<string> {
  const texts = [await output('iptables-legacy-save'), await output('ip6tables-legacy-save')];
  return texts
    .join('')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\[\d+:\d+\]/g, '');
}

/** Everything of the host that lvsd might change. */
async function hostState(): Promise<Record<string, unknown>> {
  return {
    rules: await savedRules(),
    sets: await output('ipset', 'save'),
    addresses: (await ip('-o', 'address', 'show', 'scope', 'global')).replaceAll(
      /valid_lft \S+|preferred_lft \S+/g,
      '',
    ),
    services: await savedLines(),
  };
}

/** Our rules and sets, whatever the numbers of the pools: these change when a chain is made anew. */
async function ourSourceNat(): Promise<string[]> {
  const lines = `${await savedRules()}${await output('ipset', 'save')}`.split('\n');
  return lines
    .filter((line) => line.includes('LVSD') || line.startsWith('add lvsd'))
    .map((line) => line.replaceAll(/lvsd([46])-\d+/g, 'lvsd$1').replaceAll(/0x[0-9a-f]+/g, '0x'))
    .sort();
}

async function addressesOf(name: string): Promise<string[]> {
  const [, , ...found] = (await ip('-brief', 'address', 'show', 'dev', name)).trim().split(/\s+/);
  return found.filter((address) => !address.startsWith('fe80')).sort();
}

const OWN = ['192.0.2.1/24', `${FOUND}/24`, '2001:db8:1::1/64'];

/** How our chain is reached. */
const NEW = ['-m', 'conntrack', '--ctstate', 'NEW'];

let server: KernelServer;
let untouched: Record<string, unknown>;

before(async () => {
  await ip('netns', 'add', 'peer');
  await ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far', 'netns', 'peer');
  await ip('link', 'add', 'other', 'type', 'dummy');
  for (const address of OWN)
    await ip('address', 'add', address, 'dev', 'near', ...(address.includes(':') ? ['nodad'] : []));
  for (const name of ['near', 'other']) await ip('link', 'set', name, 'up');
  await ip('-n', 'peer', 'address', 'add', '192.0.2.2/24', 'dev', 'far');
  await ip('-n', 'peer', 'link', 'set', 'far', 'up');
  // rules of others, so that every table is there from the start
  for (const program of ['iptables-legacy', 'ip6tables-legacy']) {
    await output(program, '-t', 'mangle', '-A', 'PREROUTING', '-i', 'nowhere', '-j', 'ACCEPT');
    await output(program, '-t', 'nat', '-A', 'POSTROUTING', '-o', 'nowhere', '-j', 'MASQUERADE');
  }
  await output('ipset', 'create', 'others', 'hash:ip');
  untouched = await hostState();
  server = await startKernelServer({ intervalSeconds: 1 });
});

function put(document: object, query = ''): Promise<{ status: number; body: unknown }> {
  return server.rest.call('PUT', `${CLUSTERS}/shop/definition${query}`, { body: document });
}

async function remove(): Promise<void> {
  const { status } = await server.rest.call('DELETE', `${CLUSTERS}/shop?cascade=true&drain=false`);
  assert.ok(status === 204 || status === 404, String(status));
}

function tableNow(): Promise<KernelTable> {
  return server.rest.get<KernelTable>('/v1/directors/local/table');
}

test('one call binds the VIPs, announces them and sets up source NAT', (t) =>
  explained(t, server, async () => {
    await ip('-n', 'peer', 'neigh', 'replace', VIP, 'lladdr', STALE, 'nud', 'stale', 'dev', 'far');
    const { status, body } = await put(SHOP);
    assert.equal(status, 201, JSON.stringify(body));
    assert.deepEqual(await addressesOf('near'), [...OWN, `${VIP}/32`, `${VIP6}/128`].sort());
    const mac = (await ip('-brief', 'link', 'show', 'dev', 'near')).trim().split(/\s+/)[2] ?? '';
    await eventually(5000, async () => {
      const line = await ip('-n', 'peer', 'neigh', 'show', VIP);
      assert.ok(line.includes(mac) && !line.includes(STALE), line);
    });
    const { snat, addresses } = await tableNow();
    assert.deepEqual(
      snat.map(({ key, managed, addresses: pool }) => [key, managed, pool]).sort(),
      [
        [`snat/tcp/${VIP}:80`, true, null],
        [`snat/tcp/${VIP}:81`, true, ['192.0.2.1']],
        [`snat/tcp/[${VIP6}]:80`, true, null],
      ].sort(),
    );
    assert.deepEqual(addresses.map(({ address, boundBy }) => [address, boundBy]).sort(), [
      [VIP, 'lvsd'],
      [VIP6, 'lvsd'],
    ]);
    assert.match(await savedRules(), /-A LVSD-FULLNAT .*--vmethod MASQ/);
    const { status: observed } = await server.rest.get<VirtualService>(
      `${CLUSTERS}/shop/virtual-services/web`,
    );
    assert.deepEqual(
      [observed.state, observed.vip],
      ['applied', { address: VIP, interface: 'near', boundBy: 'lvsd' }],
    );
  }));

test('what somebody takes away by hand is put back and written down', (t) =>
  explained(t, server, async () => {
    await eventually(REPAIR_LIMIT_MS, async () => {
      const { differences } = await server.rest.get<Drift>('/v1/directors/local/drift');
      assert.deepEqual(differences, []);
    });
    const sourceNat = await ourSourceNat();
    const sets = await output('ipset', 'save');
    const eventsSince = await auditFromNow(server.rest);
    const [, set = '', member = ''] = /^add (lvsd4-\S+) (\S+)/m.exec(sets) ?? [];
    const spoilings: [string, ...string[]][] = [
      ['ip', 'address', 'del', `${VIP}/32`, 'dev', 'near'],
      ['ip', 'address', 'del', `${VIP6}/128`, 'dev', 'near'],
      ['ipset', 'del', set, member],
      ['iptables-legacy', '-t', 'nat', '-F', 'LVSD-FULLNAT'],
      ['ip6tables-legacy', '-t', 'mangle', '-D', 'OUTPUT', ...NEW, '-j', 'LVSD-FULLNAT'],
    ];
    for (const spoiling of spoilings) {
      await output(...spoiling);
      await eventually(REPAIR_LIMIT_MS, async () => {
        assert.deepEqual(await addressesOf('near'), [...OWN, `${VIP}/32`, `${VIP6}/128`].sort());
        assert.deepEqual(await ourSourceNat(), sourceNat);
      });
    }
    const keys = (await eventsSince())
      .filter(({ kind }) => kind === 'drift')
      .map(({ detail }) => detail?.split(' ')[0]);
    for (const key of [`address/${VIP}`, `address/${VIP6}`, `snat/tcp/${VIP}:80`, `snat/tcp/[${VIP6}]:80`]) {
      assert.ok(keys.includes(key), `${key}: ${keys}`);
    }
    await assertIntact(server.rest);
  }));

test('an address that was there before is used and stays; elsewhere it keeps the service out', (t) =>
  explained(t, server, async () => {
    const path = `${CLUSTERS}/shop/virtual-services`;
    const spec = { ...web, address: FOUND };
    assert.equal((await server.rest.call('POST', path, { body: { name: 'found', spec } })).status, 201);
    const { status } = await server.rest.get<VirtualService>(`${path}/found`);
    assert.deepEqual(status.vip, { address: FOUND, interface: 'near', boundBy: 'others' });
    assert.equal((await server.rest.call('DELETE', `${path}/found?drain=false`)).status, 204);
    assert.ok((await addressesOf('near')).includes(`${FOUND}/24`));

    await ip('address', 'add', '192.0.2.78/32', 'dev', 'other');
    const taken = { name: 'taken', spec: { ...web, address: '192.0.2.78' } };
    const answer = await server.rest.call<{ reason: string }>('POST', path, { body: taken });
    assert.deepEqual([answer.status, answer.body.reason], [409, 'FOREIGN_ENTRY']);
    assert.deepEqual(await addressesOf('other'), ['192.0.2.78/32']);
    await ip('address', 'del', '192.0.2.78/32', 'dev', 'other');
  }));

test('a VIP is moved to another interface, and one that is not there is refused with what is wrong', (t) =>
  explained(t, server, async () => {
    const move = (name: string) =>
      server.rest.call<{ reason: string; detail: string }>('PATCH', `${CLUSTERS}/shop`, {
        body: { spec: { vip: { interface: name } } },
      });
    assert.equal((await move('other')).status, 200);
    assert.deepEqual(await addressesOf('other'), [`${VIP}/32`, `${VIP6}/128`].sort());
    assert.deepEqual(await addressesOf('near'), OWN.toSorted());
    const refused = await move('nosuch0');
    assert.deepEqual([refused.status, refused.body.reason], [422, 'KERNEL_REFUSED']);
    assert.match(refused.body.detail, /ENODEV/);
    assert.deepEqual(await addressesOf('other'), [`${VIP}/32`, `${VIP6}/128`].sort());
    assert.equal((await move('near')).status, 200);
    assert.deepEqual(await addressesOf('other'), []);
  }));

test(
  `kill -9 in the middle of fullnat changes, ${KILLS} times, leaves nothing that the next start does not finish`,
  {
    timeout: 110_000,
  },
  (t) =>
    explained(t, server, async () => {
      const seed = Number(process.env.LVSD_SEED ?? Date.now() % 2 ** 31);
      t.diagnostic(`seed ${seed}`);
      const random = seededRandom(seed);
      for (let kill = 0; kill < KILLS; kill += 1) {
        const writes = (async () => {
          for (;;) {
            try {
              await put(randomShop(random), '?drain=false');
            } catch {
              return;
            }
          }
        })();
        await sleep(200 + random(800));
        await server.end('SIGKILL');
        await writes;
        await server.start();
        await assertFinished();
      }
    }),
);

/** Some services, of which some are fullnat, with VIPs on one interface or the other. */
function randomShop(random: (below: number) => number): object {
  const services = Array.from({ length: 4 }, (_, i) => {
    const address = i === 3 ? VIP6 : `192.0.2.${20 + random(3)}`;
    const method = random(3) === 0 ? 'nat' : 'fullnat';
    return [`s${i}`, { spec: { ...web, address, port: 90 + i, forwarding: { method } } }] as const;
  }).filter(() => random(4) > 0);
  const vip = { interface: random(2) === 0 ? 'near' : 'other' };
  return { spec: { vip }, virtualServices: Object.fromEntries(services) };
}

/** What is stored is what the host has, and there is nothing else of ours. */
async function assertFinished(): Promise<void> {
  const { differences, foreign } = await server.rest.get<Drift>('/v1/directors/local/drift');
  assert.deepEqual({ differences, foreign }, { differences: [], foreign: [] });
  const { virtualServices, spec } = await server.rest.get<Definition>(`${CLUSTERS}/shop/definition`);
  const services = Object.values(virtualServices);
  const keyOf = ({ address = '', port = 0 }: { address?: string; port?: number }) =>
    address.includes(':') ? `tcp/[${address}]:${port}` : `tcp/${address}:${port}`;
  const wanted = services
    .filter((one) => (one.spec.forwarding ?? spec.forwarding).method === 'fullnat')
    .map((one) => `snat/${keyOf(one.spec)}`);
  assert.deepEqual((await tableNow()).snat.map(({ key }) => key).sort(), wanted.sort());
  const vips = new Set(services.map((one) => one.spec.address ?? ''));
  const bound = [...vips].map((address) => `${address}/${address.includes(':') ? 128 : 32}`).sort();
  const [here, there] = spec.vip.interface === 'near' ? ['near', 'other'] : ['other', 'near'];
  const isOwn = (address: string) => OWN.includes(address);
  assert.deepEqual(
    (await addressesOf(here)).filter((address) => !isOwn(address)),
    bound,
  );
  assert.deepEqual(
    (await addressesOf(there)).filter((address) => !isOwn(address)),
    [],
  );
  const { managedEntries } = await server.rest.get<Director>('/v1/directors/local');
  const servers = services.flatMap((one) => Object.keys(one.realServers));
  assert.equal(managedEntries, services.length + servers.length + wanted.length + vips.size);
}

test('when the cluster is gone, the host is what it was before lvsd started', (t) =>
  explained(t, server, async () => {
    await put(SHOP, '?drain=false');
    await remove();
    assert.deepEqual(await hostState(), untouched);
    const { managedEntries } = await server.rest.get<Director>('/v1/directors/local');
    assert.equal(managedEntries, 0);
    await assertIntact(server.rest);
  }));
