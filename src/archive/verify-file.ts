import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import type { ChainTip } from '../audit/chain.js';
import type { AuditArchive } from '../domain/schema/audit-archive.js';
import { createLineReader } from './line.js';

/** What a file says of itself. */
export type VerifiedFile = Omit<AuditArchive, 'file' | 'time' | 'revision'>;

/** A file is not what an archive must be. The message is a sentence that begins with its path. */
export class ArchiveFault extends Error {
  override readonly name = 'ArchiveFault';
}

interface VerifyOptions {
  /** The event that the first one must follow; without, the file is a chain by itself. */
  readonly follows?: ChainTip;
  /** Sees every event that fits. */
  readonly watch?: (event: ChainTip) => void;
}

/** Recomputes the chain of a file, `.gz` or not, at the pace of the disk. Rejects with ArchiveFault. */
export async function verifyFile(
  path: string,
  { follows, watch = () => undefined }: VerifyOptions = {},
): Promise<VerifiedFile> {
  const hash = createHash('sha256');
  const reader = createLineReader(follows);
  let bytes = 0;
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  try {
    for await (const line of linesOf(unpacked(path, Readable.from(hashed())))) {
      const fault = reader.faultOf(line);
      if (fault !== undefined) throw new ArchiveFault(`${path}: ${fault}`);
      watch(reader.tip());
    }
  } catch (error) {
    if (error instanceof ArchiveFault) throw error;
    throw new ArchiveFault(`${path} cannot be read: ${(error as Error).message}.`);
  }
  const range = reader.range();
  if (range === undefined) throw new ArchiveFault(`${path}: there is no event in it.`);
  return { ...range, bytes, sha256: hash.digest('hex') };
}

function unpacked(path: string, source: Readable): Readable {
  if (!path.endsWith('.gz')) return source;
  return pipeline(source, createGunzip(), () => undefined); // who reads it hears of a failure
}

/** Throws for an end without a newline: the file was cut off. */
async function* linesOf(source: Readable): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of source as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') throw new Error('it ends in the middle of a line');
}
