// npm run kernel -- 'COMMANDS': runs shell commands inside a real IPVS kernel; see docs/testing.md.
import { parseArgs } from 'node:util';
import { ensurePackages } from './debian.mjs';
import { GuestDied, runInGuest } from './guest.mjs';

const usage = `usage: npm run --silent kernel -- [--timeout SECONDS] [--mem SIZE] 'COMMANDS'

Boots a user-mode-linux kernel with IPVS on this checkout, runs COMMANDS there with sh -c in the checkout's directory
and exits with their status: 124 at the time limit (default 300 s), 125 when the guest died, 130 when interrupted.
Without COMMANDS and on a terminal: an interactive shell. --mem is the guest's memory (default 2G).
example: npm run --silent kernel -- 'ipvsadm -A -t 10.0.0.1:80 -s rr && ipvsadm -Ln'`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    timeout: { type: 'string', default: '300' },
    mem: { type: 'string', default: '2G' },
    help: { type: 'boolean', default: false },
  },
});
const timeoutSeconds = Number(values.timeout);
const interactive = positionals.length === 0 && Boolean(process.stdin.isTTY);
if (values.help || !(timeoutSeconds > 0) || (positionals.length === 0 && !interactive)) {
  (values.help ? console.log : console.error)(usage);
  process.exit(values.help ? 0 : 2);
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort());

try {
  ensurePackages('kernel');
  const { status, timedOut } = await runInGuest({
    command: interactive ? 'exec bash' : positionals.join(' '),
    interactive,
    timeoutSeconds,
    memory: values.mem,
    onStdout: (bytes) => process.stdout.write(bytes),
    onStderr: (bytes) => process.stderr.write(bytes),
    signal: interrupted.signal,
  });
  if (timedOut) console.error(`kernel: time limit of ${timeoutSeconds} s reached, guest ended`);
  process.exitCode = status;
} catch (error) {
  console.error(`kernel: ${error.message}`);
  if (error instanceof GuestDied) console.error(`its console said last:\n${error.console}`);
  process.exitCode = error instanceof GuestDied ? 125 : 1;
}
