// Source NAT for fullnat in the kernel's own packet filter, with iptables and ipset as witnesses.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { HostDriver } from '../../src/driver/host.js';
import { createLinuxHost } from '../../src/driver/linux/linux-host.js';
import { deleteSnat, errorsOf, newSnat, setSnat } from '../support/host-operations.js';

const run = promisify(execFile);
const modulesDirectory = process.env.LVSD_MODULES_DIR ?? '/lib/modules';
const host = openHost();

function openHost(): HostDriver {
  const opened = createLinuxHost({ modulesDirectory, warn: (message) => assert.fail(message) });
  after(() => opened.close());
  return opened;
}

async function output(command: string, ...args: string[]): Promise<string> {
  return (await run(command, args, { timeout: 20_000 })).stdout;
}

const iptables = (...args: string[]) => output('iptables-legacy', ...args);

/** Rules of both families, without counters. */
async function rules(): Promise<string[]> {
  const saved = [await output('iptables-legacy-save'), await output('ip6tables-legacy-save')];
  return saved.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.replace(/ \[\d+:\d+\]$/, '')),
  );
}

async function sets(): Promise<string[]> {
  return (await output('ipset', 'save')).split('\n').map((line) => line.replace(/ initval \S+/, ''));
}

async function found(driver: HostDriver = host): Promise<Record<string, readonly string[] | null>> {
  const configs = await driver.readSnat();
  return Object.fromEntries([...configs].map(([key, { addresses }]) => [key, addresses]));
}

async function assertDone(...operations: Parameters<typeof errorsOf>[1][]): Promise<void> {
  assert.deepEqual(
    await errorsOf(host, ...operations),
    operations.map(() => null),
  );
}

const WEB = 'tcp/192.0.2.10:80';
const DNS = 'udp/192.0.2.10:53';
const SIGNALS = 'sctp/192.0.2.10:2905';
const WEB6 = 'tcp/[2001:db8::10]:80';
const MARK = 'fwmark/ipv4/7';
const MARK6 = 'fwmark/ipv6/7';
const ANY_PORT = 'tcp/192.0.2.11:0';
const POOL = ['198.51.100.1', '198.51.100.2', '198.51.100.3'];

/** What others have, which is to stay as it is. */
before(async () => {
  await iptables('-t', 'nat', '-A', 'POSTROUTING', '-s', '10.77.0.0/24', '-j', 'MASQUERADE');
  await iptables('-t', 'mangle', '-A', 'PREROUTING', '-p', 'udp', '-j', 'MARK', '--set-mark', '9');
  await iptables('-t', 'mangle', '-N', 'THEIRS');
  await output('ip6tables-legacy', '-t', 'nat', '-A', 'POSTROUTING', '-o', 'eth7', '-j', 'MASQUERADE');
  await output('ip6tables-legacy', '-t', 'mangle', '-N', 'THEIRS');
  await output('ipset', 'create', 'theirs', 'hash:ip,port');
  await output('ipset', 'add', 'theirs', '192.0.2.10,tcp:80');
});

test('reading loads no module of an iptables that is not in use', async () => {
  const usesNfTables = async () => /^nf_tables /m.test(await readFile('/proc/modules', 'utf8'));
  assert.equal(await usesNfTables(), false);
  assert.deepEqual(await found(), {});
  assert.equal(await usesNfTables(), false);
});

