import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The absolute path of the checkout these scripts belong to. */
export const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
