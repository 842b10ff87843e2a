// A guest: a real Linux kernel (Debian's user-mode-linux) run as an ordinary process on this checkout, with IPVS.
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followFile } from './follow-file.mjs';
import { checkout } from './paths.mjs';

/** Seconds the watchdog process grants beyond the time limit before it ends a guest whose starter has died. */
const watchdogGraceSeconds = 15;

/** Variables of npm and of the host's session that would mislead a command inside the guest. */
const hostOnly = /^(npm_|XDG_|SSH_|DBUS_)|^(HOME|TMPDIR|PWD|OLDPWD|SHLVL|_)$/;

/** The guest ended without reporting an exit status: it crashed, was killed or could not boot. */
export class GuestDied extends Error {
  /** @param {string} console what the guest's kernel printed last */
  constructor(console) {
    super(`the guest kernel ended without an exit status; its console said last:\n${console}`);
    this.name = 'GuestDied';
  }
}

/**
 * Runs a shell command in a guest of its own and resolves to its exit status, `{ status, timedOut }`. The guest sees
 * the host's files, with tmpfs on /tmp, /run and /dev/shm; `ip_vs` is loaded and `lo` is up. Its whole process group
 * ends with the command, at the time limit (`timedOut`, status 124) or when `signal` aborts (status 130). Rejects with
 * GuestDied when the kernel ends by itself.
 *
 * @param {{ command: string, timeoutSeconds?: number, memory?: string, env?: Record<string, string | undefined>,
 *   onStdout?: (bytes: Buffer) => void, onStderr?: (bytes: Buffer) => void, signal?: AbortSignal,
 *   interactive?: boolean }} options `memory` as the kernel's mem= takes it; `interactive` gives the command this
 *   process's terminal and no time limit
 * @returns {Promise<{ status: number, timedOut: boolean }>}
 */
export async function runInGuest(options) {
  const {
    command,
    timeoutSeconds = 300,
    memory = '2G',
    env = process.env,
    signal,
    interactive = false,
  } = options;
  signal?.throwIfAborted();
  const directory = mkdtempSync(join(tmpdir(), 'lvsd-guest-'));
  try {
    prepareDirectory(directory, command, env);
    const followers = [
      followFile(join(directory, 'stdout'), options.onStdout ?? (() => {})),
      followFile(join(directory, 'stderr'), options.onStderr ?? (() => {})),
    ];
    const ending = await boot({ directory, memory, timeoutSeconds, interactive, signal });
    for (const follower of followers) follower.finish();
    const status = readFileSync(join(directory, 'status'), 'utf8').trim();
    if (status !== '') return { status: Number(status), timedOut: false };
    if (ending.reason === 'timeout') return { status: 124, timedOut: true };
    if (ending.reason === 'abort') return { status: 130, timedOut: false };
    throw new GuestDied(ending.console);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Writes what guest-init.sh reads and creates what it appends to. */
function prepareDirectory(directory, command, env) {
  const assignments = Object.entries(env)
    .filter(([name, value]) => value !== undefined && /^[A-Za-z_]\w*$/.test(name) && !hostOnly.test(name))
    .map(([name, value]) => `export ${name}=${quote(value)}`);
  writeFileSync(join(directory, 'environment'), `${assignments.join('\n')}\ncheckout=${quote(checkout)}\n`);
  writeFileSync(join(directory, 'command'), command);
  for (const name of ['stdout', 'stderr', 'status']) writeFileSync(join(directory, name), '');
  // The kernel command line takes no spaces, and the checkout's path may have some.
  copyFileSync(join(checkout, 'scripts/guest-init.sh'), join(directory, 'init'));
  chmodSync(join(directory, 'init'), 0o755);
}

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Starts the kernel and waits for its end, which it brings about itself at the limit or on abort. */
function boot({ directory, memory, timeoutSeconds, interactive, signal }) {
  const kernel = [
    'linux.uml',
    `mem=${memory}`,
    'root=/dev/root',
    'rootfstype=hostfs',
    'rootflags=/',
    'rw',
    'noreboot',
    `init=${join(directory, 'init')}`,
    `lvsd_guest=${directory}`,
    `uml_dir=${directory}/`,
    'con=null',
  ];
  // A group of its own lets one signal end every process of the guest; `timeout` outlives a starter that is killed.
  const child = interactive
    ? spawn(kernel[0], [...kernel.slice(1), 'con0=fd:0,fd:1', 'quiet', 'lvsd_console=1'], {
        stdio: 'inherit',
      })
    : spawn(
        'timeout',
        ['--signal=KILL', String(timeoutSeconds + watchdogGraceSeconds), ...kernel, 'con0=null,fd:1'],
        { detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
      );
  return new Promise((resolve, reject) => {
    let reason = 'exit';
    let console = '';
    const keep = (bytes) => {
      console = (console + bytes.toString('latin1')).slice(-4000);
    };
    const end = (why) => {
      reason = why;
      killGroup(interactive ? child.pid : -child.pid);
    };
    const abort = () => end('abort');
    const timer = interactive ? undefined : setTimeout(() => end('timeout'), timeoutSeconds * 1000);
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    signal?.addEventListener('abort', abort, { once: true });
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('close', () => {
      settle();
      if (!interactive) killGroup(-child.pid);
      resolve({ reason, console });
    });
  });
}

/** Kills a process (or, negative, a group) that may be gone already. */
function killGroup(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
