/** What commands print, and the names that they take. */
import { InvalidArgumentError } from 'commander';
import { NAME_PATTERN } from '../domain/names.js';
import { writeYaml } from '../formats/yaml.js';

export type DocumentFormat = 'json' | 'yaml';

/** Ends with a newline. */
export function documentText(document: object, format: DocumentFormat): string {
  return format === 'yaml' ? writeYaml(document) : `${JSON.stringify(document, null, 2)}\n`;
}

/** For options and arguments that name a resource. */
export function parseName(text: string): string {
  if (new RegExp(NAME_PATTERN).test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 63 of a-z, 0-9 and -, with no - at either end.');
}

/** For --reason, which travels in a header field. */
export function parseReason(text: string): string {
  if (!/\p{Cc}/u.test(text)) return text;
  throw new InvalidArgumentError('It must be one line of text.');
}
