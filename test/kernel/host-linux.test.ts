// The host driver against the kernel's own interfaces, neighbours and packet filter, with iproute2, tcpdump, iptables and
// ipset as witnesses.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { HostDriver } from '../../src/driver/host.js';
import { createLinuxHost } from '../../src/driver/linux/linux-host.js';
import { deleteAddress, errorsOf, newAddress, setAddress } from '../support/host-operations.js';

const run = promisify(execFile);
const modulesDirectory = process.env.LVSD_MODULES_DIR ?? '/lib/modules';
const warnings: string[] = [];
const host: HostDriver = createLinuxHost({ modulesDirectory, warn: (message) => warnings.push(message) });
after(() => host.close());

async function output(command: string, ...args: string[]): Promise<string> {
  return (await run(command, args, { timeout: 20_000 })).stdout;
}

const ip = (...args: string[]) => output('ip', ...args);

/** Addresses with their prefix lengths, as iproute2 shows them. */
async function shown(interfaceName: string): Promise<string[]> {
  const [, , ...addresses] = (await ip('-brief', 'address', 'show', 'dev', interfaceName))
    .trim()
    .split(/\s+/);
  return addresses.filter((address) => !address.startsWith('fe80'));
}

const STALE = '02:00:00:00:00:99';
let mac = '';

before(async () => {
  await ip('netns', 'add', 'peer');
  await ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far', 'netns', 'peer');
  await ip('link', 'add', 'second', 'mtu', '1400', 'type', 'dummy');
  await ip('address', 'add', '192.0.2.1/24', 'dev', 'near');
  await ip('address', 'add', '2001:db8:1::1/64', 'dev', 'near', 'nodad');
  for (const name of ['near', 'second']) await ip('link', 'set', name, 'up');
  await ip('-n', 'peer', 'address', 'add', '192.0.2.2/24', 'dev', 'far');
  await ip('-n', 'peer', 'address', 'add', '2001:db8:1::2/64', 'dev', 'far', 'nodad');
  await ip('-n', 'peer', 'link', 'set', 'far', 'up');
  mac = (await ip('-brief', 'link', 'show', 'dev', 'near')).trim().split(/\s+/)[2] ?? '';
});

after(() => ip('netns', 'delete', 'peer'));

describe('a host that has everything', () => {
  test('can bind addresses and translate sources', async () => {
    assert.deepEqual(await host.capabilities(), { addresses: null, snat: null });
  });

  test('says what a process without permission lacks', async () => {
    const module = new URL('../../src/driver/linux/linux-host.js', import.meta.url).href;
    const script = `const { createLinuxHost } = await import(${JSON.stringify(module)});
      console.log(JSON.stringify(await createLinuxHost({ warn() {} }).capabilities()));`;
    const node = [process.execPath, '--input-type=module', '-e', script];
    const { addresses, snat } = JSON.parse(await output('setpriv', '--bounding-set=-net_admin', ...node));
    assert.match(addresses, /CAP_NET_ADMIN/);
    assert.equal(snat, addresses);
  });

  test('answers nothing once it is closed', async () => {
    const closed = createLinuxHost({ modulesDirectory, warn: (message) => assert.fail(message) });
    closed.close();
    for (const call of [closed.readAddresses, closed.readSnat, closed.links, closed.capabilities]) {
      await assert.rejects(call(), /the driver is closed/);
    }
    await assert.rejects(closed.apply([newAddress('192.0.2.10', 'near')]), /the driver is closed/);
    assert.ok(!(await shown('near')).includes('192.0.2.10/32'));
  });

  test('shows its interfaces', async () => {
    const links = new Map((await host.links()).map((link) => [link.name, link]));
    const index = Number((await output('cat', '/sys/class/net/near/ifindex')).trim());
    assert.deepEqual(links.get('near'), { name: 'near', index, up: true, mtu: 1500, kind: 'veth', mac });
    assert.deepEqual([links.get('second')?.mtu, links.get('second')?.kind], [1400, 'dummy']);
    assert.deepEqual([links.get('lo')?.mac, links.get('lo')?.kind], [null, null]);
    assert.equal(links.size, (await ip('-brief', 'link')).trim().split('\n').length);
  });
});

