import { readFileSync } from 'node:fs';

/** The folder of package.json, migrations/ and the rest; the compiled and the bundled code both lie two folders below. */
export const packageRoot = new URL('../../', import.meta.url);

export const { version } = JSON.parse(readFileSync(new URL('package.json', packageRoot), 'utf8')) as {
  version: string;
};
