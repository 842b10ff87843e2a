/** The command line of ipvsadm(8) 1.31, as popt reads it: short options in one word, values attached, with `=` or next. */

export const COMMANDS = {
  A: 'add-service', E: 'edit-service', D: 'delete-service', C: 'clear', a: 'add-server', e: 'edit-server',
  d: 'delete-server', R: 'restore', S: 'save', L: 'list', l: 'list', Z: 'zero', h: 'help',
} as const; // biome-ignore format: a list to read

/** Commands without a short form. */
const LONG_COMMANDS = ['set', 'start-daemon', 'stop-daemon'] as const;

const VALUE_OPTIONS = {
  t: 'tcp-service', u: 'udp-service', f: 'fwmark-service', s: 'scheduler', M: 'netmask', r: 'real-server',
  w: 'weight', x: 'u-threshold', y: 'l-threshold', b: 'sched-flags',
} as const; // biome-ignore format: a list to read

const LONG_VALUE_OPTIONS = [
  'sctp-service', 'pe', 'tun-type', 'tun-port', 'mcast-interface', 'syncid', 'sync-maxlen', 'mcast-group', 'mcast-port',
  'mcast-ttl',
] as const; // biome-ignore format: a list to read

const FLAGS = {
  g: 'gatewaying', i: 'ipip', m: 'masquerading', o: 'ops', '6': 'ipv6', n: 'numeric', c: 'connection', X: 'exact',
} as const; // biome-ignore format: a list to read

const LONG_FLAGS = [
  'tun-nocsum', 'tun-csum', 'tun-remcsum', 'timeout', 'daemon', 'stats', 'rate', 'thresholds', 'persistent-conn',
  'nosort', 'sort',
] as const; // biome-ignore format: a list to read

/** The one option whose value may be absent. */
const OPTIONAL_VALUE = 'persistent';

const FRONTEND = ['tcp-service', 'udp-service', 'sctp-service', 'fwmark-service', 'ipv6'];
const SERVICE = [...FRONTEND, 'scheduler', 'persistent', 'netmask', 'ops', 'pe', 'sched-flags'];
const SERVER = [
  ...FRONTEND,
  ...['real-server', 'weight', 'u-threshold', 'l-threshold', 'gatewaying', 'ipip', 'masquerading'],
  ...['tun-type', 'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'],
];

/** Options of the commands that change the table. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'add-service': SERVICE,
  'edit-service': SERVICE,
  'delete-service': FRONTEND,
  clear: [],
  'add-server': SERVER,
  'edit-server': SERVER,
  'delete-server': [...FRONTEND, 'real-server'],
};

type LongCommand = (typeof LONG_COMMANDS)[number];
export type Command = (typeof COMMANDS)[keyof typeof COMMANDS] | LongCommand;

export interface CommandLine {
  readonly command: Command;
  /** By long name; null for an option without value. */
  readonly options: ReadonlyMap<string, string | null>;
  /** Words that are no options. */
  readonly rest: readonly string[];
}

const short = new Map<string, string>([
  ...Object.entries(COMMANDS),
  ...Object.entries(VALUE_OPTIONS),
  ...Object.entries(FLAGS),
  ['p', OPTIONAL_VALUE],
]);
const commands = new Set<string>([...Object.values(COMMANDS), ...LONG_COMMANDS]);
const withValue = new Set<string>([...Object.values(VALUE_OPTIONS), ...LONG_VALUE_OPTIONS]);
const known = new Set<string>([...short.values(), ...commands, ...withValue, ...LONG_FLAGS]);

/** The command line, or a sentence that says what is wrong with it. */
export function parseCommandLine(words: readonly string[]): CommandLine | string {
  const options = new Map<string, string | null>();
  const rest: string[] = [];
  const found: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (!isOption(word)) {
      rest.push(word);
      continue;
    }
    const parsed = word.startsWith('--') ? longOption(word) : shortOptions(word);
    if (typeof parsed === 'string') return parsed;
    for (const { name, attached } of parsed) {
      if (commands.has(name)) {
        found.push(name);
        continue;
      }
      let value = attached;
      const next = words[index + 1];
      if (value === undefined && takesNext(name, next)) {
        value = next;
        index += 1;
      }
      if (withValue.has(name) && value === undefined) return `--${name} needs a value.`;
      if (options.has(name)) return `--${name} is given twice.`;
      options.set(name, value ?? null);
    }
  }
  if (found.length !== 1)
    return found.length === 0 ? 'No command such as -A or -a is given.' : 'More than one command is given.';
  return { command: found[0] as Command, options, rest };
}

/** Whether the command takes the option, both by their long names; of other commands nothing is known. */
export function isAllowed(command: Command, option: string): boolean {
  return ALLOWED[command]?.includes(option) ?? true;
}

interface ParsedOption {
  readonly name: string;
  readonly attached: string | undefined;
}

function isOption(word: string): boolean {
  return word.length > 1 && word.startsWith('-');
}

/** A required value is the next word whatever it looks like (`-f -1`), an optional one unless it is an option. */
function takesNext(name: string, next: string | undefined): boolean {
  if (next === undefined) return false;
  return withValue.has(name) || (name === OPTIONAL_VALUE && !isOption(next));
}

function longOption(word: string): ParsedOption[] | string {
  const [, name = '', attached] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  if (!known.has(name)) return `ipvsadm has no option --${name}.`;
  if (attached !== undefined && !withValue.has(name) && name !== OPTIONAL_VALUE)
    return `--${name} takes no value.`;
  return [{ name, attached }];
}

function shortOptions(word: string): ParsedOption[] | string {
  const found: ParsedOption[] = [];
  for (let index = 1; index < word.length; index++) {
    const name = short.get(word.charAt(index));
    if (name === undefined) return `ipvsadm has no option -${word.charAt(index)}.`;
    const attached = word.slice(index + 1).replace(/^=/, '');
    if (withValue.has(name) || name === OPTIONAL_VALUE) {
      return [...found, { name, attached: attached === '' ? undefined : attached }];
    }
    found.push({ name, attached: undefined });
  }
  return found;
}
