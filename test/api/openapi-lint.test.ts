/** The document against the strict public ruleset of Redocly, in which every warning is an error. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openapiDocument } from '../support/documented-answers.js';
import { temporaryDirectory } from '../support/sqlite-source.js';

const checkout = fileURLToPath(new URL('../../..', import.meta.url));

interface Verdict {
  readonly totals: { readonly errors: number; readonly warnings: number; readonly ignored: number };
  readonly problems: readonly { readonly ruleId: string; readonly message: string }[];
}

function lint(file: string): Promise<Verdict> {
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const config = join(checkout, 'openapi/redocly.yaml');
  const redocly = join(checkout, 'node_modules/.bin/redocly');
  return new Promise((resolve, reject) => {
    execFile(
      redocly,
      ['lint', file, '--config', config, '--format', 'json'],
      { env, timeout: 60_000 },
      (error, stdout, stderr) => {
        const start = stdout.indexOf('{');
        if (start < 0) reject(new Error(stderr, { cause: error }));
        else resolve(JSON.parse(stdout.slice(start)) as Verdict);
      },
    );
  });
}

test('the document has no error and no warning, and nothing is ignored', async () => {
  const { totals, problems } = await lint(join(checkout, 'openapi/openapi.json'));
  assert.deepEqual(problems, []);
  assert.deepEqual({ ...totals }, { errors: 0, warnings: 0, ignored: 0 });
});

test('an operation without a summary, and one that does not say whether it needs a token, are found', async (t) => {
  const file = join(temporaryDirectory(t), 'faulty.json');
  const { summary, ...nameless } = openapiDocument.paths['/healthz']?.get ?? {};
  const { security, ...open } = openapiDocument.paths['/metrics']?.get ?? {};
  assert.ok(summary && security);
  const paths = { ...openapiDocument.paths, '/healthz': { get: nameless }, '/metrics': { get: open } };
  writeFileSync(file, JSON.stringify({ ...openapiDocument, paths }));
  const { problems } = await lint(file);
  assert.deepEqual(problems.map(({ ruleId }) => ruleId).toSorted(), [
    'operation-summary',
    'security-defined',
  ]);
});