describe('an address', () => {
  for (const [vip, own, foreign] of [
    ['192.0.2.10', '192.0.2.1', '192.0.2.77'],
    ['2001:db8:1::10', '2001:db8:1::1', '2001:db8:1::77'],
  ] as const) {
    const length = vip.includes(':') ? 128 : 32;

    test(`${vip} is bound, usable at once, and known as ours until it is removed`, async () => {
      assert.deepEqual(await errorsOf(host, newAddress(vip, 'near')), [null]);
      assert.ok((await shown('near')).includes(`${vip}/${length}`));
      const details = await ip('address', 'show', 'dev', 'near', 'to', vip);
      assert.doesNotMatch(details, /tentative/);
      const found = await host.readAddresses();
      const here = { interface: 'near', address: vip, prefixLength: length, ours: true };
      assert.deepEqual(
        found.filter(({ address }) => address === vip),
        [here],
      );
      assert.equal(found.find(({ address }) => address === own)?.ours, false);
      assert.deepEqual(await errorsOf(host, deleteAddress(vip)), [null]);
      assert.ok(!(await shown('near')).includes(`${vip}/${length}`));
    });

    test(`${vip} moves to another interface, and is gone from the first`, async () => {
      const errors = await errorsOf(host, newAddress(vip, 'near'), setAddress(vip, 'second'));
      assert.deepEqual(errors, [null, null]);
      assert.ok((await shown('second')).includes(`${vip}/${length}`));
      assert.ok(!(await shown('near')).includes(`${vip}/${length}`));
      assert.deepEqual(await errorsOf(host, setAddress(vip, 'second')), [null], 'where it is already');
      assert.deepEqual(await errorsOf(host, deleteAddress(vip), deleteAddress(vip)), [null, 'EADDRNOTAVAIL']);
      assert.deepEqual(await shown('second'), []);
    });

    test(`${foreign} that was there before is neither taken, moved nor removed`, async () => {
      await ip('address', 'add', `${foreign}/${length}`, 'dev', 'near', ...(length === 128 ? ['nodad'] : []));
      const operations = [newAddress(foreign, 'near'), setAddress(foreign, 'second'), deleteAddress(foreign)];
      assert.deepEqual(await errorsOf(host, ...operations), ['EEXIST', 'EADDRNOTAVAIL', 'EADDRNOTAVAIL']);
      assert.ok((await shown('near')).includes(`${foreign}/${length}`));
      await ip('address', 'delete', `${foreign}/${length}`, 'dev', 'near');
    });

    test(`${foreign} that was there before with the prefix of its network is taken no second time`, async () => {
      const network = `${foreign}/${length === 128 ? 64 : 24}`;
      await ip('address', 'add', network, 'dev', 'near', ...(length === 128 ? ['nodad'] : []));
      assert.deepEqual(await errorsOf(host, newAddress(foreign, 'near')), ['EEXIST']);
      await ip('address', 'delete', network, 'dev', 'near');
    });
  }

  test('of IPv6 is not what the director speaks from', async () => {
    await host.apply([newAddress('2001:db8:1::10', 'near')]);
    assert.equal((await host.route('2001:db8:1::2'))?.source, '2001:db8:1::1');
    await host.apply([deleteAddress('2001:db8:1::10')]);
  });

  test('cannot be bound to an interface that is not there, which the error names', async () => {
    const [error] = await host.apply([newAddress('192.0.2.10', 'eth9')]);
    assert.equal(error?.errnoName, 'ENODEV');
    assert.equal(error?.message, 'NEW_ADDRESS address/192.0.2.10: ENODEV (there is no interface eth9)');
  });

  test('is one of a thousand that come and go together', async () => {
    const many = Array.from({ length: 1000 }, (_, i) => `198.18.${i >> 8}.${i & 0xff}`);
    const made = await errorsOf(host, ...many.map((address) => newAddress(address, 'second')));
    assert.deepEqual(new Set(made), new Set([null]));
    assert.equal((await shown('second')).length, 1000);
    assert.equal((await host.readAddresses()).filter(({ ours }) => ours).length, 1000);
    const removed = await errorsOf(host, ...many.map(deleteAddress));
    assert.deepEqual(new Set(removed), new Set([null]));
    assert.deepEqual(await shown('second'), []);
  });
});

