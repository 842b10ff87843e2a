// From a fresh clone to compiled code: installs what package-lock.json names and compiles what is newer than dist/.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePackages, missingPackages, packageGroups } from './debian.mjs';
import { checkout } from './paths.mjs';

/** Touched after each build that succeeded; the compiler's own files change after failed ones too. */
const buildStamp = join(checkout, 'dist/.built');

const oldestNode = 20;

/** Throws unless this Node runs the code, which a syntax error deep in a dependency would say less clearly. */
export function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < oldestNode)
    throw new Error(`Node ${oldestNode} or later is needed, this is ${process.version}`);
}

/**
 * Installs node_modules as package-lock.json says, when it is missing or differs. Not with `npm ci`: that refuses a lock
 * that was written where the registry had no binaries for other platforms.
 */
export function ensureModules() {
  if (modulesMatchLock(checkout)) return;
  console.error('installing npm packages (compiling better-sqlite3 takes about two minutes)');
  if (install(checkout)) return;
  if (missingPackages(packageGroups.build).length === 0) throw new Error('npm install failed');
  ensurePackages('build');
  if (!install(checkout)) throw new Error('npm install failed');
}

/** Likewise, the packages of the client that `test/clients/typescript` is: it compiles with a TypeScript of its own. */
export function ensureClientModules() {
  const folder = join(checkout, 'test/clients/typescript');
  if (modulesMatchLock(folder)) return;
  console.error('installing the npm packages of the TypeScript client');
  if (!install(folder)) throw new Error(`npm install failed in ${folder}`);
}

function install(folder) {
  return run('npm', ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund'], folder);
}

/** Whether every package that the lock requires here is installed in the version it names. */
function modulesMatchLock(folder) {
  // npm writes this copy of the lock, with what it really installed, as the last step of an installation.
  const installedPath = join(folder, 'node_modules/.package-lock.json');
  if (!existsSync(installedPath)) return false;
  const installed = readPackages(installedPath);
  return Object.entries(readPackages(join(folder, 'package-lock.json'))).every(
    ([path, wanted]) => path === '' || wanted.optional || installed[path]?.version === wanted.version,
  );
}

const readPackages = (path) => JSON.parse(readFileSync(path, 'utf8')).packages;

/** Compiles, incrementally, and bundles, whether or not anything seems to have changed. Throws on any error. */
export function build() {
  if (!run(join(checkout, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.json']))
    throw new Error('the build failed');
  if (!run(process.execPath, [join(checkout, 'scripts/bundle.mjs')])) throw new Error('bundling failed');
  writeFileSync(buildStamp, '');
}

/** Compiles when a source is newer than the last build that succeeded. */
export function ensureBuilt() {
  if (existsSync(buildStamp) && newestSource() <= statSync(buildStamp).mtimeMs) return;
  console.error('compiling');
  build();
}

/** What runs outside tests: the server, and the sandbox's lab. */
const builtFolders = ['src', 'test/support/lab'];

/** The latest change below these or in the compiler's settings; a folder changes when a file in it is deleted. */
function newestSource() {
  const sources = builtFolders.flatMap((folder) =>
    readdirSync(join(checkout, folder), { recursive: true }).map((path) => join(folder, path)),
  );
  const times = [...sources, ...builtFolders, 'tsconfig.json', 'package-lock.json'].map(
    (path) => statSync(join(checkout, path)).mtimeMs,
  );
  return Math.max(...times);
}

/** Runs a command with its output on standard error; true when it succeeded. */
function run(command, args, cwd = checkout) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['inherit', 2, 2] });
  if (error) throw new Error(`cannot run ${command}: ${error.message}`);
  return status === 0;
}
