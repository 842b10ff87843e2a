import { Command, InvalidArgumentError } from 'commander';
import { readClientConfig } from '../config.js';
import { pathOf } from '../domain/names.js';
import type { ResourceRevision } from '../domain/schema/history.js';
import { createApiClient } from './api-client.js';
import { CommandError } from './command-error.js';
import { documentText, parseName } from './output.js';
import { addClientSettings, examples } from './settings.js';

interface Options extends Record<string, unknown> {
  readonly project: string;
  readonly virtualService?: string;
  readonly realServer?: string;
  readonly limit: number;
  readonly json?: boolean;
}

interface Page {
  readonly items: readonly ResourceRevision[];
  readonly nextPageToken: string;
}

export function historyCommand(): Command {
  const command = new Command('history')
    .description(
      'Show the writes to a cluster, newest first: when, who, why and what. Also of one that is gone.',
    )
    .argument('<cluster>', 'its name', parseName)
    .option('--project <name>', 'its project', parseName, 'default')
    .option('--virtual-service <name>', 'only this one and its real servers', parseName)
    .option('--real-server <name>', 'only this one, of the virtual service', parseName)
    .option('--limit <number>', 'at most so many', parseLimit, 20)
    .option('--json', 'as JSON');
  return addClientSettings(command)
    .addHelpText(
      'after',
      examples(
        ['lvsd history shop', 'what happened to it lately'],
        ['lvsd history shop --virtual-service http --real-server web-1', 'who touched this real server'],
      ),
    )
    .action(history);
}

async function history(cluster: string, options: Options): Promise<void> {
  const { project, virtualService, realServer, limit, json } = options;
  if (realServer !== undefined && virtualService === undefined)
    throw new CommandError('A real server is behind a virtual service: name it with --virtual-service.');
  const names = {
    ...{ project, cluster },
    ...(virtualService !== undefined && { virtualService }),
    ...(realServer !== undefined && { realServer }),
  };
  const call = createApiClient(readClientConfig(options));
  const items: ResourceRevision[] = [];
  for (let pageToken = ''; items.length < limit; ) {
    const query = new URLSearchParams({ pageSize: String(Math.min(limit - items.length, 1000)), pageToken });
    const { body } = await call<Page>('GET', `/v1/${pathOf(names)}/revisions?${query}`);
    items.push(...body.items);
    pageToken = body.nextPageToken;
    if (pageToken === '') break;
  }
  process.stdout.write(json ? documentText(items, 'json') : items.map(lineOf).join(''));
}

function lineOf({ revision, time, actor, summary, reason, undoneBy }: ResourceRevision): string {
  const remarks = [
    ...(reason === null ? [] : [`"${reason}"`]),
    ...(undoneBy === null ? [] : [`refused by the kernel, undone by ${undoneBy}`]),
  ];
  const tail = remarks.length > 0 ? `  (${remarks.join('; ')})` : '';
  return `${String(revision).padStart(8)}  ${time}  ${actor.principal}  ${summary}${tail}\n`;
}

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1 on.');
}
