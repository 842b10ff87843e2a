// A guest: a real Linux kernel (Debian's user-mode-linux) run as an ordinary process on this checkout, with IPVS.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followFile } from './follow-file.mjs';
import { checkout } from './paths.mjs';

/** Variables of npm and of the host's session that would mislead a command inside the guest. */
const hostOnly = /^(npm_|XDG_|SSH_|DBUS_)|^(HOME|TMPDIR|PWD|OLDPWD|SHLVL|_)$/;

/** Where the guest's kernel keeps its memory, and the least that a boot and a small test touch of it. */
const sharedMemory = '/dev/shm';
const leastSharedMemoryMiB = 256;

/** The guest ended without reporting an exit status: it crashed, was killed or could not boot. */
export class GuestDied extends Error {
  /** @param {string} console what the guest's kernel printed last */
  constructor(console) {
    super('the guest kernel ended without an exit status');
    this.name = 'GuestDied';
    this.console = console;
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
  checkSharedMemory();
  const directory = mkdtempSync(join(tmpdir(), 'lvsd-guest-'));
  prepareDirectory(directory, command, env);
  const followers = [
    followFile(join(directory, 'stdout'), options.onStdout ?? (() => {})),
    followFile(join(directory, 'stderr'), options.onStderr ?? (() => {})),
  ];
  const guest = bootGuest({ directory, memory, interactive });
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  const limits = [...(interactive ? [] : [timeout]), ...(signal ? [signal] : [])];
  for (const limit of limits) limit.addEventListener('abort', guest.end, { once: true });
  try {
    await guest.ended;
    const status = readFileSync(join(directory, 'status'), 'utf8').trim();
    if (status !== '') return { status: Number(status), timedOut: false };
    if (signal?.aborted) return { status: 130, timedOut: false };
    if (!interactive && timeout.aborted) return { status: 124, timedOut: true };
    throw new GuestDied(guest.console());
  } finally {
    for (const limit of limits) limit.removeEventListener('abort', guest.end);
    for (const follower of followers) follower.finish();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Throws where a guest would die of a bus error in the middle of its work, as in a container with 64 MB. */
function checkSharedMemory() {
  const { bavail, bsize } = statfsSync(sharedMemory);
  const freeMiB = Math.floor((bavail * bsize) / 2 ** 20);
  if (freeMiB >= leastSharedMemoryMiB) return;
  throw new Error(
    `a guest's memory lives in ${sharedMemory}, which has ${freeMiB} MiB left of the ${leastSharedMemoryMiB} MiB needed; ` +
      'enlarge it (mount -o remount,size=4G /dev/shm; in a container: --shm-size=4g)',
  );
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

/** Text as one word of a shell command. */
export const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Starts the kernel. `ended` resolves once no process of the guest is left; `end()` brings that about. */
function bootGuest({ directory, memory, interactive }) {
  const kernelArguments = [
    `mem=${memory}`,
    'root=/dev/root',
    'rootfstype=hostfs',
    'rootflags=/',
    'rw',
    'noreboot',
    'quiet',
    `init=${join(directory, 'init')}`,
    `lvsd_guest=${directory}`,
    `uml_dir=${directory}/`,
    'con=null',
    ...(interactive ? ['con0=fd:0,fd:1', 'lvsd_console=1'] : ['con0=null,fd:1']),
  ];
  const kernel = spawn('linux.uml', kernelArguments, {
    detached: true,
    stdio: interactive ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
  let console = '';
  for (const stream of [kernel.stdout, kernel.stderr]) {
    stream?.on('data', (bytes) => {
      console = (console + bytes.toString('latin1')).slice(-4000);
    });
  }
  if (kernel.pid === undefined) {
    const ended = once(kernel, 'error').then(([error]) => Promise.reject(error));
    return { ended, end() {}, console: () => console };
  }
  const reaper = startReaper(kernel.pid, directory);
  const end = () => {
    if (!reaper.stdin.writableEnded) reaper.stdin.end('\n');
  };
  kernel.once('exit', end);
  const ended = Promise.all([once(kernel, 'close'), once(reaper, 'exit')]);
  return { ended, end, console: () => console };
}

/**
 * A process that kills the guest's group as soon as its standard input ends: with a line when this process asks for it,
 * without one when this process died, and then it clears away the directory too. The kernel itself leaves helpers of
 * its group behind.
 */
function startReaper(group, directory) {
  const script = 'read -r _ || abandoned=yes; kill -9 "-$1"; if [ "$abandoned" ]; then rm -rf "$2"; fi';
  return spawn('sh', ['-c', script, 'reaper', String(group), directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}
