/** What `lvsd import` reads: a file or standard input, and the files that a keepalived.conf includes. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';
import type { ImportInput } from '../domain/schema/import.js';
import type { ConfigFiles } from '../formats/config-files.js';
import { guessFormat, type ImportFormat } from '../formats/guess.js';
import { readConfiguration } from '../formats/read.js';
import type { ImportResult } from '../formats/result.js';
import { CommandError } from './command-error.js';

export interface ImportSource {
  /** How findings call it. */
  readonly file: string;
  readonly text: string;
}

/** "-" is standard input. */
export async function readSource(file: string): Promise<ImportSource> {
  if (file === '-') return { file: 'stdin', text: await textOf(process.stdin) };
  try {
    return { file, text: readFileSync(file, 'utf8') };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new CommandError(`${file} cannot be read (${code}): check the path.`);
  }
}

export function formatOf({ file, text }: ImportSource): ImportFormat {
  const format = guessFormat(text, file);
  if (format !== undefined) return format;
  throw new CommandError(
    `Neither the name nor the content of ${file} tells what it is: name its format with --format.`,
  );
}

export interface ReadSource {
  readonly result: ImportResult;
  /** What was read, the source first: all that a server needs to read the same. */
  readonly files: ImportInput['files'];
}

export function readAs(format: ImportFormat, { file, text }: ImportSource, cluster: string): ReadSource {
  const texts = new Map([[file, text]]);
  const files: ConfigFiles = {
    read(path) {
      const found = texts.get(path) ?? orElse(undefined, () => readRegular(path));
      if (found !== undefined) texts.set(path, found);
      return found;
    },
    list: (directory) => orElse([], () => readdirSync(directory).sort()),
  };
  const result = readConfiguration(format, { file, text, files }, cluster);
  return { result, files: [...texts].map(([path, content]) => ({ path, content })) };
}

/** Only regular files: a device or a pipe may never end. */
function readRegular(path: string): string | undefined {
  return statSync(path).isFile() ? readFileSync(path, 'utf8') : undefined;
}

function orElse<T>(fallback: T, read: () => T): T {
  try {
    return read();
  } catch {
    return fallback; // what cannot be read is named by the reader, in a finding
  }
}
