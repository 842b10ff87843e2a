/**
 * What every `HostDriver` must do, whatever host is behind it. Run on the memory host in this folder and on a real one in
 * test/kernel.
 */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, test } from 'node:test';
import type { AddressConfig, HostOperation, SnatConfig } from '../../src/domain/host-operation.js';
import { addressKey, type Frontend, frontendKey, snatKey } from '../../src/domain/keys.js';
import type { HostAddress, HostDriver } from '../../src/driver/host.js';

const { EADDRNOTAVAIL, EEXIST, ENODEV, ENOENT } = constants.errno;

/** A host that nobody else changes, with nothing of lvsd's at first. */
export interface HostSubject {
  readonly name: string;
  /** A new handle on one and the same host. */
  open(): HostDriver;
  /** Two network interfaces of the host, both up. */
  readonly interfaces: readonly [string, string];
  /** What somebody does with `ip address add` and `del`: not ours. */
  addAddress(address: Omit<HostAddress, 'ours'>): void;
  removeAddress(address: string, interfaceName: string): void;
}

const VIP = '203.0.113.10';
const VIP6 = '2001:db8:77::10';
const web: Frontend = { protocol: 'tcp', address: VIP, port: 80 };
const dns: Frontend = { protocol: 'udp', address: VIP, port: 53 };
const web6: Frontend = { protocol: 'tcp', address: VIP6, port: 80 };
const mark: Frontend = { fwmark: 7, family: 'ipv4' };
const masquerade: SnatConfig = { addresses: null };

const prefixLength = (address: string) => (address.includes(':') ? 128 : 32);
const configOn = (name: string, address: string): AddressConfig => ({
  interface: name,
  prefixLength: prefixLength(address),
});

function setAddress(command: 'NEW_ADDRESS' | 'SET_ADDRESS', name: string, address = VIP): HostOperation {
  return { command, key: addressKey(address), address, config: configOn(name, address) };
}

function deleteAddress(address = VIP): HostOperation {
  return { command: 'DEL_ADDRESS', key: addressKey(address), address };
}

function setSnat(command: 'NEW_SNAT' | 'SET_SNAT', frontend: Frontend, config = masquerade): HostOperation {
  return { command, key: snatKey(frontendKey(frontend)), frontend, config };
}

function deleteSnat(frontend: Frontend): HostOperation {
  return { command: 'DEL_SNAT', key: snatKey(frontendKey(frontend)), frontend };
}

/** Where the VIPs are, and whether as ours. */
async function bound(host: HostDriver): Promise<(readonly [string, string, number, boolean])[]> {
  const found = (await host.readAddresses()).filter(({ address }) => address === VIP || address === VIP6);
  return found.map((one) => [one.interface, one.address, one.prefixLength, one.ours] as const).sort();
}

