/** What `lvsd plan` and `lvsd apply` have in common. */
import { type Command, InvalidArgumentError } from 'commander';
import { readClientConfig } from '../../config.js';
import { type ApiClient, createApiClient } from '../api-client.js';
import { parseName } from '../output.js';
import { addClientSettings } from '../settings.js';

export interface GitopsOptions extends Record<string, unknown> {
  readonly file: readonly string[];
  readonly project: string;
  readonly maxDeletions?: number;
  readonly drain: boolean;
  readonly json?: true;
  readonly verbose?: true;
}

export function addGitopsOptions(command: Command): Command {
  command
    .requiredOption(
      '-f, --file <files...>',
      'definitions as YAML or JSON, or directories of them; - is standard input. A document may say project and cluster ' +
        '(default: the name of the file), and "absent: true" of a cluster that is to be gone',
    )
    .option('--project <name>', 'the project of documents that name none', parseName, 'default')
    .option('--max-deletions <number>', 'refuse to delete more resources than this', parseCount)
    .option('--no-drain', 'what leaves the kernel leaves it at once, and its connections are cut')
    .option('-v, --verbose', 'show the kernel operations too')
    .option('--json', 'print changes and kernel operations as JSON');
  return addClientSettings(command);
}

/** A change of many thousand resources takes its time. */
const TIME_LIMIT_MS = 300_000;

export function clientOf(options: GitopsOptions): ApiClient {
  return createApiClient(readClientConfig(options), TIME_LIMIT_MS);
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number, 0 or more.');
}
