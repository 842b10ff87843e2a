import { Command, Option } from 'commander';
import { readClientConfig } from '../config.js';
import type { Import, ImportInput } from '../domain/schema/import.js';
import type { DefinitionDocument } from '../formats/definition.js';
import { IMPORT_FORMATS, type ImportFormat } from '../formats/guess.js';
import { DEFAULT_CLUSTER } from '../formats/result.js';
import { type ApiClient, createApiClient, NoAnswerError } from './api-client.js';
import { CommandError } from './command-error.js';
import { EXIT_CODES, exitCodeFor, findingLines, has } from './import-findings.js';
import { deletedBy, isEmpty, planText, reportOf } from './import-report.js';
import { applyImport, planImport } from './import-request.js';
import { formatOf, readAs, readSource } from './import-source.js';
import { type DocumentFormat, documentText, parseName, parseReason } from './output.js';
import { addClientSettings, examples } from './settings.js';

interface Options extends Record<string, unknown> {
  readonly format?: ImportFormat;
  readonly cluster?: string;
  readonly project: string;
  readonly output?: DocumentFormat;
  readonly offline?: true;
  readonly apply?: true;
  readonly prune?: true;
  readonly reason?: string;
}

export function importCommand(): Command {
  const command = new Command('import')
    .description(
      'Read what other tools are configured with, and show what it would change. Nothing is written without --apply. ' +
        'When no server was named and none runs, it prints the definition, as with --offline.',
    )
    .argument(
      '<file>',
      'keepalived.conf, output of "ipvsadm -Sn", ldirectord.cf, or a definition as JSON or YAML; - is standard input',
    )
    .addOption(
      new Option('--format <format>', 'what the file is (default: as it looks)').choices(IMPORT_FORMATS),
    )
    .option('--cluster <name>', `the cluster that gets the services (default: ${DEFAULT_CLUSTER})`, parseName)
    .option('--project <name>', "the cluster's project", parseName, 'default')
    .addOption(
      new Option(
        '--output <format>',
        'the plan (default: as text) or the definition (default: as JSON)',
      ).choices(['json', 'yaml']),
    )
    .addOption(
      new Option('--offline', 'ask no server: print the definition').conflicts([
        ...['apply', 'prune', 'reason', 'server', 'tokenFile'],
      ]),
    )
    .option('--apply', 'do it: the cluster becomes what the file says')
    .option('--prune', 'with --apply: also delete what the cluster has and the file has not')
    .option('--reason <text>', 'why, for the audit log', parseReason);
  return addClientSettings(command)
    .addHelpText(
      'after',
      EXIT_CODES +
        examples(
          ['lvsd import /etc/keepalived/keepalived.conf --cluster web', 'what would it be here?'],
          ['lvsd import /etc/keepalived/keepalived.conf --cluster web --apply', 'do it'],
          ['ipvsadm -Sn | lvsd import - --offline --output yaml', "the kernel's table as a definition"],
        ),
    )
    .action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const source = await readSource(file);
  const format = options.format ?? formatOf(source);
  if (options.format === undefined)
    console.error(`Reading ${source.file} as ${format} (--format says otherwise).`);
  const { project, cluster = DEFAULT_CLUSTER } = options;
  const { result, files } = readAs(format, source, cluster);
  for (const line of findingLines(result)) console.error(line);
  const definition = result.clusters[cluster];
  if (!definition) {
    throw new CommandError(`${source.file} has no virtual service that could be taken over.`);
  }
  process.exitCode = exitCodeFor(result.findings);
  if (options.offline) printDefinition(definition, options);
  else await bringToServer({ project, cluster, format, files }, { definition, options });
}

interface Offline {
  readonly definition: DefinitionDocument;
  readonly options: Options;
}

async function bringToServer(request: ImportInput, { definition, options }: Offline): Promise<void> {
  const config = readClientConfig(options);
  try {
    const call = createApiClient(config);
    const plan = await planImport(call, request);
    if (options.apply) await apply(call, request, { plan, options });
    else announce(plan, options);
  } catch (error) {
    const isWithoutServer = error instanceof NoAnswerError && error.isRefused && !config.isServerChosen;
    if (!isWithoutServer || options.apply) throw error;
    console.error(`No server runs at ${config.server}, so this is the definition, not what it would change:`);
    printDefinition(definition, options);
  }
}

function announce(plan: Import, { output }: Options): void {
  if (output) printReport({ ...plan, state: isEmpty(plan) ? 'unchanged' : 'planned' }, output);
  else console.log(planText(plan));
  if (isEmpty(plan)) return;
  const flags = deletedBy(plan).length > 0 ? '--apply --prune' : '--apply';
  console.error(`Nothing was written: this is the plan. ${flags} does it.`);
}

interface Planned {
  readonly plan: Import;
  readonly options: Options;
}

/** Refuses before the write, in the command's own words. */
async function apply(call: ApiClient, request: ImportInput, { plan, options }: Planned): Promise<void> {
  const { output, prune = false, reason } = options;
  if (!output) console.log(planText(plan));
  if (has(plan.findings, 'error')) {
    throw new CommandError('Nothing was written: the file has errors, named above. Correct a copy of it.');
  }
  const deleted = deletedBy(plan);
  if (deleted.length > 0 && !prune) {
    throw new CommandError(
      `Nothing was written: it would delete ${deleted.join(', ')}. Allow that with --prune, or choose another --cluster.`,
    );
  }
  const done = await applyImport(call, { ...request, prune }, reason);
  if (output) printReport(done, output);
  else console.log(`Cluster ${done.cluster}: ${done.state}.`);
  if (done.state === 'pending') {
    console.error('Stored, but the kernel cannot be reached: the server keeps trying.');
  }
}

function printReport(done: Import, output: DocumentFormat): void {
  process.stdout.write(documentText({ ...reportOf(done), findings: done.findings }, output));
}

/** Ready for PUT …/definition. */
function printDefinition(definition: DefinitionDocument, { output = 'json' }: Options): void {
  process.stdout.write(documentText(definition, output));
}
