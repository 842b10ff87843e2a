// time limit: 400 s
/**
 * The setup scripts, run in the namespace of a real server whose route to clients is not the way by which requests come, with
 * strict reverse path filtering: each must carry a connection, leave the same when run twice, and nothing when undone.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setupText } from '../../src/domain/setup/setup.js';
import { whenFileEnds } from '../support/kernel-server.js';
import { setupOf, tunnel } from '../support/setup-case.js';

const VIP4 = '192.0.2.10';
const VIP6 = '2001:db8::10';
const RIP4 = '10.1.0.2';
const RIP6 = 'fd01::2';

const NETWORK = `set -e
modprobe -a ipip sit ip6_tunnel ip_gre ip6_gre fou fou6
ip netns add client; ip netns add web
ip link add c0 type veth peer name c1 netns client
ip link add w0 type veth peer name w1 netns web
ip link add out type veth peer name in netns client
ip link set out netns web
add() { case $3 in *:*) set -- "$@" nodad ;; esac; ip -n "$1" address add "$3" dev "$2" \${4:-}; }
ip address add 198.51.100.1/24 dev c0; ip address add 2001:db8:c::1/64 dev c0 nodad; ip link set c0 up
ip address add 10.1.0.1/24 dev w0; ip address add fd01::1/64 dev w0 nodad; ip link set w0 up
ip address add ${VIP4}/32 dev lo; ip address add ${VIP6}/128 dev lo nodad
add client c1 198.51.100.7/24; add client c1 2001:db8:c::7/64; ip -n client link set c1 up
add client in 203.0.113.1/24; add client in 2001:db8:d::1/64; ip -n client link set in up; ip -n client link set lo up
ip -n client route add default via 198.51.100.1; ip -n client -6 route add default via 2001:db8:c::1
add web w1 ${RIP4}/24; add web w1 ${RIP6}/64; ip -n web link set w1 up; ip -n web link set lo up
add web out 203.0.113.2/24; add web out 2001:db8:d::2/64; ip -n web link set out up
ip -n web route add default via 203.0.113.1; ip -n web -6 route add default via 2001:db8:d::1
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip netns exec client sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.c1.rp_filter=0 net.ipv4.conf.in.rp_filter=0
ip netns exec web sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1`;

/** Answers who is connected, on the service's port and on a mapped one. */
const WEB = `for (const port of [80, 8080]) require('net').createServer((socket) => {
  socket.on('error', () => {});
  socket.end('peer ' + socket.remoteAddress.replace('::ffff:', '') + '\\n');
}).listen(port, '::', () => console.log('listening'))`;

const WITNESS = `cd /run; ls -R lvsd-setup 2>&1
printf 'address\nlink\nrule\nroute show table all\nfou show\n' >show
for family in -4 -6; do ip $family -o -batch show | sed 's/ *valid_lft.*//; s/ mtu .*//'; done; rm show
grep . /proc/sys/net/ipv4/conf/*/arp_ignore /proc/sys/net/ipv4/conf/*/arp_announce /proc/sys/net/ipv4/conf/*/rp_filter /proc/sys/net/ipv?/conf/*/accept_redirects`;

const scratch = mkdtempSync(join(tmpdir(), 'setup-'));

