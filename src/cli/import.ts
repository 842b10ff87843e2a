import { Command, Option } from 'commander';
import { readClientConfig } from '../config.js';
import { IMPORT_FORMATS, type ImportFormat } from '../formats/guess.js';
import { DEFAULT_CLUSTER, type ImportResult } from '../formats/result.js';
import { addClientSettings, createApiClient, NoAnswerError } from './api-client.js';
import { CommandError } from './errors.js';
import { EXIT_CODES, exitCodeFor, findingLines, has } from './import-findings.js';
import { applyPlans, type ClusterPlan, type ImportTarget, planCluster } from './import-plan.js';
import { deletedBy, isEmpty, planText, reportOf } from './import-report.js';
import { formatOf, readAs, readSource } from './import-source.js';
import { type DocumentFormat, documentText, parseName, parseReason } from './output.js';
import { examples } from './settings.js';

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
    .argument('<file>', 'keepalived.conf, output of "ipvsadm -Sn", or ldirectord.cf; - is standard input')
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
  const result = readAs(format, source, options.cluster);
  for (const line of findingLines(result)) console.error(line);
  if (Object.keys(result.clusters).length === 0) {
    throw new CommandError(`${source.file} has no virtual service that could be taken over.`);
  }
  process.exitCode = exitCodeFor(result.findings);
  if (options.offline) printDefinitions(result, options);
  else await bringToServer(result, options);
}

async function bringToServer(result: ImportResult, options: Options): Promise<void> {
  const config = readClientConfig(options);
  const { project, reason } = options;
  try {
    const target = { call: createApiClient(config), project, reason };
    const plans: ClusterPlan[] = [];
    for (const [cluster, definition] of Object.entries(result.clusters)) {
      plans.push(await planCluster(target, cluster, definition));
    }
    if (options.apply) await apply(target, plans, { result, options });
    else announce(plans, { result, options });
  } catch (error) {
    const isWithoutServer = error instanceof NoAnswerError && error.isRefused && !config.isServerChosen;
    if (!isWithoutServer || options.apply) throw error;
    console.error(`No server runs at ${config.server}, so this is the definition, not what it would change:`);
    printDefinitions(result, options);
  }
}

interface Import {
  readonly result: ImportResult;
  readonly options: Options;
}

function announce(plans: readonly ClusterPlan[], { result, options }: Import): void {
  if (options.output) {
    const clusters = plans.map((plan) => reportOf(plan, isEmpty(plan) ? 'unchanged' : 'planned'));
    process.stdout.write(documentText({ clusters, findings: result.findings }, options.output));
  } else {
    for (const plan of plans) console.log(planText(plan));
  }
  if (plans.every(isEmpty)) return;
  const flags = plans.some((plan) => deletedBy(plan).length > 0) ? '--apply --prune' : '--apply';
  console.error(`Nothing was written: this is the plan. ${flags} does it.`);
}

/** Refuses before the first write, so that a refusal leaves nothing behind. */
async function apply(target: ImportTarget, plans: readonly ClusterPlan[], { result, options }: Import) {
  if (!options.output) for (const plan of plans) console.log(planText(plan));
  if (has(result.findings, 'error')) {
    throw new CommandError('Nothing was written: the file has errors, named above. Correct a copy of it.');
  }
  const deleted = plans.flatMap(deletedBy);
  if (deleted.length > 0 && !options.prune) {
    throw new CommandError(
      `Nothing was written: it would delete ${deleted.join(', ')}. Allow that with --prune, or choose another --cluster.`,
    );
  }
  const { outcomes, failure } = await applyPlans(target, plans);
  if (options.output) {
    const clusters = plans.map((plan) => reportOf(plan, outcomes[plan.cluster] ?? 'not tried'));
    process.stdout.write(documentText({ clusters, findings: result.findings }, options.output));
  } else {
    for (const [cluster, outcome] of Object.entries(outcomes)) console.log(`Cluster ${cluster}: ${outcome}.`);
  }
  if (Object.values(outcomes).includes('pending')) {
    console.error('Stored, but the kernel cannot be reached: the server keeps trying.');
  }
  if (failure) throw failure;
}

/** One document for each cluster, ready for PUT …/definition. */
function printDefinitions({ clusters }: ImportResult, { output = 'json' }: Options): void {
  const texts = Object.values(clusters).map((definition) => documentText(definition, output));
  process.stdout.write(texts.join(output === 'yaml' ? '---\n' : ''));
}
