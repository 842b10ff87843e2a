/** What a newcomer does: starts the server in an empty folder and pastes the first calls of the README. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AuditEvent } from '../../src/domain/schema/audit-event.js';

const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const START_LIMIT_MS = 60_000;

export interface FirstCalls {
  /** The block after the mark, as it stands. */
  readonly script: string;
  /** The table that the README promises. */
  readonly table: string;
}

export function readFirstCalls(): FirstCalls {
  const readme = readFileSync(join(checkout, 'README.md'), 'utf8');
  const [, script, table] = /<!-- first-calls -->\n```sh\n(.*?)^```$.*?^```\n(.*?)^```$/ms.exec(readme) ?? [];
  assert.ok(script && table, 'the README has no first calls');
  return { script, table };
}

/** Runs `work` in a new folder beside a server that was started there with these variables and nothing else set. */
export async function besideServer(
  { http, variables }: { http: string; variables: Readonly<Record<string, string>> },
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lvsd-first-'));
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('LVSD_'));
  const server = spawn(process.execPath, [join(checkout, 'bin/lvsd'), 'serve'], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  const ended = once(server, 'exit');
  try {
    await untilReady(http, () => server.exitCode === null);
    await work(folder);
  } catch (error) {
    console.error(`the server's log:\n${log.slice(-4000)}`);
    throw error;
  } finally {
    server.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Pastes the script into a shell in the folder and checks what it prints. */
export async function pasteFirstCalls(folder: string, { script, table }: FirstCalls): Promise<void> {
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', script], {
    cwd: folder,
    timeout: 60_000,
  });
  assert.equal(stderr, '');
  const lines = stdout.split('\n');
  const answers = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  const events: readonly AuditEvent[] = answers.pop()?.items;
  assert.deepEqual(
    answers.map(({ name, status }) => [name, status?.state]),
    ['shop', 'http', 'dns', 'web1', 'web2', 'ns1'].map((name) => [name, 'applied']),
  );
  assert.equal(
    withoutPadding(lines.filter((line) => line !== '' && !line.startsWith('{')).join('\n')),
    table,
  );
  assert.deepEqual(
    events.map(({ kind, action, actor, resource }) => [kind, action, actor.principal, resource]),
    [
      ['apply', 'createRealServer', 'admin', ns1],
      ['change', 'createRealServer', 'admin', ns1],
      ['apply', 'createRealServer', 'admin', web2],
    ],
  );
  assert.deepEqual(
    events[0]?.operations.map(({ command, key, errno }) => [command, key, errno]),
    [['NEW_DEST', 'udp/192.168.10.88:53->192.168.20.21:53', null]],
  );
}

const ns1 = 'projects/default/clusters/shop/virtual-services/dns/real-servers/ns1';
const web2 = 'projects/default/clusters/shop/virtual-services/http/real-servers/web2';

/** ipvsadm fills its last column with spaces, which a README cannot show. */
export function withoutPadding(table: string): string {
  return `${table.trimEnd().replace(/ +$/gm, '')}\n`;
}

async function untilReady(http: string, isRunning: () => boolean): Promise<void> {
  const limit = performance.now() + START_LIMIT_MS;
  for (;;) {
    const ready = await fetch(`http://${http}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    assert.ok(isRunning(), 'the server ended at its start');
    assert.ok(performance.now() < limit, 'the server is not ready in time');
    await sleep(50);
  }
}

/** On which nothing listens now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
