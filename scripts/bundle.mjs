// Bundles the compiled commands: opening some 1,500 small modules was most of the time that it took to start. Native packages
// stay where npm installed them, and so does what is only asked for by parts of a package that lvsd does not use, so that
// no start has to read it. The result is not minified and has no source maps, which Node would read at every start: names
// and comments in it say where each piece comes from.
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { build } from 'esbuild';
import { checkout } from './paths.mjs';

const native = ['better-sqlite3', 'koffi'];
const unused = [
  // grpc-js: channelz
  '@grpc/proto-loader',
  // fastify: validators and serializers other than ours, and calls without a network
  '@fastify/ajv-compiler',
  '@fastify/fast-json-stringify-compiler',
  'light-my-request',
];

const outdir = 'dist/bundle';
rmSync(join(checkout, outdir), { recursive: true, force: true });

/** A package that serves files of its own finds them from the bundle where npm installed them. */
const ownFiles = {
  name: 'own-files',
  setup({ onLoad }) {
    onLoad({ filter: /@fastify[/\\]swagger-ui[/\\].*\.js$/ }, ({ path }) => {
      const installed = path.slice(path.lastIndexOf(`${sep}node_modules${sep}`) + 1);
      const folder = relative(outdir, dirname(installed)).split(sep);
      const directory = `require('node:path').join(bundleDirectory, ...${JSON.stringify(folder)})`;
      return { contents: readFileSync(path, 'utf8').replaceAll('__dirname', directory) };
    });
  },
};

await build({
  absWorkingDir: checkout,
  entryPoints: {
    main: 'dist/src/cli/main.js',
    lvsadm: 'dist/src/cli/lvsadm/main.js',
    'write-back-thread': 'dist/src/store/sqlite/write-back-thread.js',
  },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: [...native, ...unused],
  plugins: [ownFiles],
  // CommonJS packages in the bundle ask for Node's own modules with require, which a module does not have.
  banner: {
    js:
      "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" +
      "const bundleDirectory = require('node:url').fileURLToPath(new URL('.', import.meta.url));",
  },
});
