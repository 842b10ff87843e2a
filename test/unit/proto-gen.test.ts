import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('../../../', import.meta.url));

test('the proto files pass their linter, and the generated code is what they say', () => {
  const check = spawnSync(process.execPath, ['scripts/proto.mjs', '--check'], {
    cwd: checkout,
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(check.status, 0, check.stdout + check.stderr);
});
