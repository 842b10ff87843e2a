/** Words of a command line as popt(3) reads them: short options in one word, values attached, with `=` or next. */
import { COMMANDS, type CommandName, type CommandSpec, OPTIONS, type OptionSpec } from './options.js';

export interface Occurrence {
  readonly command: CommandName | null;
  readonly option: OptionSpec | null;
  readonly value: string | null;
  /** The word that was read last, by which ipvsadm calls what it does not take. */
  readonly word: string;
}

export interface Reading {
  readonly occurrences: readonly Occurrence[];
  /** Words that are no options. */
  readonly rest: readonly string[];
  /** What popt stumbled over after the last occurrence. */
  readonly error: string | null;
}

type Known = Pick<Occurrence, 'command' | 'option'> & Pick<OptionSpec, 'value'>;

const commands = Object.entries(COMMANDS) as [CommandName, CommandSpec][];
const known: readonly (Known & { readonly long: string; readonly short: readonly string[] })[] = [
  ...commands.map(([name, { long, short, value }]) => ({ command: name, option: null, value, long, short })),
  ...OPTIONS.map((one) => ({
    command: null,
    option: one,
    value: one.value,
    long: one.long,
    short: one.short,
  })),
];
const byLong = new Map(known.map((one) => [one.long, one]));
const byShort = new Map(known.flatMap((one) => one.short.map((letter) => [letter, one] as const)));

export function readWords(words: readonly string[]): Reading {
  const occurrences: Occurrence[] = [];
  const rest: string[] = [];
  const end = (error: string | null): Reading => ({ occurrences, rest, error });
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word === '--') {
      rest.push(...words.slice(index + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      rest.push(word);
      continue;
    }
    for (const { found, attached } of word.startsWith('--') ? longOption(word) : shortOptions(word)) {
      if (!found) return end(`${word}: unknown option`);
      let value = attached;
      let last = word;
      const next = words[index + 1];
      if (found.value === 'none') {
        if (value !== null) return end(`${word}: option does not take an argument`);
      } else if (value === null && next !== undefined && takes(found, next)) {
        value = next;
        last = next;
        index += 1;
      }
      if (found.value === 'required' && value === null) return end(`${word}: missing argument`);
      occurrences.push({ command: found.command, option: found.option, value, word: last });
    }
  }
  return end(null);
}

interface Found {
  readonly found: Known | undefined;
  readonly attached: string | null;
}

/** A required value is the next word whatever it looks like (`-f -1`), an optional one unless it is an option. */
function takes({ value }: Known, next: string): boolean {
  return value === 'required' || !next.startsWith('-');
}

function longOption(word: string): Found[] {
  const [, name = '', attached] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  return [{ found: byLong.get(name), attached: attached ?? null }];
}

function shortOptions(word: string): Found[] {
  const all: Found[] = [];
  for (let index = 1; index < word.length; index++) {
    const found = byShort.get(word.charAt(index));
    const attached = word.slice(index + 1).replace(/^=/, '');
    if (found?.value !== 'none') {
      return [...all, { found, attached: found && attached !== '' ? attached : null }];
    }
    all.push({ found, attached: null });
  }
  return all;
}
