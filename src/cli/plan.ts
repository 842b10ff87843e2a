import { Command } from 'commander';
import { addGitopsOptions, clientOf, type GitopsOptions } from './gitops/options.js';
import { look, plan } from './gitops/plan.js';
import { writePlanFile } from './gitops/plan-file.js';
import { isEmpty, planJson, planText } from './gitops/plan-text.js';
import { readWanted } from './gitops/wanted.js';
import { documentText } from './output.js';
import { examples } from './settings.js';

interface Options extends GitopsOptions {
  readonly out?: string;
}

/** Not 2, which is wrong usage: a mistyped option must never pass for a plan. */
const EXIT_CHANGES = 3;

export function planCommand(): Command {
  const command = new Command('plan')
    .description('Show what a server would change to be as definition files say. Writes nothing.')
    .option('--out <file>', 'keep the plan, for "lvsd apply --if-unchanged"');
  return addGitopsOptions(command)
    .addHelpText(
      'after',
      EXIT_CODES +
        examples(
          ['lvsd plan -f clusters/', 'what would change?'],
          ['lvsd plan -f clusters/ --out plan.json --max-deletions 5', 'for a pull request'],
        ),
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const call = clientOf(options);
  const wanted = await readWanted(options.file, options.project);
  const made = await plan(call, await look(call, wanted), options);
  if (options.out !== undefined) writePlanFile(options.out, made.clusters);
  if (options.json) process.stdout.write(documentText(planJson(made), 'json'));
  else console.log(planText(made, { operations: options.verbose ?? false }));
  if (!isEmpty(made)) process.exitCode = EXIT_CHANGES;
}

const EXIT_CODES = `
Exit codes:
  0  nothing to change
  1  a file is wrong, or the server would refuse, or cannot be reached
  2  wrong usage
  3  there is something to change
`;
