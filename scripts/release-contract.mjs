// npm run release-contract: makes the API of this checkout the released one, to which clients hold us from then on: part of
// every release. Writes released/openapi.json and released/proto.binpb, against which test/api/compatibility.test.ts compares.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './paths.mjs';

const folder = join(checkout, 'released');

mkdirSync(folder, { recursive: true });
const document = JSON.parse(readFileSync(join(checkout, 'openapi/openapi.json'), 'utf8'));
writeFileSync(join(folder, 'openapi.json'), `${JSON.stringify(document)}\n`);
const { status, error } = spawnSync(
  join(checkout, 'node_modules/.bin/buf'),
  ['build', 'proto', '--exclude-source-info', '--output', join(folder, 'proto.binpb')],
  { cwd: checkout, stdio: 'inherit' },
);
if (error) throw error;
process.exitCode = status ?? 1;
