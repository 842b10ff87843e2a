// FULLNAT with packets: through IPVS, made by hand with ipvsadm, to a real server that knows no way back to the client.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { HostOperation } from '../../src/domain/host-operation.js';
import { createLinuxHost } from '../../src/driver/linux/linux-host.js';
import { deleteSnat, errorsOf, newSnat, setSnat } from '../support/host-operations.js';
import { whenFileEnds } from '../support/kernel-server.js';

const run = promisify(execFile);
const modulesDirectory = process.env.LVSD_MODULES_DIR ?? '/lib/modules';
const host = createLinuxHost({ modulesDirectory, warn: (message) => assert.fail(message) });
after(() => host.close());

async function output(command: string, ...args: string[]): Promise<string> {
  return (await run(command, args, { timeout: 20_000 })).stdout;
}

async function assertDone(...operations: readonly HostOperation[]): Promise<void> {
  assert.deepEqual(
    await errorsOf(host, ...operations),
    operations.map(() => null),
  );
}

const answer =
  "require('http').createServer((q,s)=>s.end(q.socket.remoteAddress)).listen(8080,'::',()=>console.log('up'))";

before(async () => {
  for (const setting of ['vs.conntrack=1', 'ip_forward=1'])
    await output('sysctl', '-qw', `net.ipv4.${setting}`);
  await output('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
  for (const [name, net] of [
    ['client', 1],
    ['server', 2],
  ] as const) {
    const ns = (...args: string[]) => output('ip', '-n', name, ...args);
    await output('ip', 'netns', 'add', name);
    await output('ip', 'link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'uplink', 'netns', name);
    await output('ip', 'link', 'set', `to-${name}`, 'up');
    await output('ip', 'address', 'add', `10.9.${net}.1/24`, 'dev', `to-${name}`);
    await output('ip', 'address', 'add', `fd00:9:${net}::1/64`, 'dev', `to-${name}`, 'nodad');
    await ns('link', 'set', 'lo', 'up');
    await ns('link', 'set', 'uplink', 'up');
    await ns('address', 'add', `10.9.${net}.2/24`, 'dev', 'uplink');
    await ns('address', 'add', `fd00:9:${net}::2/64`, 'dev', 'uplink', 'nodad');
  }
  for (const last of ['5', '6']) {
    await output('ip', 'address', 'add', `10.9.2.${last}/32`, 'dev', 'lo');
    await output('ip', '-n', 'server', 'route', 'add', `10.9.2.${last}/32`, 'via', '10.9.2.1');
  }
  await output('ip', '-n', 'client', 'route', 'add', 'default', 'via', '10.9.1.1');
  await output('ip', '-n', 'client', 'route', 'add', 'default', 'via', 'fd00:9:1::1');
  const server = spawn('ip', ['netns', 'exec', 'server', process.execPath, '-e', answer], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  whenFileEnds(() => server.kill('SIGKILL'));
  await once(server.stdout, 'data');
  await output('ip', 'address', 'add', '10.9.1.100/32', 'dev', 'lo');
  await output('ip', 'address', 'add', 'fd00:9:9::100/128', 'dev', 'lo');
  for (const [vip, rip] of [
    ['10.9.1.100:80', '10.9.2.2:8080'],
    ['[fd00:9:9::100]:80', '[fd00:9:2::2]:8080'],
  ] as const) {
    await output('ipvsadm', '-A', '-t', vip, '-s', 'rr');
    await output('ipvsadm', '-a', '-t', vip, '-r', rip, '-m');
  }
});

/** The address that the real server sees; undefined when no answer comes. */
async function seen(url: string): Promise<string | undefined> {
  try {
    const args = ['netns', 'exec', 'client', 'curl', '-sg', '-m', '4', url];
    return (await output('ip', ...args)).replace('::ffff:', '');
  } catch {
    return undefined;
  }
}

test('packets of a frontend without source NAT find no way back', async () => {
  assert.equal(await seen('http://10.9.1.100/'), undefined);
});

test('packets come from the address that the route uses', async () => {
  await assertDone(newSnat('tcp/10.9.1.100:80'), newSnat('tcp/[fd00:9:9::100]:80'));
  assert.equal(await seen('http://10.9.1.100/'), '10.9.2.1');
  assert.equal(await seen('http://[fd00:9:9::100]/'), 'fd00:9:2::1');
});

test('packets come from the addresses of a pool in turn', async () => {
  await assertDone(setSnat('tcp/10.9.1.100:80', ['10.9.2.5', '10.9.2.6']));
  const turns: (string | undefined)[] = [];
  for (let i = 0; i < 4; i++) turns.push(await seen('http://10.9.1.100/'));
  assert.deepEqual(turns, ['10.9.2.5', '10.9.2.6', '10.9.2.5', '10.9.2.6']);
});

test('packets of a service beside it keep the address of the client', async () => {
  await output('ip', '-n', 'server', 'route', 'add', 'default', 'via', '10.9.2.1');
  await output('ipvsadm', '-A', '-t', '10.9.1.100:81', '-s', 'rr');
  await output('ipvsadm', '-a', '-t', '10.9.1.100:81', '-r', '10.9.2.2:8080', '-m');
  assert.equal(await seen('http://10.9.1.100:81/'), '10.9.1.2');
});

test('packets of firewall marks are translated where their service is fullnat, and only there', async () => {
  for (const port of ['90', '91']) {
    const mark = ['-j', 'MARK', '--set-mark', port];
    await output(
      'iptables-legacy',
      '-t',
      'mangle',
      '-A',
      'PREROUTING',
      '-d',
      '10.9.1.100',
      '-p',
      'tcp',
      '--dport',
      port,
      ...mark,
    );
    await output('ipvsadm', '-A', '-f', port, '-s', 'rr');
    await output('ipvsadm', '-a', '-f', port, '-r', '10.9.2.2:8080', '-m');
  }
  await assertDone(newSnat('fwmark/ipv4/90'));
  assert.equal(await seen('http://10.9.1.100:90/'), '10.9.2.1');
  assert.equal(await seen('http://10.9.1.100:91/'), '10.9.1.2');
  const marks = await output('conntrack', '-L', '-p', 'tcp', '--orig-port-dst', '91');
  assert.match(marks, /mark=0 /, 'a connection that is not ours carries nothing of ours');
});

test('packets of a frontend with any port are translated on every port, the others are not', async () => {
  await output('ip', 'address', 'add', '10.9.1.101/32', 'dev', 'lo');
  await output('ipvsadm', '-A', '-t', '10.9.1.101:0', '-s', 'rr', '-p');
  await output('ipvsadm', '-a', '-t', '10.9.1.101:0', '-r', '10.9.2.2:0', '-m');
  await assertDone(newSnat('tcp/10.9.1.101:0', ['10.9.2.5']));
  assert.equal(await seen('http://10.9.1.101:8080/'), '10.9.2.5');
});

test('packets from the director itself are translated as well', async () => {
  await output('ip', '-n', 'server', 'route', 'delete', 'default');
  const text = await output('curl', '-s', '-m', '5', 'http://10.9.1.100/');
  assert.match(text, /10\.9\.2\.[56]$/);
});

test('without source NAT again there is no way back, and no rule of ours', async () => {
  await assertDone(...[...(await host.readSnat()).keys()].map(deleteSnat));
  assert.doesNotMatch(await output('iptables-legacy-save'), /LVSD/);
  assert.doesNotMatch(await output('ip6tables-legacy-save'), /LVSD/);
  assert.equal(await output('ipset', 'list', '-name'), '');
  assert.equal(await seen('http://10.9.1.100/'), undefined);
});
