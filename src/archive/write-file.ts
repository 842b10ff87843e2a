import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { ChainTip } from '../audit/chain.js';
import { type VerifiedFile, verifyFile } from './verify-file.js';

/**
 * Writes a file that is complete, durable and verified when it appears under its name; until then it has another one, which
 * ends with `.partial`. Never replaces a file: rejects with EEXIST.
 */
export async function writeFile(
  path: string,
  { lines, follows }: { readonly lines: AsyncIterable<string>; readonly follows: ChainTip },
): Promise<VerifiedFile> {
  const ending = path.endsWith('.gz') ? '.partial.gz' : '.partial';
  const partial = `${path}.${randomUUID()}${ending}`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const target = createWriteStream(partial, { flags: 'wx', mode: 0o600 });
    if (path.endsWith('.gz')) await pipeline(Readable.from(lines), createGzip(), target);
    else await pipeline(Readable.from(lines), target);
    await sync(partial);
    const verified = await verifyFile(partial, { follows });
    await link(partial, path);
    return verified;
  } finally {
    await unlink(partial).catch(() => undefined); // it is not there when it could not be made
    await sync(dirname(path));
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
