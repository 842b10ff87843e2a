// FULLNAT with packets: through IPVS, made by hand with ipvsadm, to a real server that knows no way back to the client.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { HostOperation } from '../../src/domain/host-operation.js';
import { endpoint } from '../../src/domain/keys.js';
import { createLinuxHost } from '../../src/driver/linux/linux-host.js';
import {
  deleteAddress,
  deleteSnat,
  errorsOf,
  newAddress,
  newSnat,
  setSnat,
} from '../support/host-operations.js';
import { ipvsadm } from '../support/ipvsadm.js';
import { ask } from '../support/lab/client.js';
import { DIRECTOR, ip, sysctl } from '../support/lab/namespaces.js';
import {
  clientAddress,
  createNetwork,
  DIRECTOR_INTERFACE,
  FAMILIES,
  type Family,
  LAN,
} from '../support/lab/network.js';
import { RIP_PORT, startServers } from '../support/lab/servers.js';
import type { Protocol } from '../support/lab/sockets.js';

const modulesDirectory = process.env.LVSD_MODULES_DIR ?? '/lib/modules';
const host = createLinuxHost({ modulesDirectory, warn: (message) => assert.fail(message) });
after(() => host.close());

const OPTIONS = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const;
const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
/** Addresses of the director's on the real servers' segment. */
const POOL = ['192.0.2.51', '192.0.2.52'];

async function output(command: string, ...args: string[]): Promise<string> {
  return (await promisify(execFile)(command, args, { timeout: 20_000 })).stdout;
}

async function assertDone(...operations: readonly HostOperation[]): Promise<void> {
  assert.deepEqual(
    await errorsOf(host, ...operations),
    operations.map(() => null),
  );
}

function frontend(protocol: Protocol, family: Family, port: number): string {
  return `${protocol}/${endpoint(LAN[family].vip, port)}`;
}

/** Whom the real server takes for its peer, of each of some connections. */
async function peers(protocol: Protocol, family: Family, { port = 80, times = 1 } = {}): Promise<string[]> {
  const vip = { address: LAN[family].vip, port };
  const answers = await ask({ protocol, vip, source: clientAddress(family), times });
  return answers.map((text) => /^rs1 sees (\S+) at /.exec(text)?.[1]?.replace('::ffff:', '') ?? text);
}

/** A virtual service with method nat, in ipvsadm's words, and the first real server behind it. */
async function addService(
  service: readonly string[],
  family: Family,
  { port = RIP_PORT, options = [] as readonly string[] } = {},
): Promise<void> {
  await ipvsadm('-A', ...service, '-s', 'rr', ...options);
  await ipvsadm('-a', ...service, '-r', endpoint(LAN[family].rs1, port), '-m');
}

before(async () => {
  createNetwork();
  startServers();
  sysctl(DIRECTOR, { 'ipv4/vs/conntrack': 1 });
  const ways = FAMILIES.map((family) => `route delete default via ${LAN[family].router}`);
  ip('rs1', ways);
  for (const family of FAMILIES) {
    await assertDone(newAddress(LAN[family].vip, DIRECTOR_INTERFACE));
    for (const protocol of PROTOCOLS) {
      await addService([OPTIONS[protocol], endpoint(LAN[family].vip, 80)], family);
    }
  }
  await assertDone(...POOL.map((address) => newAddress(address, DIRECTOR_INTERFACE)));
});

for (const family of FAMILIES) {
  for (const protocol of PROTOCOLS) {
    test(`${protocol} over ${family}: without source NAT no answer, with it the director asks`, async () => {
      await assert.rejects(peers(protocol, family));
      await assertDone(newSnat(frontend(protocol, family, 80)));
      assert.deepEqual(await peers(protocol, family), [LAN[family].director]);
    });
  }
}

test('connections take the addresses of a pool in turn', async () => {
  await assertDone(setSnat(frontend('tcp', 'ipv4', 80), POOL));
  const [first = '', second = ''] = POOL;
  assert.deepEqual(await peers('tcp', 'ipv4', { times: 4 }), [first, second, first, second]);
});

test('clients of a service beside it are seen as themselves', async () => {
  ip('rs1', [`route add default via ${LAN.ipv4.director}`]);
  await addService(['-t', endpoint(LAN.ipv4.vip, 81)], 'ipv4');
  assert.deepEqual(await peers('tcp', 'ipv4', { port: 81 }), [clientAddress('ipv4')]);
});

test('of two services with firewall marks only the one with source NAT has it, and marks stay as they are', async () => {
  for (const port of ['90', '91']) {
    const packets = ['-d', LAN.ipv4.vip, '-p', 'tcp', '--dport', port];
    const mark = ['-j', 'MARK', '--set-mark', port];
    await output('iptables-legacy', '-t', 'mangle', '-A', 'PREROUTING', ...packets, ...mark);
    await addService(['-f', port], 'ipv4');
  }
  await assertDone(newSnat('fwmark/ipv4/90'));
  assert.deepEqual(await peers('tcp', 'ipv4', { port: 90 }), [LAN.ipv4.director]);
  assert.deepEqual(await peers('tcp', 'ipv4', { port: 91 }), [clientAddress('ipv4')]);
  const ofOthers = await output('conntrack', '-L', '-p', 'tcp', '--orig-port-dst', '91');
  assert.match(ofOthers, /mark=0 /);
  const counted = await output('iptables-legacy', '-t', 'mangle', '-nvL', 'PREROUTING');
  for (const port of ['90', '91']) assert.match(counted, new RegExp(`^ *[1-9]\\d* .*dpt:${port} `, 'm'));
});

test('a frontend with any port has it on every port', async () => {
  const [address = '', other = ''] = POOL;
  await addService(['-t', endpoint(address, 0)], 'ipv4', { port: 0, options: ['-p'] });
  await assertDone(newSnat(`tcp/${endpoint(address, 0)}`, [other]));
  const vip = { address, port: RIP_PORT };
  const [text] = await ask({ protocol: 'tcp', vip, source: clientAddress('ipv4'), times: 1 });
  assert.match(text ?? '', new RegExp(`^rs1 sees (::ffff:)?${other} `));
});

test('the director as its own client has it as well', async () => {
  ip('rs1', ['route delete default']);
  const text = await output('curl', '-s', '-m', '5', `http://${LAN.ipv4.vip}/`);
  assert.match(text, /^rs1 sees (::ffff:)?192\.0\.2\.5[12] /);
});

test('without source NAT again there is no answer, and nothing of ours is left', async () => {
  const frontends = [...(await host.readSnat()).keys()];
  assert.equal(frontends.length, 8);
  await assertDone(...frontends.map(deleteSnat));
  for (const program of ['iptables-legacy-save', 'ip6tables-legacy-save']) {
    assert.doesNotMatch(await output(program), /LVSD/);
  }
  assert.equal(await output('ipset', 'list', '-name'), '');
  await assert.rejects(peers('tcp', 'ipv4'));
  await assertDone(...FAMILIES.map((family) => deleteAddress(LAN[family].vip)));
});
