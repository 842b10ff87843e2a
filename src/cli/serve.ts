import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { type Listener, readConfig, SETTINGS } from '../config.js';
import { firstTokenFile } from '../first-token.js';
import { version } from '../package-root.js';
import type { RunningServer } from '../server.js';
import { addSettings, examples } from './settings.js';

/** The service manager waits ten seconds. */
const STOP_LIMIT_MS = 9_500;

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('Start the server. SIGTERM stops it; the kernel table stays as it is.')
    .addHelpText(
      'after',
      examples(
        ['lvsd serve', 'everything by default'],
        ['lvsd serve --driver memory --data-dir /tmp/try', 'to try it without touching the kernel'],
        ['LVSD_HTTP=[::1]:9000 LVSD_LOG=debug lvsd serve', 'the same settings come from the environment'],
      ),
    );
  return addSettings(command, Object.values(SETTINGS)).action(serve);
}

async function serve(flags: Record<string, unknown>): Promise<void> {
  const config = readConfig(flags);
  const stopping = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  const { startServer } = await import('../server.js'); // half a second that other commands can do without
  const server = await startServer(config);
  console.log(greeting(server, config.dataDir));
  await stopping;
  await stop(server);
}

/** A second signal, or a part that does not stop in time, ends the process at once. */
async function stop(server: RunningServer): Promise<void> {
  const limit = setTimeout(() => {
    console.error('lvsd: it did not stop in time; what was answered is stored.');
    process.exit(1);
  }, STOP_LIMIT_MS);
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(1));
  await server.stop();
  clearTimeout(limit);
  process.exit(0);
}

function greeting({ http, grpc, tls, driver, driverReason }: RunningServer, dataDir: string): string {
  const url = `${tls ? 'https' : 'http'}://${address(http)}`;
  const tokenFile = firstTokenFile(dataDir);
  const token = existsSync(tokenFile) ? `$(cat ${quoted(tokenFile)})` : '$TOKEN';
  return `
lvsd ${version}

  REST     ${url}/v1/   try it in the browser: ${url}/docs
  gRPC     ${address(grpc)}   package lvsd.v1, with reflection${tls ? ', over TLS' : ''}
  driver   ${driver} (${driverReason})
  data     ${dataDir}
  token    ${existsSync(tokenFile) ? `in ${tokenFile}` : 'made with "lvsd token create"'}

A first call:

  curl -H "Authorization: Bearer ${token}" ${url}/v1/directors/local
`;
}

function address({ host, port }: Listener): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** For a shell, inside double quotes or not. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
