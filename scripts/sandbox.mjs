// npm run sandbox: a client, a director with lvsd and three real servers in a real kernel; see docs/sandbox.md.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ensurePackages } from './debian.mjs';
import { GuestDied, quote, runInGuest } from './guest.mjs';
import { checkNode, ensureBuilt, ensureModules } from './prepare.mjs';

const usage = `usage: npm run sandbox [-- --script FILE [--timeout SECONDS]]

Boots a kernel of its own, as an ordinary process, with a client, a director that runs lvsd, and three real servers,
and opens a shell there; it prints a guide. With --script, runs FILE with sh there instead and exits with its status:
124 at the time limit (default 300 s), 125 when the guest died, 130 when interrupted.`;

const { values } = parseArgs({
  options: {
    script: { type: 'string' },
    timeout: { type: 'string', default: '300' },
    help: { type: 'boolean', default: false },
  },
});
const interactive = values.script === undefined;
const timeoutSeconds = Number(values.timeout);
if (values.help || !(timeoutSeconds > 0) || (interactive && !process.stdin.isTTY)) {
  (values.help ? console.log : console.error)(usage);
  process.exit(values.help ? 0 : 2);
}

const sandbox = `${quote(process.execPath)} dist/test/support/lab/sandbox.js`;
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort());

try {
  // The guest has a /tmp of its own, where the file may not be.
  const script = interactive ? undefined : readFileSync(values.script, 'utf8');
  checkNode();
  ensureModules();
  ensurePackages('kernel');
  ensureBuilt();
  const { status, timedOut } = await runInGuest({
    command:
      script === undefined ? sandbox : `printf %s ${quote(script)} >/tmp/script && ${sandbox} /tmp/script`,
    interactive,
    timeoutSeconds,
    onStdout: (bytes) => process.stdout.write(bytes),
    onStderr: (bytes) => process.stderr.write(bytes),
    signal: interrupted.signal,
  });
  if (timedOut) console.error(`sandbox: time limit of ${timeoutSeconds} s reached, guest ended`);
  process.exitCode = status;
} catch (error) {
  console.error(`sandbox: ${error.message}`);
  if (error instanceof GuestDied) console.error(`its console said last:\n${error.console}`);
  process.exitCode = error instanceof GuestDied ? 125 : 1;
}
