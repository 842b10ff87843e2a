// npm run screenshots: the pictures of Swagger UI in docs/images, made anew by the browser test.
import { spawnSync } from 'node:child_process';
import { ensurePackages } from './debian.mjs';
import { checkout } from './paths.mjs';
import { build, checkNode, ensureModules } from './prepare.mjs';

checkNode();
ensureModules();
ensurePackages('browser', 'tls');
build();
const { status } = spawnSync(process.execPath, ['--test', 'dist/test/browser/swagger.test.js'], {
  cwd: checkout,
  env: { ...process.env, LVSD_SCREENSHOTS: 'docs' },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
