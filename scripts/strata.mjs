// Which tests there are: the strata (DESIGN: unit, contract, api, browser, load, kernel) and their files.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './paths.mjs';

/**
 * Every stratum, quickest feedback first, with the Debian packages it needs and the seconds that it (on the host) or
 * each of its files (in a guest) may take. On the host, each file and each of its tests may take `testLimitSeconds`, which
 * names one that hangs. Each must have tests.
 */
export const strata = [
  { name: 'unit', place: 'host', packages: [], limitSeconds: 300, testLimitSeconds: 120 },
  { name: 'contract', place: 'host', packages: [], limitSeconds: 300, testLimitSeconds: 120 },
  {
    name: 'api',
    place: 'host',
    packages: ['tls', 'python', 'ansible'],
    limitSeconds: 600,
    testLimitSeconds: 120,
  },
  { name: 'browser', place: 'host', packages: ['browser', 'tls'], limitSeconds: 300, testLimitSeconds: 240 },
  { name: 'load', place: 'host', packages: ['kernel', 'tls'], limitSeconds: 900, testLimitSeconds: 300 },
  { name: 'kernel', place: 'guest', packages: ['kernel'], limitSeconds: 600 },
];

/**
 * Splits command-line arguments into the strata they name (all when none) and words that file names must contain.
 *
 * @param {string[]} args
 */
export function selectStrata(args) {
  const named = strata.filter(({ name }) => args.includes(name));
  const words = args.filter((word) => !strata.some(({ name }) => name === word));
  return { selected: named.length > 0 ? named : strata, words };
}

/**
 * The test files of a stratum as `{ source, compiled }`, relative to the checkout. They are found by their sources, so
 * that the compiled remains of a deleted test do not run.
 *
 * @param {string} name
 * @param {string[]} words
 */
export function testFiles(name, words, root = checkout) {
  const folder = join('test', name);
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join(folder, path))
    .filter((source) => words.length === 0 || words.some((word) => source.includes(word)))
    .sort()
    .map((source) => ({ source, compiled: join('dist', source.replace(/\.ts$/, '.js')) }));
}

/**
 * What a file in a guest asks for in comment lines of its own: `// time limit: 900 s`, `// memory: 4G`, `// beside the others`.
 *
 * @param {string} text the source
 * @param {number} limitSeconds the stratum's
 */
export function guestNeeds(text, limitSeconds) {
  const limit = /^\/\/ time limit: (\d+) s$/m.exec(text)?.[1];
  const memory = /^\/\/ memory: (\d+[MG])$/m.exec(text)?.[1];
  const isBeside = /^\/\/ beside the others$/m.test(text);
  return {
    limitSeconds: limit === undefined ? limitSeconds : Number(limit),
    memory: memory ?? '2G',
    isBeside,
  };
}

/** As guestNeeds, of a test file. */
export function needsOf({ source }, limitSeconds) {
  return guestNeeds(readFileSync(join(checkout, source), 'utf8'), limitSeconds);
}
