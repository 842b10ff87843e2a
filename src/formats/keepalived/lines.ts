/**
 * From files to the lines that keepalived's parser sees: comments removed, files included, @conditions decided,
 * definitions and repetitions expanded, every brace on a line of its own.
 */
import { posix } from 'node:path';
import { type ConfigFiles, findFiles } from '../config-files.js';
import type { Ledger } from '../ledger.js';
import type { Directive, Place } from '../result.js';
import { createDefinitions, GrowthError, LONGEST_LINE, parseAssignment } from './definitions.js';
import { isRepetition, parseRepetition } from './sequences.js';
import { indexOfBrace, withoutComment } from './words.js';

export interface Line extends Place {
  readonly text: string;
}

export interface LineOptions {
  readonly files: ConfigFiles;
  readonly ledger: Ledger;
  /** What `@name` is compared with: keepalived's `-i`, by default the host's name. */
  readonly configId: string | undefined;
  /** Reading stops here. */
  readonly maxLines: number;
  readonly emit: (line: Line) => void;
}

const DEEPEST = 100;

/** Reading cannot go on: the configuration has no end or no bottom. */
class LimitError extends Error {}

interface Context {
  readonly place: Place;
  readonly directory: string;
  /** Files being read, the innermost last. */
  readonly open: readonly string[];
  /** How many expansions led here. */
  readonly depth: number;
}

/** Reads a file with all that it includes. Faults become findings; what can still be read is emitted. */
export function readLines(path: string, options: LineOptions): void {
  const { ledger } = options;
  const definitions = createDefinitions();
  let count = 0;

  function file(filePath: string, open: readonly string[]): void {
    const text = options.files.read(filePath) ?? '';
    const directory = posix.dirname(filePath);
    let collecting: { name: string; lines: string[]; place: Place } | undefined;
    for (const [index, raw] of text.split('\n').entries()) {
      const place = { file: filePath, line: index + 1 };
      if (raw.length > LONGEST_LINE) {
        ledger.note(place, raw, 'error', `The line has more than ${LONGEST_LINE} characters: left out.`);
        continue;
      }
      const line = withoutComment(raw);
      if (collecting) {
        if (line !== '\\' && line !== '') collecting.lines.push(withoutBackslash(line));
        if (line.endsWith('\\')) continue;
        definitions.set(collecting.name, collecting.lines, collecting.place);
        collecting = undefined;
        continue;
      }
      const opened = line.endsWith('\\') ? parseAssignment(conditional(line, place) ?? '') : undefined;
      if (opened) {
        const first = withoutBackslash(opened.value);
        collecting = { name: opened.name, lines: first === '' ? [] : [first], place };
      } else if (line !== '\\') {
        process(line, { place, directory, open, depth: 0 });
      }
    }
    if (collecting) definitions.set(collecting.name, collecting.lines, collecting.place);
  }

  /** The line without its condition, or undefined when the condition is not met. */
  function conditional(text: string, place: Place): string | undefined {
    const match = /^@(\^?)(\S*)(?:[ \t]+(.*))?$/s.exec(text);
    if (!match) return text;
    const [, negation, id, rest] = match;
    const isMet = (id === options.configId) === (negation === '');
    if (isMet && rest !== undefined) return rest;
    const wanted = negation === '' ? `configuration id "${id}"` : `configuration ids other than "${id}"`;
    ledger.note(place, text, 'info', `Only for ${wanted}: left out.`);
    return undefined;
  }

  function process(text: string, context: Context): void {
    let rest: string | undefined = text;
    while (rest !== undefined && rest !== '') {
      count += 1;
      if (count > options.maxLines)
        throw new LimitError(`The configuration expands to more than ${options.maxLines} lines.`);
      rest = step(rest, context);
    }
  }

  /** Deals with the first thing on the line and gives what is left of it. */
  function step(text: string, context: Context): string | undefined {
    const { place } = context;
    if (context.depth > DEEPEST) throw new LimitError('A definition or repetition contains itself.');
    if (text.startsWith('@')) return conditional(text, place);
    const assignment = parseAssignment(text);
    if (assignment) {
      definitions.set(assignment.name, [assignment.value], place);
      return undefined;
    }
    if (isRepetition(text)) {
      repeat(text, context);
      return undefined;
    }
    const { text: substituted, following } = definitions.substitute(text, (name) => builtIn(name, context));
    if (substituted !== text || following.length > 0) {
      const inner = { ...context, depth: context.depth + 1 };
      process(substituted, inner);
      for (const line of following) process(line, inner);
      return undefined;
    }
    if (include(text, context)) return undefined;
    return emit(text, place);
  }

  function repeat(text: string, context: Context): void {
    const parsed = parseRepetition(text, (inside) => definitions.substitute(inside, () => undefined).text);
    if (typeof parsed === 'string') {
      ledger.note(context.place, text, 'error', parsed);
      return;
    }
    for (const round of parsed.rounds) {
      for (const [name, value] of round) definitions.set(name, [value], context.place);
      process(parsed.rest, { ...context, depth: context.depth + 1 });
    }
  }

  function include(text: string, { place, directory, open }: Context): boolean {
    const match = /^include([rmwba]?)[ \t]+(.+)$/s.exec(text);
    if (!match) return false;
    const directive: Directive = { ...place, words: text.split(/\s+/), block: null };
    ledger.open(directive);
    const { paths, isPattern } = findFiles(match[2] ?? '', directory, options.files);
    const loops = paths.filter((one) => open.includes(one));
    if (paths.length === 0) {
      const severity = isPattern && match[1] === '' ? 'info' : 'error';
      ledger.name(directive, severity, 'No file that can be read matches.');
    } else if (loops.length > 0 || open.length > DEEPEST) {
      ledger.name(
        directive,
        'error',
        `${loops.join(', ')} is being read already: an include must not lead back.`,
      );
    } else {
      ledger.take(directive);
      for (const one of paths) file(one, [...open, one]);
    }
    return true;
  }

  /** Emits up to and with the first brace; a brace is a line of its own. */
  function emit(text: string, place: Place): string | undefined {
    const brace = indexOfBrace(text);
    const end = brace === -1 ? text.length : Math.max(brace, 1);
    options.emit({ ...place, text: text.slice(0, end).trim() });
    return brace === -1 ? undefined : text.slice(end).trim();
  }

  function builtIn(name: string, { place, directory }: Context): string | undefined {
    if (name === '_PWD') return directory;
    if (name === '_HASH') return '#';
    if (name === '_BANG') return '!';
    if (name === '_INSTANCE') return options.configId;
    if (name === '_RANDOM')
      ledger.note(place, '_RANDOM', 'unsupported', 'A random number is not taken over: write one.');
    return undefined;
  }

  try {
    file(path, [path]);
  } catch (error) {
    if (!(error instanceof LimitError || error instanceof GrowthError)) throw error;
    const detail =
      error instanceof LimitError ? error.message : 'A definition grows without end: it contains itself.';
    ledger.note({ file: path, line: 1 }, path, 'error', `${detail} The rest is not read.`);
  }
  for (const { name, place } of definitions.unused()) {
    ledger.note(place, `$${name}`, 'info', 'This definition is not used.');
  }
}

function withoutBackslash(text: string): string {
  return text.endsWith('\\') ? text.slice(0, -1).trimEnd() : text;
}
