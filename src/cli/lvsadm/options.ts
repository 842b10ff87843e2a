/** The options that lvsadm has besides those of ipvsadm. They may stand anywhere. */
import { CLIENT_SETTINGS, ConfigError, type Flags, LVSADM_SETTINGS, type Setting } from '../../config.js';

export const OWN_SETTINGS: readonly Setting<unknown>[] = [
  ...Object.values(LVSADM_SETTINGS),
  ...Object.values(CLIENT_SETTINGS),
];

const byFlag = new Map(OWN_SETTINGS.map((one) => [one.flag.split(' ')[0], one.key]));

/** What is left are the words of ipvsadm. Throws ConfigError when a value is missing. */
export function ownOptions(words: readonly string[]): { flags: Flags; words: string[] } {
  const flags: Record<string, string> = {};
  const rest: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    const [, flag = '', attached] = /^(--[a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    const key = byFlag.get(flag);
    if (key === undefined) {
      rest.push(word);
      continue;
    }
    const value = attached ?? words[++index];
    if (value === undefined) throw new ConfigError(`${flag} needs a value.`);
    flags[key] = value;
  }
  return { flags, words: rest };
}
