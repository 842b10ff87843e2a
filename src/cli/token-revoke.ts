import { Command } from 'commander';
import { readDataDir, SETTINGS } from '../config.js';
import { createTokens } from '../control/tokens.js';
import { cliContext, withStore } from './data.js';
import { addSettings, examples } from './settings.js';

export function tokenRevokeCommand(): Command {
  const command = new Command('revoke')
    .description('Remove a token; from its next call on its bearer is turned away.')
    .argument('<name>', 'as "lvsd token list" shows it')
    .option('--reason <text>', 'why, for the audit log')
    .addHelpText(
      'after',
      examples(['lvsd token revoke ci --reason "left in a public log"', 'when it leaked']),
    );
  return addSettings(command, [SETTINGS.dataDir]).action(
    async (name: string, { reason, ...flags }: { reason?: string } & Record<string, unknown>) => {
      await withStore(readDataDir(flags), (store) =>
        createTokens({ store, now: () => new Date() }).revoke(cliContext('deleteToken', reason), name),
      );
      console.log(`Token ${name} is revoked.`);
    },
  );
}
