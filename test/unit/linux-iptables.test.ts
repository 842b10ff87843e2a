/** Which iptables is used on which host. The programs are shell scripts of this test; what they say is what real ones say. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ProgramError, runProgram } from '../../src/driver/linux/program.js';
import { createIptables } from '../../src/driver/linux/snat/iptables.js';

const PATH = process.env.PATH;
let directory = '';
/** Of a host whose module tree cannot be seen. */
const files = { release: '0', modulesDirectory: '/nowhere' };

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lvsd-'));
  process.env.PATH = `${directory}:${PATH}`;
});

afterEach(() => {
  process.env.PATH = PATH;
  rmSync(directory, { recursive: true });
});

function script(name: string, text: string): void {
  writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(directory, name), 0o755);
}

/** A host with both variants, of which `iptables` is nft; each notes what it is called as. */
function install(restore: { nft: string; legacy: string }, saved = ''): void {
  for (const kind of ['nft', 'legacy'] as const) {
    const body = `echo "$(basename "$0")" >>${directory}/calls
case "$0" in *-save) printf '${saved}' ;; *) cat >/dev/null; ${restore[kind]} ;; esac`;
    script(`xtables-${kind}-multi`, body);
    for (const verb of ['save', 'restore']) {
      symlinkSync(`xtables-${kind}-multi`, join(directory, `iptables-${kind}-${verb}`));
      if (kind === 'nft') symlinkSync('xtables-nft-multi', join(directory, `iptables-${verb}`));
    }
  }
}

function calls(): string[] {
  return readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n');
}

const UNSUPPORTED = 'echo "line 2: TABLE_ADD failed (Operation not supported): table nat" >&2; exit 4';
const LOCKED = 'echo "Another app is currently holding the xtables lock." >&2; exit 4';

test('what iptables stands for is used, and stays', async () => {
  install({ nft: 'exit 0', legacy: 'exit 0' }, '*nat\\n:LVSD-FULLNAT - [0:0]\\nCOMMIT\\n');
  const iptables = createIptables('ipv4', files);
  await iptables.restore('*nat\nCOMMIT\n');
  assert.equal((await iptables.read()).nat.exists, true);
  assert.deepEqual(calls(), ['iptables-restore', 'iptables-save']);
});

test('the other variant is used where the kernel does not support that one, and stays', async () => {
  install({ nft: UNSUPPORTED, legacy: 'exit 0' });
  const iptables = createIptables('ipv4', files);
  await iptables.restore('*nat\nCOMMIT\n');
  await iptables.restore('*nat\nCOMMIT\n');
  assert.deepEqual(calls(), ['iptables-restore', 'iptables-legacy-restore', 'iptables-legacy-restore']);
});

test('a refusal is no reason to try the other variant', async () => {
  install({ nft: LOCKED, legacy: 'exit 0' });
  await assert.rejects(createIptables('ipv4', files).restore('*nat\nCOMMIT\n'), (error) => {
    assert.ok(error instanceof ProgramError);
    assert.equal(error.errno, constants.errno.EAGAIN);
    assert.equal(
      error.message,
      'iptables-restore ended with status 4: Another app is currently holding the xtables lock.',
    );
    return true;
  });
  assert.deepEqual(calls(), ['iptables-restore']);
});

test('the variant that has our chains is the one that gets the next change', async () => {
  install({ nft: 'exit 0', legacy: 'exit 0' }, '*mangle\\n-A INPUT -j LVSD-FULLNAT\\nCOMMIT\\n');
  const iptables = createIptables('ipv4', files);
  assert.deepEqual((await iptables.read()).mangle.jumps, ['-A INPUT -j LVSD-FULLNAT']);
  await iptables.restore('*mangle\nCOMMIT\n');
  assert.deepEqual(calls(), ['iptables-save', 'iptables-restore']);
});

test('a program says in words what is turned into an errno', async () => {
  script('it', 'echo "$1" >&2; exit 1');
  for (const [words, name] of [
    ['Permission denied (you must be root)', 'EPERM'],
    ['Kernel error received: Operation not permitted', 'EPERM'],
    ['Warning: Extension ipvs revision 0 not supported, missing kernel module?', 'EOPNOTSUPP'],
    ['Set cannot be destroyed: it is in use by a kernel component', 'EAGAIN'],
    ['line 3: bad IP address', 'EIO'],
  ] as const) {
    const failure = await runProgram('it', [words]).catch((error) => error);
    assert.equal(failure.errno, constants.errno[name], words);
    assert.equal(failure.message, `it ended with status 1: ${words}`);
  }
  const missing = await runProgram('lvsd-has-no-such-program', []).catch((error) => error);
  assert.equal(missing.message, 'lvsd-has-no-such-program cannot be run (ENOENT)');
  assert.equal(missing.errno, constants.errno.EOPNOTSUPP);
});

test('a program that ends without reading its input is heard all the same', async () => {
  script('deaf', 'echo done');
  assert.equal(await runProgram('deaf', [], 'x'.repeat(4 * 2 ** 20)), 'done\n');
});
