// The guest itself: what every other kernel test takes for granted.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, statfs, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The output of a command that must succeed. */
async function output(command: string, ...args: string[]): Promise<string> {
  return (await run(command, args)).stdout;
}

/** TMPFS_MAGIC, linux/magic.h. */
const tmpfs = 0x01021994;

const schedulers = ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'fo', 'ovf', 'mh'];

test('the kernel table is empty at first and ipvsadm reads back what it wrote', async () => {
  assert.equal(await output('ipvsadm', '-Sn'), '');
  after(() => run('ipvsadm', ['-C']));
  await run('ipvsadm', ['-A', '-t', '10.0.0.1:80', '-s', 'rr']);
  await run('ipvsadm', ['-a', '-t', '10.0.0.1:80', '-r', '10.0.0.2:80', '-g', '-w', '3']);
  assert.equal(
    await output('ipvsadm', '-Sn'),
    '-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -g -w 3\n',
  );
  await run('ipvsadm', ['-C']);
});

test('the kernel loads the module of every scheduler but twos by itself', async () => {
  after(() => run('ipvsadm', ['-C']));
  for (const [index, scheduler] of schedulers.entries()) {
    await run('ipvsadm', ['-A', '-f', String(index + 1), '-s', scheduler]);
  }
  const loaded = await readFile('/proc/modules', 'utf8');
  assert.deepEqual(
    schedulers.filter((scheduler) => !loaded.includes(`ip_vs_${scheduler} `)),
    [],
  );
  await assert.rejects(run('ipvsadm', ['-A', '-f', '99', '-s', 'twos']), /Scheduler or persistence engine/);
});

test('modprobe on a command line finds the modules of the guest kernel', async () => {
  await run('modprobe', ['dummy']);
  assert.match(await readFile('/proc/modules', 'utf8'), /^dummy /m);
});

test('namespaces joined by a veth pair carry packets', async () => {
  const ip = (...args: string[]) => run('ip', args);
  after(() => ip('netns', 'delete', 'peer'));
  await ip('netns', 'add', 'peer');
  await ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far', 'netns', 'peer');
  await ip('address', 'add', '192.0.2.1/24', 'dev', 'near');
  await ip('link', 'set', 'near', 'up');
  await ip('-n', 'peer', 'address', 'add', '192.0.2.2/24', 'dev', 'far');
  await ip('-n', 'peer', 'link', 'set', 'far', 'up');
  const server = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '192.0.2.1', resolve));
  after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const body = await output('ip', 'netns', 'exec', 'peer', 'curl', '-s', `http://192.0.2.1:${port}/`);
  assert.equal(body, 'hello');
});

test('iptables-legacy, ipset and conntrack work', async () => {
  await output('iptables-legacy', '-t', 'nat', '-S');
  await run('ipset', ['create', 'probe', 'hash:ip,port']);
  after(() => run('ipset', ['destroy', 'probe']));
  await output('conntrack', '-L');
});

test('loopback is up for IPv4 and IPv6', async () => {
  const addresses = await output('ip', '-brief', 'address', 'show', 'dev', 'lo');
  assert.match(addresses, /127\.0\.0\.1\/8/);
  assert.match(addresses, /::1\/128/);
});

for (const directory of ['/tmp', '/run', '/dev/shm', process.env.HOME ?? '/root']) {
  test(`${directory} belongs to the guest alone`, async () => {
    assert.equal((await statfs(directory)).type, tmpfs);
    await writeFile(`${directory}/probe`, 'x');
  });
}
