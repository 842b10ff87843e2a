/** `$NAME=value` and its use, as keepalived.conf(5) "Parameter substitution" and parser.c of keepalived 2.2 have it. */
import type { Place } from '../result.js';

/** A value of several lines can only be used at the end of a line: the rest of its lines follow. */
export interface Definition {
  readonly lines: readonly string[];
  readonly place: Place;
  used: boolean;
}

export interface Substituted {
  readonly text: string;
  /** Lines that a value of several lines brings after this one. */
  readonly following: readonly string[];
}

/** The text grew beyond what any configuration needs: a definition uses itself. */
export class GrowthError extends Error {}

/** Sixteen times what keepalived takes. */
export const LONGEST_LINE = 16_384;
const MOST_REPLACEMENTS = 1_000;
const NAME = '[A-Za-z_][A-Za-z0-9_]*';
const ASSIGNMENT = new RegExp(`^\\$(${NAME})=[ \\t]*(.*)$`, 's');
/** Braced, or followed by a blank, a comma, a bracket or the end. */
const USE = new RegExp(`\\$(?:\\{(${NAME})\\}|(${NAME})(?=[ \\t,)]|$))`, 'g');

export interface Definitions {
  set(name: string, lines: readonly string[], place: Place): void;
  /** Replaces names until none is left that is known, or a repetition stands in front, which comes first. */
  substitute(text: string, builtIn: (name: string) => string | undefined): Substituted;
  unused(): { readonly name: string; readonly place: Place }[];
}

/** Name and first line of `$NAME=…`; undefined for any other line. */
export function parseAssignment(text: string): { name: string; value: string } | undefined {
  const match = ASSIGNMENT.exec(text);
  return match?.[1] === undefined ? undefined : { name: match[1], value: match[2] ?? '' };
}

export function createDefinitions(): Definitions {
  const definitions = new Map<string, Definition>();
  const replaced: { name: string; place: Place }[] = [];

  /** The value in place of the first name that is known, or undefined when there is none. */
  function replaceFirst(
    text: string,
    builtIn: (name: string) => string | undefined,
  ): Substituted | undefined {
    for (const match of text.matchAll(USE)) {
      const name = match[1] ?? match[2] ?? '';
      const end = match.index + match[0].length;
      const definition = definitions.get(name);
      const lines = definition?.lines ?? single(builtIn(name));
      if (lines === undefined || (lines.length > 1 && end !== text.length)) continue;
      if (definition) definition.used = true;
      const [first = '', ...following] = lines;
      return { text: text.slice(0, match.index) + first + text.slice(end), following };
    }
    return undefined;
  }

  return {
    set(name, lines, place) {
      const earlier = definitions.get(name);
      if (earlier && !earlier.used) replaced.push({ name, place: earlier.place });
      definitions.set(name, { lines, place, used: false });
    },
    substitute(text, builtIn) {
      let current: Substituted = { text, following: [] };
      for (let count = 0; current.text.includes('$') && !current.text.startsWith('~'); count++) {
        const next = replaceFirst(current.text, builtIn);
        if (!next) break;
        if (next.text.length > LONGEST_LINE || count > MOST_REPLACEMENTS) throw new GrowthError();
        current = { text: next.text, following: [...next.following, ...current.following] };
      }
      return current;
    },
    unused: () => [
      ...replaced,
      ...[...definitions].filter(([, { used }]) => !used).map(([name, { place }]) => ({ name, place })),
    ],
  };
}

function single(value: string | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : [value];
}
