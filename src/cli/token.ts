import { Command } from 'commander';
import { tokenCreateCommand } from './token-create.js';
import { tokenListCommand } from './token-list.js';
import { tokenRevokeCommand } from './token-revoke.js';

export function tokenCommand(): Command {
  return new Command('token')
    .description('The tokens with which clients call the API. Works beside a running server.')
    .addCommand(tokenCreateCommand())
    .addCommand(tokenListCommand())
    .addCommand(tokenRevokeCommand());
}
