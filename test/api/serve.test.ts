import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, startCommand } from '../support/command.js';
import { temporaryDirectory } from '../support/sqlite-source.js';

interface Served {
  readonly greeting: string;
  readonly url: string;
  signal(name: NodeJS.Signals): void;
  readonly outcome: ReturnType<typeof startCommand>['outcome'];
}

/** `lvsd serve` on free ports; it is killed when the test ends, if it still runs. */
async function serve(t: TestContext, dataDir: string): Promise<Served> {
  const { child, outcome } = startCommand(['serve'], settings(dataDir));
  t.after(() => child.kill('SIGKILL'));
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += String(chunk);
  });
  while (!/\n {2}curl .*\n/.test(printed)) {
    const ended = await Promise.race([outcome, once(child.stdout, 'data').then(() => undefined)]);
    assert.equal(ended, undefined, 'the server ended at its start');
  }
  const url = /REST +(http:\/\/[^/]+)/.exec(printed)?.[1];
  assert.ok(url);
  return { greeting: printed, url, signal: (name) => child.kill(name), outcome };
}

function settings(dataDir: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    LVSD_HTTP: '127.0.0.1:0',
    LVSD_GRPC: '127.0.0.1:0',
    LVSD_DATA_DIR: dataDir,
    LVSD_DRIVER: 'memory',
    LVSD_LOG: 'warn',
  };
}

function tokenIn(dataDir: string): string {
  return readFileSync(join(dataDir, 'admin-token'), 'utf8').trimEnd();
}

async function statusWith(url: string, token: string): Promise<number> {
  const answer = await fetch(`${url}/v1/directors/local`, { headers: { authorization: `Bearer ${token}` } });
  return answer.status;
}

test('the first start leaves a token for the administrator alone, and prints where it is, not what it is', async (t) => {
  const dataDir = join(temporaryDirectory(t), 'new');
  const { greeting, url, signal, outcome } = await serve(t, dataDir);
  const file = join(dataDir, 'admin-token');
  assert.match(readFileSync(file, 'utf8'), /^lvsd_[\w-]{43}\n$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(dataDir).mode & 0o777, 0o700);
  assert.equal(await statusWith(url, tokenIn(dataDir)), 200);
  assert.equal(await statusWith(url, `${tokenIn(dataDir)}x`), 401);

  assert.match(greeting, /gRPC +127\.0\.0\.1:\d+ /);
  assert.match(greeting, /driver +memory \(/);
  assert.ok(greeting.includes(`in ${file}\n`));
  signal('SIGTERM');
  const { code, stdout, stderr } = await outcome;
  assert.equal(code, 0);
  assert.equal((stdout + stderr).includes(tokenIn(dataDir)), false);
});

test('the first call that is printed can be pasted', async (t) => {
  const { greeting } = await serve(t, join(temporaryDirectory(t), "it's new"));
  const command = /\n {2}(curl .*)\n/.exec(greeting)?.[1];
  assert.ok(command);
  const { stdout } = spawnSync('/bin/sh', ['-c', command.replace('curl', 'curl -sS')], { encoding: 'utf8' });
  assert.equal((JSON.parse(stdout) as { name: string }).name, 'local');
});

test('the token outlives restarts, and no other is made while there is one', async (t) => {
  const dataDir = temporaryDirectory(t);
  const first = await serve(t, dataDir);
  const token = tokenIn(dataDir);
  first.signal('SIGKILL');
  await first.outcome;
  rmSync(join(dataDir, 'admin-token'));

  const second = await serve(t, dataDir);
  assert.equal(await statusWith(second.url, token), 200);
  assert.throws(() => tokenIn(dataDir), { code: 'ENOENT' });
});

test('a token that is made or revoked beside the server counts from the next call on', async (t) => {
  const dataDir = temporaryDirectory(t);
  const { url } = await serve(t, dataDir);
  const run = (...args: string[]) => runCommand(['token', ...args, '--data-dir', dataDir]);
  const { stdout } = await run('create', 'ops', '--role', 'viewer');
  assert.equal(await statusWith(url, stdout.trim()), 200);
  await run('revoke', 'ops');
  assert.equal(await statusWith(url, stdout.trim()), 401);
});

test('a second server on the same data directory is refused', async (t) => {
  const dataDir = temporaryDirectory(t);
  await serve(t, dataDir);
  const second = await runCommand(['serve'], settings(dataDir));
  assert.equal(second.code, 1);
  assert.match(second.stderr, /^lvsd: Another lvsd serves from the data directory .*\n$/);
  const migrate = await runCommand(['migrate'], settings(dataDir));
  assert.equal(migrate.code, 1);
});

test('an address in use is told in one sentence, and leaves nothing running', async (t) => {
  const { url } = await serve(t, temporaryDirectory(t));
  const address = url.slice('http://'.length);
  for (const variable of ['LVSD_HTTP', 'LVSD_GRPC']) {
    const env = { ...settings(temporaryDirectory(t)), LVSD_LOG: 'silent', [variable]: address };
    const { code, stderr } = await runCommand(['serve'], env);
    assert.equal(code, 1, variable);
    assert.match(stderr, /^lvsd: .*EADDRINUSE.*Another program listens there: .*$/m, variable);
  }
});

for (const [name, signals, wanted] of [
  ['SIGINT', ['SIGINT'], 0],
  ['SIGTERM, with a call that never ends,', ['SIGTERM'], 0],
  ['a second signal at once,', ['SIGTERM', 'SIGTERM'], 1],
] as const) {
  test(`${name} stops the server within ten seconds with exit code ${wanted}`, async (t) => {
    const dataDir = temporaryDirectory(t);
    const { url, signal, outcome } = await serve(t, dataDir);
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    const head = `POST /v1/projects/default/clusters HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${tokenIn(dataDir)}`;
    if (name !== 'SIGINT')
      socket.write(`${head}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{`);
    await sleep(300);
    const started = performance.now();
    for (const one of signals) {
      signal(one);
      await sleep(300);
    }
    assert.equal((await outcome).code, wanted);
    const seconds = (performance.now() - started) / 1000;
    assert.ok(seconds < (wanted === 1 ? 2 : 10), `${seconds} s`);
  });
}
