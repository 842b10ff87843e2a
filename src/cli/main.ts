/** The command `lvsd`. Each verb is a file beside this one. */
import { Command } from 'commander';
import { version } from '../package-root.js';
import { applyCommand } from './apply.js';
import { auditCommand } from './audit.js';
import { diffCommand } from './diff.js';
import { exitCodeOf, explain } from './errors.js';
import { exportCommand } from './export.js';
import { historyCommand } from './history.js';
import { importCommand } from './import.js';
import { migrateCommand } from './migrate.js';
import { openapiCommand } from './openapi.js';
import { planCommand } from './plan.js';
import { preflightCommand } from './preflight.js';
import { rollbackCommand } from './rollback.js';
import { serveCommand } from './serve.js';
import { examples } from './settings.js';
import { tokenCommand } from './token.js';

const COMMANDS = [
  ...[serveCommand, migrateCommand, importCommand, exportCommand, planCommand, applyCommand],
  ...[historyCommand, diffCommand, rollbackCommand],
  ...[preflightCommand, tokenCommand, auditCommand, openapiCommand],
];

process.umask(0o077); // the data directory holds who may do what: it is its owner's alone

const program = new Command('lvsd')
  .description(
    'The control plane for Linux Virtual Server: cluster definitions in SQLite, REST and gRPC, the kernel table kept equal.',
  )
  .version(version)
  .addHelpText(
    'after',
    examples(
      ['lvsd serve', 'start; the first start leaves a token in data/admin-token'],
      ['lvsd import /etc/keepalived/keepalived.conf', 'what would it be here? Writes nothing'],
      ['lvsd plan -f clusters/', 'what definition files would change; "lvsd apply" does it'],
      ['lvsd token create ci --role editor --project default', 'a token for a pipeline'],
      ['lvsd audit verify', 'check that nobody rewrote the audit log'],
    ),
  );

for (const command of COMMANDS) {
  program.addCommand(command());
}

/** Also of the commands inside: Commander would exit by itself, with 1 for wrong usage. */
function overrideExit(command: Command): void {
  command.exitOverride().showHelpAfterError('(add --help for how to use it)');
  for (const inner of command.commands) overrideExit(inner);
}

overrideExit(program);
try {
  await program.parseAsync();
} catch (error) {
  const text = explain(error);
  if (text !== undefined) console.error(text);
  process.exitCode = exitCodeOf(error);
}
