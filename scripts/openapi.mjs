// npm run openapi: writes openapi/openapi.json, the REST API as clients' generators take it, from the routes themselves.
// npm run openapi -- --check: fails when the file is not what would be written.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkout } from './paths.mjs';
import { ensureBuilt } from './prepare.mjs';

const file = join(checkout, 'openapi/openapi.json');

ensureBuilt();
const { buildOpenapiDocument } = await import('../dist/src/api-rest/openapi.js');
const text = `${JSON.stringify(await buildOpenapiDocument(), null, 2)}\n`;
if (!process.argv.includes('--check')) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
} else if (readFileSync(file, 'utf8') !== text) {
  console.error('openapi/openapi.json is not what the routes say: run npm run openapi');
  process.exitCode = 1;
}
