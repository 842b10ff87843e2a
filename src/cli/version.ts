import { readFileSync } from 'node:fs';
import { packageRoot } from '../package-root.js';

const file = new URL('package.json', packageRoot);

export const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