function inWeb(...command: string[]): string {
  return execFileSync('ip', ['netns', 'exec', 'web', ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function witness(): string[] {
  return inWeb('sh', '-c', WITNESS).split('\n');
}

type Services = Parameters<typeof setupOf>[0];

/** A script of a real server with this name, on the host. */
function scriptFor(services: Services, user = 'default.shop.http.web-1'): string {
  const file = join(scratch, `${user}.sh`);
  writeFileSync(file, setupText(setupOf(services, { user })));
  return file;
}

function failure(file: string): string {
  const { status, stderr } = spawnSync('ip', ['netns', 'exec', 'web', 'sh', file], { encoding: 'utf8' });
  assert.equal(status, 1, stderr);
  return stderr;
}

function fetchFrom(vip: string): string {
  const url = vip.includes(':') ? `http://[${vip}]/` : `http://${vip}/`;
  const { stdout } = spawnSync(
    'ip',
    ['netns', 'exec', 'client', 'curl', '-sg', '-m', '5', '--http0.9', url],
    {
      encoding: 'utf8',
    },
  );
  return stdout.trim();
}

/** One virtual service with the real server, by hand. */
function balance(vip: string, rip: string, ...options: string[]): void {
  const text = (address: string, port: number) =>
    address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const port = options.includes('-m') ? 8080 : 80;
  execFileSync('ipvsadm', ['-C']);
  execFileSync('ipvsadm', ['-A', '-t', text(vip, 80), '-s', 'rr']);
  execFileSync('ipvsadm', ['-a', '-t', text(vip, 80), '-r', text(rip, port), ...options]);
}

let untouched: string[] = [];

before(async () => {
  execFileSync('sh', ['-c', NETWORK]);
  const web = spawn('ip', ['netns', 'exec', 'web', process.execPath, '-e', WEB], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  whenFileEnds(() => web.kill('SIGKILL'));
  await once(web.stdout, 'data');
  // link-local addresses come a little later
  let seen: string[];
  do {
    seen = untouched;
    await sleep(1000);
    untouched = witness();
  } while (seen.join() !== untouched.join());
});

beforeEach(() => assert.deepEqual(witness(), untouched));

const gue = ['--tun-type', 'gue', '--tun-port', '6080'];

for (const [title, forwarding, vip, rip, ...options] of [
  ['dr, IPv4', { method: 'dr' }, VIP4, RIP4, '-g'],
  ['dr, IPv6', { method: 'dr' }, VIP6, RIP6, '-g'],
  ['tun ipip, IPv4 in IPv4', tunnel('ipip'), VIP4, RIP4, '-i'],
  ['tun ipip, IPv4 in IPv6', tunnel('ipip'), VIP4, RIP6, '-i'],
  [
    'tun gre with checksums, IPv4 in IPv4',
    tunnel('gre', 'csum'),
    VIP4,
    RIP4,
    '-i',
    '--tun-type',
    'gre',
    '--tun-csum',
  ],
  ['tun gre, IPv6 in IPv6', tunnel('gre'), VIP6, RIP6, '-i', '--tun-type', 'gre', '--tun-nocsum'],
  ['tun gue, IPv6 in IPv4', tunnel('gue'), VIP6, RIP4, '-i', ...gue, '--tun-nocsum'],
  ['tun gue with checksums, IPv6 in IPv6', tunnel('gue', 'csum'), VIP6, RIP6, '-i', ...gue, '--tun-csum'],
  ['nat with another port, IPv4', { method: 'nat' }, VIP4, RIP4, '-m'],
  ['nat with another port, IPv6', { method: 'nat' }, VIP6, RIP6, '-m'],
] as const) {
  test(`${title}: carries a connection, twice is as once, undone is as before`, () => {
    const port = forwarding.method === 'nat' ? 8080 : 80;
    const file = scriptFor([{ forwarding, address: rip, vips: [vip], port }]);
    inWeb('sh', file);
    const once = witness();
    inWeb('sh', file);
    assert.deepEqual(witness(), once);
    assert.notDeepEqual(once, untouched);
    balance(vip, rip, ...options);
    assert.equal(fetchFrom(vip), `peer ${vip === VIP4 ? '198.51.100.7' : '2001:db8:c::7'}`);
    inWeb('sh', file, '--undo');
  });
}

test('without the setup none of that is answered', () => {
  balance(VIP4, RIP4, '-g');
  assert.equal(fetchFrom(VIP4), '');
});

/** Whether the real server says on its other network that it has the VIP. */
function answersArp(): boolean {
  const client = (...args: string[]) => execFileSync('ip', ['-n', 'client', ...args], { encoding: 'utf8' });
  client('route', 'replace', `${VIP4}/32`, 'dev', 'in');
  client('neighbour', 'flush', 'dev', 'in');
  fetchFrom(VIP4);
  const found = client('neighbour', 'show', VIP4, 'dev', 'in');
  client('route', 'del', `${VIP4}/32`, 'dev', 'in');
  return found.includes('lladdr');
}

test('a host with a VIP is silent about it, and keeps what it had before', () => {
  const script = scriptFor([{ forwarding: { method: 'dr' }, address: RIP4 }]);
  inWeb('ip', 'address', 'add', `${VIP4}/32`, 'dev', 'lo');
  assert.equal(answersArp(), true);
  inWeb('sh', script);
  assert.equal(answersArp(), false);
  inWeb('sh', script, '--undo');
  inWeb('ip', 'address', 'del', `${VIP4}/32`, 'dev', 'lo');
});

test('what two real servers need goes with the last of them', () => {
  const services = [{ forwarding: tunnel('ipip'), address: RIP4 }];
  const [http, https] = ['http', 'https'].map((name) => scriptFor(services, `default.shop.${name}.web-1`));
  inWeb('sh', http ?? '');
  const one = witness();
  inWeb('sh', https ?? '');
  inWeb('sh', http ?? '', '--undo');
  const withoutUsers = (lines: string[]) => lines.filter((line) => !line.startsWith('default.shop.'));
  assert.deepEqual(withoutUsers(witness()), withoutUsers(one));
  inWeb('sh', https ?? '', '--undo');
});

test('a new script takes away what the definition no longer needs', () => {
  const service = { forwarding: { method: 'dr' }, address: RIP4 } as const;
  inWeb('sh', scriptFor([service]));
  inWeb('sh', scriptFor([{ ...service, forwarding: tunnel('ipip'), vips: ['192.0.2.11'] }]));
  const addresses = inWeb('ip', '-o', 'address');
  assert.doesNotMatch(addresses, /192\.0\.2\.10\//);
  assert.match(addresses, / ipip-0a010002 +inet 192\.0\.2\.11\/32 scope host/);
  inWeb('sh', scriptFor([{ ...service, forwarding: { method: 'fullnat' } }]));
});

test('UDP replies of a socket that is bound to no address go back by the director', () => {
  const file = scriptFor([{ forwarding: { method: 'nat' }, address: RIP4, protocol: 'udp', port: 53 }]);
  inWeb('sh', file);
  const reply = inWeb('ip', 'route', 'get', '198.51.100.7', 'ipproto', 'udp', 'sport', '53');
  assert.match(reply, /via 10\.1\.0\.1 dev w1 table \d+ src 10\.1\.0\.2/);
  assert.match(inWeb('ip', 'route', 'get', '198.51.100.7'), /via 203\.0\.113\.1 dev out/);
  inWeb('sh', file, '--undo');
});

test('a script that cannot be right says so and changes nothing', () => {
  const dr = { forwarding: { method: 'dr' }, address: RIP4 } as const;
  const nat = { forwarding: { method: 'nat' }, address: RIP4 } as const;
  assert.match(failure(scriptFor([{ ...dr, address: '10.1.0.9' }])), /this host does not have 10\.1\.0\.9/);
  assert.match(
    failure(scriptFor([{ ...dr, vips: ['203.0.113.2'] }])),
    /203\.0\.113\.2 is on out, which tells/,
  );
  assert.match(failure(scriptFor([{ ...nat, dip: '198.51.100.1' }])), /198\.51\.100\.1 is behind a router/);
  assert.match(failure(scriptFor([{ ...nat, dip: RIP4 }])), /10\.1\.0\.2 is an address of this host/);
  assert.match(failure(scriptFor([{ ...nat, dip: '@DIP@' }])), /put the address in place of @DIP@/);
});
