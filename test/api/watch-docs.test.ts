/** The clients of docs/watch.md, as they stand there, through a break of their connection. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createRestClient } from '../support/rest-client.js';
import { startTestServer } from '../support/server.js';
import { putShop } from '../support/shop.js';

const guide = readFileSync(new URL('../../../docs/watch.md', import.meta.url), 'utf8');

function block(language: string): string {
  const text = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(guide)?.[1];
  assert.ok(text, `no ${language} in the guide`);
  return text;
}

/** Between a client and the server, so that connections can break. */
async function startRelay(t: TestContext, port: number): Promise<{ url: string; breakAll(): void }> {
  const sockets = new Set<Socket>();
  const relay = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    client.pipe(server).pipe(client);
  });
  const breakAll = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    breakAll();
    relay.close();
  });
  const address = relay.address();
  assert.ok(address !== null && typeof address === 'object');
  return { url: `http://127.0.0.1:${address.port}`, breakAll };
}

function output(child: ChildProcess) {
  let text = '';
  const take = (chunk: Buffer) => {
    text += chunk;
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return {
    async has(pattern: RegExp): Promise<void> {
      const deadline = performance.now() + 20_000;
      while (!pattern.test(text)) {
        assert.ok(performance.now() < deadline, `no ${pattern} in\n${text}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    count: (pattern: RegExp) => text.match(pattern)?.length ?? 0,
  };
}

const shell = block('sh');

for (const [language, command, args] of [
  ['js', process.execPath, ['--input-type=module', '-e']],
  ['python', 'python3', ['-c']],
] as const) {
  test(`the cache in ${language} has what there is, hears of changes, and goes on after a break`, async (t) => {
    const server = await startTestServer();
    t.after(() => server.stop());
    const rest = createRestClient(server);
    await putShop(rest);
    const relay = await startRelay(t, server.running.http.port);
    const env = { ...process.env, API: relay.url, TOKEN: server.adminToken, PROGRAM: block(language) };
    const line = `${shell}\nexec '${command}' ${args.join(' ')} "$PROGRAM"`;
    const child = spawn('sh', ['-euc', line], { env });
    t.after(() => child.kill('SIGKILL'));
    const said = output(child);
    const { store } = server.running;
    const resources = store.read((reader) => reader.descendants('projects/default').length + 1);
    await said.has(new RegExp(`synced at \\d+: ${resources} resources`));

    const create = (name: string) => rest('POST', '/v1/projects/default/clusters', { body: { name } });
    await create('one');
    await said.has(/createCluster projects\/default\/clusters\/one/);
    relay.breakAll();
    await create('two');
    await said.has(/createCluster projects\/default\/clusters\/two/);
    await create('three');
    await said.has(/createCluster projects\/default\/clusters\/three/);
    assert.equal(said.count(/clusters\/(one|two|three)$/gm), 3);
    assert.equal(said.count(/synced at/g), 1, 'it resumed and did not begin again');
  });
}

test('the one-line client of the guide is answered', async (t) => {
  const server = await startTestServer();
  t.after(() => server.stop());
  const line = /^ {4}(curl .*)$/m.exec(guide)?.[1];
  const env = { ...process.env, API: server.url, TOKEN: server.adminToken };
  const child = spawn('sh', ['-euc', `${shell}\nexec ${line}`], { env });
  t.after(() => child.kill('SIGKILL'));
  await output(child).has(/event: synced\ndata: \{"revision":\d+\}/);
});
