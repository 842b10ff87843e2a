import { Command, InvalidArgumentError } from 'commander';
import { readClientConfig } from '../config.js';
import { pathOf } from '../domain/names.js';
import type { ChangeSet } from '../domain/schema/change-set.js';
import type { Preview } from '../domain/schema/preview.js';
import { createApiClient, reasonHeader } from './api-client.js';
import { parseRevision } from './diff.js';
import { parseName, parseReason } from './output.js';
import { addClientSettings, examples } from './settings.js';

interface Options extends Record<string, unknown> {
  readonly project: string;
  readonly to: string;
  readonly maxDeletions?: number;
  readonly validateOnly?: boolean;
  /** Commander's form of --no-drain. */
  readonly drain: boolean;
  readonly reason?: string;
}

export function rollbackCommand(): Command {
  const command = new Command('rollback')
    .description(
      'Make a cluster what it was after a revision, as a new revision; also one that has been deleted.',
    )
    .argument('<cluster>', 'its name', parseName)
    .requiredOption('--to <revision>', 'as it was after this one', parseRevision)
    .option('--project <name>', 'its project', parseName, 'default')
    .option('--max-deletions <number>', 'refuse when it would delete more resources', parseCount)
    .option('--validate-only', 'only show what would change')
    .option('--no-drain', 'cut the connections of what leaves the kernel, instead of letting them end')
    .option('--reason <text>', 'why, for the audit log', parseReason);
  return addClientSettings(command)
    .addHelpText(
      'after',
      examples(
        ['lvsd rollback shop --to 40 --validate-only', 'what would change? Writes nothing'],
        ['lvsd rollback shop --to 40 --reason "ticket 4711"', 'back to revision 40'],
      ),
    )
    .action(rollback);
}

async function rollback(cluster: string, options: Options): Promise<void> {
  const { project, to, maxDeletions, validateOnly = false, drain, reason } = options;
  const resource = pathOf({ project, cluster });
  const query = new URLSearchParams({ validateOnly: String(validateOnly), drain: String(drain) });
  const call = createApiClient(readClientConfig(options));
  const { body } = await call<ChangeSet | Preview>('POST', `/v1/change-sets?${query}`, {
    body: {
      changes: [{ restore: { resource, revision: Number(to) } }],
      ...(maxDeletions !== undefined && { maxDeletions }),
    },
    headers: reasonHeader(reason),
  });
  console.log('operations' in body ? previewText(body) : doneText(body, to));
}

function doneText({ state, revision }: ChangeSet, to: string): string {
  if (state === 'unchanged') return `It is as it was after revision ${to}: nothing changed.`;
  const done = `As it was after revision ${to}; this is revision ${revision}.`;
  return state === 'pending' ? `${done} The kernel cannot be reached: it follows as soon as it can.` : done;
}

function previewText({ changes, operations }: Preview): string {
  const lines = changes.map(({ type, resource }) => `${type}  ${resource}`);
  return [...lines, `${changes.length} changes, ${operations.length} kernel operations`].join('\n');
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}
