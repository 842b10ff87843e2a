/** What `lvsd import` reads: a file or standard input, and the files that a keepalived.conf includes. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';
import type { ConfigFiles } from '../formats/config-files.js';
import { guessFormat, type ImportFormat } from '../formats/guess.js';
import { readIpvsadmSave } from '../formats/ipvsadm/save.js';
import { readKeepalived } from '../formats/keepalived/read.js';
import { readLdirectord } from '../formats/ldirectord/read.js';
import type { ImportResult } from '../formats/result.js';
import { CommandError } from './errors.js';

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

export function readAs(
  format: ImportFormat,
  source: ImportSource,
  cluster: string | undefined,
): ImportResult {
  const { file, text } = source;
  const options = cluster === undefined ? {} : { cluster };
  if (format === 'ipvsadm') return readIpvsadmSave(text, { ...options, file });
  if (format === 'ldirectord') return readLdirectord(text, { ...options, file });
  return readKeepalived(file, filesBeside(source), options);
}

/** The files of this machine; the source itself is not read again. Only regular files: a device or a pipe may never end. */
function filesBeside({ file, text }: ImportSource): ConfigFiles {
  return {
    read: (path) => (path === file ? text : orElse(undefined, () => readRegular(path))),
    list: (directory) => orElse([], () => readdirSync(directory).sort()),
  };
}

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