describe('source NAT', () => {
  const all = [newSnat(WEB), newSnat(DNS, ['198.51.100.1']), newSnat(SIGNALS, POOL), newSnat(WEB6)];
  const others = [newSnat(MARK, POOL), newSnat(MARK6), newSnat(ANY_PORT, ['198.51.100.1'])];
  const wanted = {
    [WEB]: null,
    [DNS]: ['198.51.100.1'],
    [SIGNALS]: POOL,
    [WEB6]: null,
    [MARK]: POOL,
    [MARK6]: null,
    [ANY_PORT]: ['198.51.100.1'],
  };

  test('of every kind of frontend is read back, also by another process, and leaves nothing when it goes', async () => {
    assert.deepEqual(await found(), {});
    const before = { rules: await rules(), sets: await sets() };
    await assertDone(...all, ...others);
    assert.deepEqual(await found(), wanted);
    assert.deepEqual(await found(openHost()), wanted);
    await assertDone(...Object.keys(wanted).map(deleteSnat));
    assert.deepEqual(await found(), {});
    assert.deepEqual({ rules: await rules(), sets: await sets() }, before);
  });

  test('says what is already there and what is not', async () => {
    const errors = await errorsOf(
      host,
      newSnat(WEB),
      newSnat(WEB),
      setSnat(DNS),
      deleteSnat(MARK),
      deleteSnat(WEB),
    );
    assert.deepEqual(errors, [null, 'EEXIST', 'ENOENT', 'ENOENT', null]);
    assert.deepEqual(await found(), {});
  });

  test('takes as many rules for two hundred frontends as for one', async () => {
    await assertDone(newSnat(WEB), newSnat(WEB6), newSnat(DNS, POOL));
    const before = await rules();
    const many = Array.from({ length: 200 }, (_, i) => `tcp/192.0.2.${i + 20}:443`);
    await assertDone(...many.map((frontend, i) => newSnat(frontend, i % 2 ? POOL : null)));
    assert.deepEqual(await rules(), before);
    assert.equal(Object.keys(await found()).length, 203);
    await assertDone(...many.map(deleteSnat), deleteSnat(WEB), deleteSnat(WEB6), deleteSnat(DNS));
    assert.deepEqual(await found(), {});
  });

  test('moves to another pool, and the pool that nobody uses goes', async () => {
    await assertDone(newSnat(WEB), newSnat(MARK), setSnat(WEB, POOL), setSnat(MARK, POOL));
    assert.deepEqual(await found(openHost()), { [WEB]: POOL, [MARK]: POOL });
    assert.ok(!(await rules()).some((rule) => /LVSD.*MASQUERADE/.test(rule)));
    assert.equal((await sets()).filter((line) => line.startsWith('create lvsd')).length, 1);
    await assertDone(deleteSnat(WEB), deleteSnat(MARK));
  });

  test('goes on with what is possible, and says what the program said of the rest', async () => {
    const refusals = await host.apply([newSnat(WEB), newSnat(DNS, ['2001:db8::1']), newSnat(SIGNALS)]);
    assert.deepEqual(
      refusals.map((error) => error?.errnoName ?? null),
      [null, 'EIO', null],
    );
    assert.match(refusals[1]?.message ?? '', /iptables.*-restore ended with status \d: .*2001:db8::1/);
    assert.deepEqual(await found(openHost()), { [WEB]: null, [SIGNALS]: null });
    await assertDone(deleteSnat(WEB), deleteSnat(SIGNALS));
  });

  test('waits for whoever holds the lock of the tables, but not for ever, and leaves nothing half done', async () => {
    const before = { rules: await rules(), sets: await sets() };
    const holder = spawn('flock', ['/run/xtables.lock', 'sleep', '60'], { stdio: 'ignore' });
    const ended = once(holder, 'close');
    // until it holds the lock
    while ((await run('flock', ['-n', '/run/xtables.lock', 'true']).catch(() => null)) !== null);
    const [error] = await host.apply([newSnat(WEB)]);
    await run('pkill', ['-P', String(holder.pid)]);
    await ended;
    assert.equal(error?.errnoName, 'EAGAIN');
    assert.match(error?.message ?? '', /xtables lock/);
    await assertDone(newSnat(WEB));
    await assertDone(deleteSnat(WEB));
    assert.deepEqual({ rules: await rules(), sets: await sets() }, before);
  });

  test('does not stop the event loop', async () => {
    let turns = 0;
    const ticking = setInterval(() => turns++, 1);
    await assertDone(newSnat(WEB), newSnat(WEB6));
    await assertDone(deleteSnat(WEB), deleteSnat(WEB6));
    clearInterval(ticking);
    assert.ok(turns > 20, `${turns} turns`);
  });
});

