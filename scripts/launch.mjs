import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkout } from './paths.mjs';

/** The bundled entry point of the `lvsd` command. */
export const entryPoint = join(checkout, 'dist/bundle/main.js');

/**
 * Becomes the `lvsd` command with these arguments. It runs in this process, so that signals and the exit status are
 * its own.
 *
 * @param {string[]} args
 */
export async function launch(args) {
  process.argv = [process.execPath, entryPoint, ...args];
  await import(pathToFileURL(entryPoint).href);
}
