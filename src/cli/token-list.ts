import { Command } from 'commander';
import { readDataDir, SETTINGS } from '../config.js';
import { createTokens, type Token } from '../control/tokens.js';
import { withStore } from './data.js';
import { addSettings, examples } from './settings.js';

export function tokenListCommand(): Command {
  const command = new Command('list')
    .description('List the tokens, without their secrets.')
    .addHelpText('after', examples(['lvsd token list --data-dir /var/lib/lvsd', 'who can get in']));
  return addSettings(command, [SETTINGS.dataDir]).action(async (flags: Record<string, unknown>) => {
    const tokens = await withStore(readDataDir(flags), (store) =>
      createTokens({ store, now: () => new Date() }).list(),
    );
    for (const line of columns([HEADINGS, ...tokens.map(cells)])) console.log(line);
  });
}

const HEADINGS = ['NAME', 'ROLE', 'PROJECT', 'EXPIRES', 'CREATED'];

function cells({ name, role, project, expireTime, expired, createTime }: Token): string[] {
  const expires = expireTime === null ? 'never' : expired ? `${expireTime} (expired)` : expireTime;
  return [name, role, project ?? '*', expires, createTime];
}

function columns(rows: readonly string[][]): string[] {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
