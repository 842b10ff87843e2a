/** Clients as others generate them from the contract, with generators that are not ours: each runs a session against a server. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startTestServer } from '../support/server.js';
import { temporaryDirectory } from '../support/sqlite-source.js';

const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const clients = join(checkout, 'test/clients');
const run = promisify(execFile);

const server = await startTestServer();
after(() => server.stop());

test('types that openapi-typescript makes of the document compile, and openapi-fetch runs a session with them', async () => {
  const cwd = join(clients, 'typescript');
  const modules = join(cwd, 'node_modules');
  assert.ok(existsSync(modules), `npm install in ${cwd}, as npm test does`);
  const node = (...args: string[]) => run(process.execPath, args, { cwd, timeout: 60_000 });
  const document = join(checkout, 'openapi/openapi.json');
  await node(join(modules, 'openapi-typescript/bin/cli.js'), document, '--output', 'dist/lvsd.ts');
  const { stdout: faults } = await node(join(modules, 'typescript/bin/tsc'), '--project', '.').catch(
    (error) => error,
  );
  assert.equal(faults, '');
  const { stdout } = await node('dist/session.js', server.url, server.adminToken);
  assert.equal(stdout, 'done\n');
});

test('code that protoc makes of the proto files for Python runs a session, with error details and a watch', async (t) => {
  const output = temporaryDirectory(t);
  const roots = [join(checkout, 'proto'), join(checkout, 'node_modules/google-proto-files')];
  const files = [
    ...readdirSync(join(checkout, 'proto/lvsd/v1')).map((name) => `lvsd/v1/${name}`),
    'google/rpc/status.proto',
    'google/rpc/error_details.proto',
  ];
  const plugin = `--plugin=protoc-gen-grpc_python=${await pathOf('grpc_python_plugin')}`;
  const paths = roots.map((root) => `--proto_path=${root}`);
  await run('protoc', [...paths, plugin, `--python_out=${output}`, `--grpc_python_out=${output}`, ...files]);
  const session = join(clients, 'python/session.py');
  const { stdout } = await run('/usr/bin/python3', [session, server.grpcAddress, server.adminToken], {
    env: { ...process.env, PYTHONPATH: output },
    timeout: 60_000,
  });
  assert.equal(stdout, 'done\n');
});

async function pathOf(command: string): Promise<string> {
  const { stdout } = await run('sh', ['-c', `command -v ${command}`]);
  return stdout.trim();
}