describe('drift of source NAT', () => {
  const everything = { [WEB]: POOL, [DNS]: null, [MARK]: null };
  const broken = { [WEB]: [], [DNS]: [], [MARK]: [] };
  let whole: string[] = [];

  before(async () => {
    await assertDone(newSnat(WEB, POOL), newSnat(DNS), newSnat(MARK));
    whole = await rules();
  });
  after(() => assertDone(deleteSnat(WEB), deleteSnat(DNS), deleteSnat(MARK)));

  const chain = 'LVSD-FULLNAT';
  const jump = ['-m', 'conntrack', '--ctstate', 'NEW', '-j', chain];
  for (const [what, command, seen] of [
    ['a jump that is gone', ['-t', 'mangle', '-D', 'INPUT', ...jump], broken],
    ['a jump that is there twice', ['-t', 'nat', '-A', 'POSTROUTING', '-j', chain], broken],
    ['a rule of somebody else in our chain', ['-t', 'mangle', '-I', chain, '-j', 'RETURN'], broken],
    ['a rule of a pool that is gone', ['-t', 'nat', '-D', chain, '2'], broken],
    ['an emptied chain in nat', ['-t', 'nat', '-F', chain], broken],
    ['an emptied chain in mangle', ['-t', 'mangle', '-F', chain], { [WEB]: [], [DNS]: [] }],
  ] as const) {
    test(`${what} is seen and repaired`, async () => {
      await iptables(...command);
      assert.deepEqual(await found(), seen);
      const isLost = !(MARK in seen);
      await assertDone(setSnat(WEB, POOL), setSnat(DNS), isLost ? newSnat(MARK) : setSnat(MARK));
      assert.deepEqual(await found(), everything);
      // a pool that had lost its rules comes back under another number
      assert.equal((await rules()).length, whole.length);
    });
  }

  test('an entry that is gone from a set is seen and repaired', async () => {
    const name = (await output('ipset', 'list', '-name'))
      .split('\n')
      .filter((line) => line.startsWith('lvsd'));
    for (const set of name) await output('ipset', 'flush', set);
    assert.deepEqual(await found(), { [MARK]: null });
    await assertDone(newSnat(WEB, POOL), newSnat(DNS));
    assert.deepEqual(await found(), everything);
  });

  test('a frontend that somebody put into a set of ours is shown', async () => {
    const [line = ''] = (await sets()).filter((text) => text.endsWith('udp:53'));
    const set = line.split(' ')[1] ?? '';
    await output('ipset', 'add', set, '192.0.2.200,tcp:22');
    assert.deepEqual(await found(), { ...everything, 'tcp/192.0.2.200:22': null });
    await assertDone(deleteSnat('tcp/192.0.2.200:22'));
  });
});

describe('what an interrupted change left', () => {
  test('sets without rules are shown as broken, and go', async () => {
    const before = { rules: await rules(), sets: await sets() };
    await output('ipset', 'create', 'lvsd4-3', 'hash:ip,port');
    await output('ipset', 'add', 'lvsd4-3', '192.0.2.10,tcp:80');
    const restarted = openHost();
    assert.deepEqual(await found(restarted), { [WEB]: [] });
    assert.deepEqual(await errorsOf(restarted, deleteSnat(WEB)), [null]);
    assert.deepEqual({ rules: await rules(), sets: await sets() }, before);
  });

  test('chains, jumps and sets that serve nobody go at the start', async () => {
    const before = { rules: await rules(), sets: await sets() };
    await output('ipset', 'create', 'lvsd4-1', 'hash:ip,port');
    await output('ipset', 'create', 'lvsd6-2', 'hash:ip');
    await iptables('-t', 'nat', '-N', 'LVSD-FULLNAT');
    await iptables('-t', 'nat', '-A', 'POSTROUTING', '-j', 'LVSD-FULLNAT');
    assert.deepEqual(await found(openHost()), {});
    assert.deepEqual({ rules: await rules(), sets: await sets() }, before);
  });

  test('a set of ours that is in nobody else of our rules does not stop another one', async () => {
    await output('ipset', 'create', 'lvsd4-1', 'hash:net');
    const restarted = openHost();
    assert.deepEqual(await errorsOf(restarted, newSnat(WEB)), [null]);
    assert.deepEqual(await found(restarted), { [WEB]: null });
    assert.deepEqual(await errorsOf(restarted, deleteSnat(WEB)), [null]);
    assert.ok(!(await sets()).some((line) => line.includes('lvsd')));
  });
});