async function snat(host: HostDriver): Promise<Record<string, SnatConfig>> {
  return Object.fromEntries([...(await host.readSnat())].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function errnos(host: HostDriver, ...operations: HostOperation[]): Promise<number[]> {
  const refusals = await host.apply(operations);
  assert.equal(refusals.length, operations.length);
  return refusals.map((error) => error?.errno ?? 0);
}

export function describeHost(subject: HostSubject): void {
  const [first, second] = subject.interfaces;

  /** A test on a host without anything of ours, with a handle that is closed afterwards. */
  function it(name: string, run: (host: HostDriver) => Promise<void>): void {
    test(name, async () => {
      const host = subject.open();
      try {
        await host.apply([deleteAddress(VIP), deleteAddress(VIP6)]);
        await host.apply([web, dns, web6, mark].map(deleteSnat));
        await run(host);
      } finally {
        host.close();
      }
    });
  }

  describe(`the ${subject.name} host`, () => {
    it('can do what the tests need', async (host) => {
      assert.deepEqual(await host.capabilities(), { addresses: null, snat: null });
    });

    it('binds an address as ours, moves it and takes it away, for both families', async (host) => {
      for (const address of [VIP, VIP6]) {
        const length = prefixLength(address);
        assert.deepEqual(await errnos(host, setAddress('NEW_ADDRESS', first, address)), [0]);
        assert.deepEqual(await bound(host), [[first, address, length, true]]);
        assert.deepEqual(await errnos(host, setAddress('SET_ADDRESS', second, address)), [0]);
        assert.deepEqual(await bound(host), [[second, address, length, true]]);
        assert.deepEqual(await errnos(host, deleteAddress(address)), [0]);
        assert.deepEqual(await bound(host), []);
      }
    });

    it('answers what cannot be done, and goes on', async (host) => {
      assert.deepEqual(
        await errnos(
          host,
          setAddress('NEW_ADDRESS', 'nosuch0'),
          setAddress('SET_ADDRESS', first),
          deleteAddress(),
          setAddress('NEW_ADDRESS', first),
          setAddress('NEW_ADDRESS', first),
          setAddress('SET_ADDRESS', 'nosuch0'),
          setAddress('SET_ADDRESS', first),
          setSnat('SET_SNAT', web),
          deleteSnat(web),
          setSnat('NEW_SNAT', web),
          setSnat('NEW_SNAT', web),
          setAddress('NEW_ADDRESS', first, VIP6),
        ),
        [ENODEV, EADDRNOTAVAIL, EADDRNOTAVAIL, 0, EEXIST, ENODEV, 0, ENOENT, ENOENT, 0, EEXIST, 0],
      );
      assert.deepEqual(await bound(host), [
        [first, VIP6, 128, true],
        [first, VIP, 32, true],
      ]);
      assert.deepEqual(await snat(host), { [frontendKey(web)]: masquerade });
    });

    it('never changes an address of others', async (host) => {
      const own = { interface: first, address: VIP, prefixLength: 32 };
      subject.addAddress(own);
      try {
        const answers = [
          setAddress('NEW_ADDRESS', first),
          setAddress('SET_ADDRESS', second),
          deleteAddress(),
        ];
        assert.deepEqual(await errnos(host, ...answers), [EEXIST, EADDRNOTAVAIL, EADDRNOTAVAIL]);
        assert.deepEqual(await bound(host), [[first, VIP, 32, false]]);
        assert.deepEqual(await errnos(host, setAddress('NEW_ADDRESS', second), deleteAddress()), [0, 0]);
        assert.deepEqual(await bound(host), [[first, VIP, 32, false]]);
      } finally {
        subject.removeAddress(VIP, first);
      }
    });

    it('finishes a move that was cut off: ours is on one interface afterwards', async (host) => {
      await host.apply([setAddress('NEW_ADDRESS', first), setAddress('NEW_ADDRESS', second)]);
      assert.deepEqual(await errnos(host, setAddress('SET_ADDRESS', second)), [0]);
      assert.deepEqual(await bound(host), [[second, VIP, 32, true]]);
    });

    it('keeps source NAT by frontend, with a pool or the address of the route', async (host) => {
      const pool = { addresses: ['198.51.100.1', '198.51.100.2'] };
      const pool6 = { addresses: ['2001:db8:78::1'] };
      assert.deepEqual(
        await errnos(
          host,
          setSnat('NEW_SNAT', web, pool),
          setSnat('NEW_SNAT', dns),
          setSnat('NEW_SNAT', web6, pool6),
          setSnat('NEW_SNAT', mark),
        ),
        [0, 0, 0, 0],
      );
      assert.deepEqual(await snat(host), {
        [frontendKey(mark)]: masquerade,
        [frontendKey(web6)]: pool6,
        [frontendKey(web)]: pool,
        [frontendKey(dns)]: masquerade,
      });
      assert.deepEqual(
        await errnos(host, setSnat('SET_SNAT', web), setSnat('SET_SNAT', dns, pool), deleteSnat(mark)),
        [0, 0, 0],
      );
      assert.deepEqual(await snat(host), {
        [frontendKey(web6)]: pool6,
        [frontendKey(web)]: masquerade,
        [frontendKey(dns)]: pool,
      });
    });

    it('shows one host to every handle', async (host) => {
      await host.apply([setAddress('NEW_ADDRESS', first), setSnat('NEW_SNAT', web)]);
      const other = subject.open();
      assert.deepEqual(await bound(other), [[first, VIP, 32, true]]);
      assert.deepEqual(await snat(other), { [frontendKey(web)]: masquerade });
      other.close();
    });

    it('knows its links, and the way to its own addresses', async (host) => {
      const links = await host.links();
      for (const name of subject.interfaces) assert.equal(links.find((one) => one.name === name)?.up, true);
      await host.apply([setAddress('NEW_ADDRESS', first)]);
      assert.equal((await host.route(VIP))?.local, true);
    });
  });
}
