/** Every operation is called with secrets that can be told apart; afterwards nothing that lvsd keeps or tells has any of them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startCommand } from '../support/command.js';
import { documentedOperations } from '../support/documented-answers.js';
import { connectByReflection } from '../support/grpc-reflection-client.js';
import { temporaryDirectory } from '../support/sqlite-source.js';

/** The one place for the first token. */
const TOKEN_FILE = 'admin-token';

const REASON = 'looking for leaks';

const marked = {
  unknown: `lvsd_${'markedUnknownToken'.padEnd(43, '7')}`,
  jwt: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYXJrZWQifQ.markedSignature',
  basic: Buffer.from('admin:markedPassword').toString('base64'),
  cookie: 'markedCookie4711',
};

async function serve(t: TestContext, dataDir: string) {
  const { child } = startCommand(['serve'], {
    PATH: process.env.PATH,
    LVSD_HTTP: '127.0.0.1:0',
    LVSD_GRPC: '127.0.0.1:0',
    LVSD_DATA_DIR: dataDir,
    LVSD_DRIVER: 'memory',
    LVSD_LOG: 'trace',
  });
  t.after(() => child.kill('SIGKILL'));
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      printed += String(chunk);
    });
  }
  while (!/\n {2}curl .*\n/.test(printed)) await once(child.stdout, 'data');
  return {
    url: /REST +(http:\/\/[^/\s]+)/.exec(printed)?.[1] ?? '',
    grpc: /gRPC +(\S+:\d+)/.exec(printed)?.[1] ?? '',
    log: () => printed,
    async stop() {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
    },
  };
}

/** The text of all files below a directory but for the first token's. */
function filesIn(directory: string): { name: string; text: string }[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name !== TOKEN_FILE && statSync(join(directory, name)).isFile())
    .map((name) => ({ name, text: readFileSync(join(directory, name)).toString('latin1') }));
}

test('no secret reaches the database, the log, the audit log, the events, the metrics or an archive', async (t) => {
  const dataDir = join(temporaryDirectory(t), 'data');
  const server = await serve(t, dataDir);
  const adminToken = readFileSync(join(dataDir, TOKEN_FILE), 'utf8').trim();
  const secrets = new Map<string, string>([['the first token', adminToken], ...Object.entries(marked)]);
  const read = async (path: string) => {
    const response = await fetch(`${server.url}${path}`, {
      headers: { authorization: `Bearer ${adminToken}` },
      signal: AbortSignal.timeout(10_000),
    });
    assert.equal(response.status, 200, path);
    return response;
  };

  let calls = 0;
  for (const { path, method, operation } of documentedOperations) {
    if (operation.responses[200]?.content?.['text/event-stream']) continue;
    const url = (operation.parameters ?? [])
      .filter((parameter) => parameter.in === 'path')
      .reduce((filled, { name, example }) => filled.replace(`{${name}}`, String(example)), path);
    const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
    for (const authorization of [
      `Bearer ${marked.unknown}`,
      `Bearer ${marked.jwt}`,
      `Basic ${marked.basic}`,
      `Bearer ${adminToken}`,
    ]) {
      const response = await fetch(`${server.url}${url}`, {
        method,
        headers: {
          authorization,
          cookie: `session=${marked.cookie}`,
          'x-audit-reason': REASON,
          ...(type && { 'content-type': type }),
          ...(method !== 'GET' && { 'idempotency-key': `leak-${operation.operationId}` }),
        },
        ...(type && {
          body: typeof media?.example === 'string' ? media.example : JSON.stringify(media?.example),
        }),
      });
      const text = await response.text();
      const { secret } = /^\{.*"secret":/s.test(text) ? JSON.parse(text) : {};
      if (secret) secrets.set(`the token of ${operation.operationId}`, secret);
      calls += 1;
    }
  }
  assert.ok(secrets.size >= 6, `${[...secrets.keys()]}: new tokens are among the secrets`);

  const client = await connectByReflection(server.grpc, { token: adminToken });
  const stranger = await connectByReflection(server.grpc, { token: marked.unknown });
  for (const service of client.services.filter((name) => name.startsWith('lvsd.'))) {
    for (const { name, methodKind } of client.registry.getService(service)?.methods ?? []) {
      if (methodKind !== 'unary') continue;
      for (const one of [client, stranger]) {
        await one.call(`${service}/${name}`, {}).catch(() => undefined);
        calls += 1;
      }
    }
  }
  client.close();
  stranger.close();
  assert.ok(calls > 200, `${calls} calls`);

  const events = await read('/v1/events?snapshot=true&afterRevision=0');
  const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
  const newest = (await (await read('/v1/audit-events?pageSize=1')).json()) as { items: { id: number }[] };
  let stream = '';
  while (!stream.includes(`\nid: ${newest.items[0]?.id}\n`)) stream += (await reader?.read())?.value;
  await reader?.cancel();
  const told = [
    { name: 'the events', text: stream },
    { name: 'the audit log', text: await (await read('/v1/audit-events/export')).text() },
    { name: 'the metrics', text: await (await read('/metrics')).text() },
    ...filesIn(dataDir),
  ];
  await server.stop();
  told.push({ name: 'the log', text: server.log() }, ...filesIn(dataDir));
  // What is no secret is found by the same search.
  const placesOf = (text: string) => told.filter((one) => one.text.includes(text)).map(({ name }) => name);
  for (const place of ['the events', 'the audit log', 'lvsd.db'])
    assert.ok(placesOf(REASON).includes(place), place);
  assert.ok(placesOf('createToken').includes('the metrics'));
  assert.ok(server.log().split('\n').length > calls, 'the log has a line of every call');
  const leaks = told.flatMap(({ name, text }) =>
    [...secrets].filter(([, secret]) => text.includes(secret)).map(([secret]) => `${secret} in ${name}`),
  );
  assert.deepEqual(leaks, []);
});
