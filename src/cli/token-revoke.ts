import { Command } from 'commander';
import { readDataDir, SETTINGS } from '../config.js';
import { createTokens } from '../control/access/tokens.js';
import { cliContext, withStore } from './data.js';
import { addSettings, examples } from './settings.js';

interface Options extends Record<string, unknown> {
  readonly reason?: string;
  readonly project?: string;
}

export function tokenRevokeCommand(): Command {
  const command = new Command('revoke')
    .description('Remove a token; from its next call on its bearer is turned away.')
    .argument('<name>', 'as "lvsd token list" shows it')
    .option('--project <project>', 'the one project it is good for (default: the whole server)')
    .option('--reason <text>', 'why, for the audit log')
    .addHelpText(
      'after',
      examples(
        ['lvsd token revoke ci --reason "left in a public log"', 'when it leaked'],
        ['lvsd token revoke ci --project default', 'a token of one project'],
      ),
    );
  return addSettings(command, [SETTINGS.dataDir]).action(
    async (name: string, { reason, project, ...flags }: Options) => {
      const action = project === undefined ? 'deleteToken' : 'deleteProjectToken';
      await withStore(readDataDir(flags), (store) =>
        createTokens({ store, now: () => new Date() }).revoke(
          cliContext(action, reason),
          project ?? null,
          name,
        ),
      );
      console.log(`Token ${name} is revoked.`);
    },
  );
}