describe('a route', () => {
  test('to a neighbour, through a gateway, with an MTU of its own, to ourselves, to nowhere', async () => {
    await ip('route', 'add', '198.51.100.0/24', 'via', '192.0.2.2', 'mtu', '1300', 'src', '192.0.2.1');
    await ip('route', 'add', 'unreachable', '203.0.113.0/24');
    const near = { interface: 'near', source: '192.0.2.1', mtu: 1500, gateway: null, local: false };
    assert.deepEqual(await host.route('192.0.2.2'), near);
    assert.deepEqual(await host.route('198.51.100.7'), { ...near, gateway: '192.0.2.2', mtu: 1300 });
    assert.equal((await host.route('192.0.2.1'))?.local, true);
    assert.equal(await host.route('203.0.113.1'), null);
    assert.equal(await host.route('10.99.99.99'), null);
  });

  test('of IPv6', async () => {
    await ip('-6', 'route', 'add', '2001:db8:2::/64', 'via', '2001:db8:1::2');
    await ip('-6', 'route', 'add', 'blackhole', '2001:db8:3::/64');
    const near = { interface: 'near', source: '2001:db8:1::1', mtu: 1500, gateway: null, local: false };
    assert.deepEqual(await host.route('2001:db8:1::2'), near);
    assert.deepEqual(await host.route('2001:db8:2::7'), { ...near, gateway: '2001:db8:1::2' });
    assert.equal((await host.route('2001:db8:1::1'))?.local, true);
    assert.equal(await host.route('2001:db8:3::1'), null);
    assert.equal(await host.route('2001:db8:9::1'), null);
  });

  test('over IPv6 to an IPv4 network shows its gateway', async () => {
    await ip('route', 'add', '198.18.99.0/24', 'via', 'inet6', '2001:db8:1::2', 'dev', 'near');
    assert.equal((await host.route('198.18.99.1'))?.gateway, '2001:db8:1::2');
  });
});

describe('an announcement', () => {
  /** The link-layer address that the peer knows for an address. */
  async function known(address: string): Promise<string | undefined> {
    return /lladdr (\S+)/.exec(await ip('-n', 'peer', 'neigh', 'show', 'to', address, 'dev', 'far'))?.[1];
  }

  for (const vip of ['192.0.2.20', '2001:db8:1::20']) {
    test(`of ${vip} makes a neighbour forget where it was`, async () => {
      const stale = ['lladdr', STALE, 'dev', 'far', 'nud', 'reachable'];
      await ip('-n', 'peer', 'neigh', 'replace', vip, ...stale);
      assert.equal(await known(vip), STALE);
      assert.deepEqual(await host.apply([newAddress(vip, 'near')]), [null]);
      const deadline = Date.now() + 20_000;
      while ((await known(vip)) === STALE && Date.now() < deadline) await delay(100);
      assert.equal(await known(vip), mac);
      await host.apply([deleteAddress(vip)]);
    });
  }

  test('is in both forms of ARP, and repeated until the address is gone', async () => {
    const filter = ['-n', '-e', '-l', '-i', 'far', '-c', '6', 'arp', 'and', 'host', '192.0.2.30'];
    const capture = run('ip', ['netns', 'exec', 'peer', 'tcpdump', ...filter], { timeout: 30_000 });
    await delay(1500);
    await host.apply([newAddress('192.0.2.30', 'near')]);
    const lines = (await capture).stdout.trim().split('\n');
    const requests = lines.filter((line) => line.includes('ARP') && line.includes('Request'));
    const replies = lines.filter((line) => line.includes(`Reply 192.0.2.30 is-at ${mac}`));
    assert.equal(requests.length, 3, lines.join('\n'));
    assert.equal(replies.length, 3, lines.join('\n'));
    assert.ok(lines.every((line) => line.includes(`${mac} > ff:ff:ff:ff:ff:ff`)));
    await host.apply([deleteAddress('192.0.2.30')]);
    const silent = run('ip', ['netns', 'exec', 'peer', 'timeout', '4', 'tcpdump', ...filter]);
    assert.equal(await silent.catch(({ stdout }) => stdout.trim()), '');
  });

  test('of IPv6 is a valid advertisement to all nodes that overrides', async () => {
    const filter = ['-n', '-vv', '-e', '-l', '-i', 'far', '-c', '1', 'icmp6', 'and', 'ip6[40]', '=', '136'];
    const capture = run('ip', ['netns', 'exec', 'peer', 'tcpdump', ...filter], { timeout: 30_000 });
    await delay(1500);
    await host.apply([newAddress('2001:db8:1::30', 'near')]);
    const { stdout } = await capture;
    assert.match(stdout, /2001:db8:1::30 > ff02::1: \[icmp6 sum ok\] ICMP6, neighbor advertisement/);
    assert.match(stdout, /tgt is 2001:db8:1::30, Flags \[override\]/);
    assert.match(stdout, new RegExp(`destination link-address option .*: ${mac}`));
    await host.apply([deleteAddress('2001:db8:1::30')]);
  });

  test('fails for nobody on interfaces without neighbours or that are down', async () => {
    await ip('link', 'add', 'down0', 'type', 'veth', 'peer', 'name', 'down1');
    const operations = [newAddress('192.0.2.40', 'down0'), newAddress('192.0.2.41', 'lo')];
    assert.deepEqual(await errorsOf(host, ...operations), [null, null]);
    await delay(300);
    await host.apply([deleteAddress('192.0.2.40'), deleteAddress('192.0.2.41')]);
    assert.deepEqual(warnings, []);
  });
});
