import { Command, InvalidArgumentError } from 'commander';
import { readClientConfig } from '../config.js';
import { pathOf } from '../domain/names.js';
import { createApiClient } from './api-client.js';
import { documentText, parseName } from './output.js';
import { addClientSettings, examples } from './settings.js';

interface Options extends Record<string, unknown> {
  readonly project: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

export function diffCommand(): Command {
  const command = new Command('diff')
    .description(
      'Show what differs between two revisions of a cluster; without options, what the last write changed.',
    )
    .argument('<cluster>', 'its name', parseName)
    .option('--project <name>', 'its project', parseName, 'default')
    .option(
      '--from <revision>',
      'the older one; default: before the last write up to the newer one',
      parseRevision,
    )
    .option('--to <revision>', 'the newer one; default: now', parseRevision)
    .option('--json', 'as JSON Patch (RFC 6902)');
  return addClientSettings(command)
    .addHelpText(
      'after',
      examples(
        ['lvsd diff shop', 'what the last write changed'],
        ['lvsd diff shop --from 40', 'what has changed since revision 40'],
      ),
    )
    .action(async (cluster: string, options: Options) => {
      const { project, from, to, json } = options;
      const query = new URLSearchParams({ ...(from && { from }), ...(to && { to }) });
      const call = createApiClient(readClientConfig(options));
      const path = `/v1/${pathOf({ project, cluster })}/diff?${query}`;
      const headers = { accept: json ? 'application/json' : 'text/plain' };
      const { body } = await call<string | object>('GET', path, { headers });
      process.stdout.write(typeof body === 'string' ? body : documentText(body, 'json'));
    });
}

/** As text, for a query. */
export function parseRevision(text: string): string {
  if (/^\d{1,15}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a revision, as "lvsd history" shows them.');
}
