import { Command } from 'commander';
import { addGitopsOptions, clientOf, type GitopsOptions } from './gitops/options.js';
import { apply, look, plan } from './gitops/plan.js';
import { holdToPlanFile } from './gitops/plan-file.js';
import { isEmpty, planJson, planText } from './gitops/plan-text.js';
import { readWanted } from './gitops/wanted.js';
import { documentText, parseReason } from './output.js';
import { examples } from './settings.js';

interface Options extends GitopsOptions {
  readonly ifUnchanged?: string;
  readonly reason?: string;
}

const EXIT_PENDING = 4;

export function applyCommand(): Command {
  const command = new Command('apply')
    .description(
      'Make a server what definition files say: all of them, or nothing. Done again, it does nothing.',
    )
    .option('--if-unchanged <plan>', 'only if files and clusters are as they were for this plan')
    .option('--reason <text>', 'why, for the audit log', parseReason);
  return addGitopsOptions(command)
    .addHelpText(
      'after',
      EXIT_CODES +
        examples(
          ['lvsd apply -f clusters/ --max-deletions 5 --reason "merge 4f2a9c1"', 'on the main branch'],
          ['lvsd apply -f clusters/ --if-unchanged plan.json', 'exactly what was looked at'],
        ),
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const call = clientOf(options);
  const wanted = await readWanted(options.file, options.project);
  const clusters = await look(call, wanted);
  if (options.ifUnchanged !== undefined) holdToPlanFile(options.ifUnchanged, clusters);
  const made = await plan(call, clusters, options);
  if (!options.json) console.log(planText(made, { operations: options.verbose ?? false }));
  const state = isEmpty(made) ? 'unchanged' : await apply(call, made, options);
  if (options.json) process.stdout.write(documentText({ state, ...planJson(made) }, 'json'));
  else if (state !== 'unchanged') console.log(`Done: ${state}.`);
  if (state !== 'pending') return;
  console.error('Stored, but the kernel cannot be reached: the server keeps trying.');
  process.exitCode = EXIT_PENDING;
}

const EXIT_CODES = `
Exit codes:
  0  done, or there was nothing to do
  1  nothing was changed: a file is wrong, the server refused, or it is not as it was for the plan; or no answer came
     (then do it again: what was done already is not done twice)
  2  wrong usage
  4  stored, and not yet in the kernel
`;
