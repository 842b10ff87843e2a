/**
 * The sandbox, within its guest: the lab with lvsd on the director, and a shell or a script beside them. Ends with the status
 * of the shell. `sandbox.js [SCRIPT]`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { labDefinition } from './cluster.js';
import { METHODS } from './methods.js';
import { createNetwork } from './network.js';
import { bindVips, trackConnections } from './preparation.js';
import { startServers } from './servers.js';

/** As seen from dist/test/support/lab. */
const CHECKOUT = fileURLToPath(new URL('../../../../', import.meta.url));
const HELPERS = `${CHECKOUT}scripts/sandbox`;
/** On the guest's tmpfs. */
const FOLDER = '/tmp/sandbox';
const START_LIMIT_MS = 60_000;
const POLL_MS = 50;

const environment = {
  ...process.env,
  PATH: `${HELPERS}/bin:${CHECKOUT}bin:${process.env.PATH}`,
  SANDBOX: FOLDER,
  LVSD_HTTP: '127.0.0.1:8080',
  LVSD_GRPC: '127.0.0.1:50051',
  LVSD_DATA_DIR: `${FOLDER}/data`,
  LVSD_DRIVER: 'netlink',
  // Soon enough to watch how drift is repaired.
  LVSD_RECONCILE_INTERVAL: '5',
};

const [, , script] = process.argv;
mkdirSync(FOLDER);
startDirector();
createNetwork();
bindVips();
trackConnections();
startServers();
for (const { name, forwarding, port } of METHODS) {
  writeFileSync(`${FOLDER}/${name}.json`, JSON.stringify(labDefinition(forwarding, port)));
}
await untilReady();
process.exit(
  await (script === undefined ? run('bash', ['--rcfile', `${HELPERS}/bashrc`]) : run('sh', [script])),
);

function startDirector(): void {
  const log = createWriteStream(`${FOLDER}/lvsd.log`);
  const lvsd = spawn(process.execPath, [`${CHECKOUT}bin/lvsd`, 'serve'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [lvsd.stdout, lvsd.stderr]) stream.pipe(log, { end: false });
  lvsd.on('exit', (status) => {
    console.error(`sandbox: lvsd has ended with status ${status}:`);
    console.error(readFileSync(`${FOLDER}/lvsd.log`, 'utf8'));
    process.exit(1);
  });
}

async function untilReady(): Promise<void> {
  const limit = performance.now() + START_LIMIT_MS;
  for (;;) {
    const answer = fetch(`http://${environment.LVSD_HTTP}/readyz`);
    if (
      await answer.then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    if (performance.now() > limit) throw new Error(`lvsd is not ready in ${START_LIMIT_MS / 1000} s`);
    await sleep(POLL_MS);
  }
}

async function run(command: string, args: readonly string[]): Promise<number> {
  const shell = spawn(command, args, { env: environment, cwd: FOLDER, stdio: 'inherit' });
  const [status] = (await once(shell, 'exit')) as [number | null];
  return status ?? 1;
}
