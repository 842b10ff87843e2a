// npm run proto: lints proto/ and generates src/api-grpc/gen/ from it and from google.rpc's error model.
// npm run proto -- --check: generates elsewhere and fails when gen/ is not the same. Neither needs the network.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { checkout } from './paths.mjs';

const generated = join(checkout, 'src/api-grpc/gen');
const path = [join(checkout, 'node_modules/.bin'), process.env.PATH].join(delimiter);

function buf(...args) {
  const { status, error } = spawnSync('buf', args, {
    cwd: checkout,
    env: { ...process.env, PATH: path },
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) process.exit(1);
}

/** Contents of the generated files by their paths in the folder. */
function contents(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((path) => path.endsWith('.ts'));
  return new Map(files.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

function differences(expected, actual) {
  const paths = new Set([...expected.keys(), ...actual.keys()]);
  return [...paths].filter((path) => expected.get(path) !== actual.get(path)).sort();
}

function generate(output) {
  buf('generate', '--template', 'proto/buf.gen.yaml', '--output', output);
}

const checking = process.argv.includes('--check');
buf('lint', 'proto');
if (checking) {
  buf('format', 'proto', '--diff', '--exit-code');
  const output = mkdtempSync(join(tmpdir(), 'lvsd-proto-'));
  try {
    generate(output);
    const stale = differences(contents(output), contents(generated));
    if (stale.length > 0) {
      console.error(
        `src/api-grpc/gen is not what proto/ says; run npm run proto. It differs in:\n${stale.join('\n')}`,
      );
      process.exitCode = 1;
    }
  } finally {
    rmSync(output, { recursive: true });
  }
} else {
  buf('format', 'proto', '--write');
  generate(generated);
}
