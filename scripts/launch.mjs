import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkout } from './paths.mjs';

/** The bundled entry points of the commands. */
const entryPoints = {
  lvsd: join(checkout, 'dist/bundle/main.js'),
  lvsadm: join(checkout, 'dist/bundle/lvsadm.js'),
};

/**
 * Becomes the command with these arguments. It runs in this process, so that signals and the exit status are its own.
 *
 * @param {keyof typeof entryPoints} command
 * @param {string[]} args
 */
export async function launch(command, args) {
  process.argv = [process.execPath, entryPoints[command], ...args];
  await import(pathToFileURL(entryPoints[command]).href);
}

/**
 * The same for the files of bin/: on a clone that was never built it installs and builds first.
 *
 * @param {keyof typeof entryPoints} command
 */
export async function launchBuilt(command) {
  if (!existsSync(entryPoints[command])) {
    const { checkNode, ensureBuilt, ensureModules } = await import('./prepare.mjs');
    try {
      checkNode();
      ensureModules();
      ensureBuilt();
    } catch (error) {
      console.error(`${command}: ${error.message}`);
      process.exit(1);
    }
  }
  await launch(command, process.argv.slice(2));
}
