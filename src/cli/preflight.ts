import { Command, Option } from 'commander';
import { readClientConfig } from '../config.js';
import { pathOf } from '../domain/names.js';
import type { Preflight } from '../domain/schema/preflight.js';
import { createApiClient } from './api-client.js';
import { type DocumentFormat, documentText, parseName } from './output.js';
import { addClientSettings, examples } from './settings.js';

type Finding = Preflight['findings'][number];

interface Options extends Record<string, unknown> {
  readonly cluster?: string;
  readonly project: string;
  readonly director: string;
  readonly strict?: true;
  readonly output?: DocumentFormat;
}

/** Packets will not flow. */
const EXIT_ERRORS = 3;

const EXIT_CODES = `
Exit codes:
  0  no errors (with --strict: no warnings either)
  1  the server cannot be asked, or refused
  2  wrong usage
  3  there are errors: packets will not flow
`;

export function preflightCommand(): Command {
  const command = new Command('preflight')
    .description(
      'Say what on the director keeps packets from flowing, and the commands that mend it. Changes nothing.',
    )
    .option('--cluster <name>', 'look only at what this cluster needs', parseName)
    .option('--project <name>', "the cluster's project", parseName, 'default')
    .option('--director <name>', 'the director, when no cluster is named', parseName, 'local')
    .option('--strict', 'warnings count as errors')
    .addOption(new Option('--output <format>', 'default: as text').choices(['json', 'yaml']));
  return addClientSettings(command)
    .addHelpText(
      'after',
      EXIT_CODES +
        examples(
          ['lvsd preflight', 'everything that is defined'],
          ['lvsd preflight --cluster shop --strict', 'in a pipeline, before traffic is sent'],
        ),
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const { cluster, project, director, strict, output } = options;
  const call = createApiClient(readClientConfig(options));
  const subject = cluster === undefined ? `directors/${director}` : pathOf({ project, cluster });
  const { body } = await call<Preflight>('GET', `/v1/${subject}/preflight`);
  process.stdout.write(output ? documentText(body, output) : preflightText(body));
  if (body.errors > 0 || (strict && body.warnings > 0)) process.exitCode = EXIT_ERRORS;
}

/** A paragraph for each finding, and a line that sums up. */
function preflightText({ director, errors, warnings, infos, findings }: Preflight): string {
  const sum = `Director ${director}: ${errors} errors, ${warnings} warnings, ${infos} infos.`;
  return [...findings.map(findingText), sum, ''].join('\n');
}

function findingText({ severity, id, seen, why, remedy, advice }: Finding): string {
  const lines = [`${severity}: ${id}: ${seen}`, `  ${why}`, `  ${advice}`];
  return [...lines, ...(remedy === null ? [] : [`    ${remedy}`]), ''].join('\n');
}
