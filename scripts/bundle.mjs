// Bundles the compiled commands: opening some 1,500 small modules was most of the time that it took to start. Native packages
// stay where npm installed them, and so do those that look for files beside themselves. The result is not minified and
// has no source maps, which Node would read at every start: names and comments in it say where each piece comes from.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { checkout } from './paths.mjs';

const native = ['better-sqlite3', 'koffi'];
const withFiles = ['@fastify/swagger-ui', '@grpc/grpc-js', '@grpc/reflection', 'grpc-health-check'];

const outdir = 'dist/bundle';
rmSync(join(checkout, outdir), { recursive: true, force: true });

buildSync({
  absWorkingDir: checkout,
  entryPoints: { main: 'dist/src/cli/main.js', lvsadm: 'dist/src/cli/lvsadm/main.js' },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: [...native, ...withFiles],
  // CommonJS packages in the bundle ask for Node's own modules with require, which a module does not have.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});
