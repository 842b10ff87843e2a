/** The table of settings as options of a command. */
import { type Command, Option } from 'commander';
import { CLIENT_SETTINGS, type Setting } from '../config.js';

export function addSettings(command: Command, settings: readonly Setting<unknown>[]): Command {
  for (const { flag, help, variable, fallback } of settings) {
    const preset = fallback === '' ? '' : `, default ${fallback}`;
    command.addOption(new Option(flag, `${help} (${variable}${preset})`));
  }
  return command;
}

/** The options that say which server, and who calls. */
export function addClientSettings(command: Command): Command {
  return addSettings(command, Object.values(CLIENT_SETTINGS));
}

/** The last part of a help text: commands to paste, each with what it is for. */
export function examples(...lines: readonly (readonly [command: string, purpose: string])[]): string {
  const shown = lines.map(([command, purpose]) => `  # ${purpose}\n  $ ${command}`);
  return `\nExamples:\n${shown.join('\n')}`;
}
